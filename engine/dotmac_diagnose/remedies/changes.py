"""Changes of the platform that may have started the trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report

from .timestamps import as_utc, iso

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase

WINDOW = timedelta(hours=24)
MOST = 100


def recent_changes(base: FactBase) -> list[report.ChangeSeen]:
    """Return the changes of the 24 hours before the capture, newest first, at most 100."""
    changes = [change for change in base.changes if change.at is not None]
    if base.captured_at is not None:
        since = as_utc(base.captured_at) - WINDOW
        changes = [change for change in changes if as_utc(change.at) >= since]
    changes.sort(key=lambda change: (change.entity, change.what))
    changes.sort(key=lambda change: as_utc(change.at), reverse=True)
    return [
        report.ChangeSeen(at=iso(change.at) or "", entity=change.entity, what=change.what) for change in changes[:MOST]
    ]
