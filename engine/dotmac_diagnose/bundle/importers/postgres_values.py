"""Values of PostgreSQL as CSV writes them: numbers, booleans, moments, arrays of process ids."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SHORT_ZONE = re.compile(r"([+-]\d{2})$")


def integer_of(written: str | None) -> int | None:
    """Return a whole number, None when it is none."""
    try:
        return int(written or "")
    except ValueError:
        return None


def boolean_of(written: str | None) -> bool | None:
    """Return ``t`` or ``f`` as a truth value, None for anything else."""
    return {"t": True, "true": True, "f": False, "false": False}.get((written or "").lower())


def moment_of(written: str | None) -> datetime | None:
    """Return a ``timestamptz`` in UTC, None when it is none; a moment without zone counts as UTC."""
    text = _SHORT_ZONE.sub(r"\1:00", (written or "").strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def pids_of(written: str | None) -> list[int]:
    """Return the numbers of an array such as ``{44,45}``, each once."""
    parts = (integer_of(part) for part in (written or "").strip().strip("{}").split(",")[:1000])
    return list(dict.fromkeys(part for part in parts if part is not None))
