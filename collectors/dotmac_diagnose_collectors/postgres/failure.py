"""What went wrong with one question or one login, in words of the contract."""

from __future__ import annotations

from dotmac_diagnose.facts import Status

from .session import NoAnswer

_DENIED = frozenset({"42501", "28000", "28P01"})
_TIMEOUT = frozenset({"57014", "55P03", "25P03"})
_LOST = ("08", "53", "57", "58", "XX")


def status_of(error: Exception) -> Status:
    """Return the status of a question that failed."""
    if isinstance(error, NoAnswer):
        return Status.TIMEOUT
    state = getattr(error, "sqlstate", None)
    if state in _DENIED:
        return Status.DENIED
    if state in _TIMEOUT:
        return Status.TIMEOUT
    if state is None or state[:2] in _LOST:
        return Status.UNREACHABLE
    return Status.UNSUPPORTED


def reason_of(error: Exception) -> str:
    """Return one line about an error, with its SQLSTATE when the server gave one."""
    state = getattr(error, "sqlstate", None)
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{first[:200]} ({state})" if state else first[:300]
