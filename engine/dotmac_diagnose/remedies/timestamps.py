"""Moments as the report writes them: ISO 8601, UTC, ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """Return ``2025-03-01T14:02:11Z``, whole seconds; None for None."""
    if moment is None:
        return None
    return as_utc(moment).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
