"""What went wrong with one question or the first contact, in words of the contract."""

from __future__ import annotations

from dotmac_diagnose.facts import Status

from .session import NoAnswer

_DENIED = ("NOPERM", "NOAUTH", "WRONGPASS", "DENIED")
_BUSY = ("BUSY", "LOADING")
_CODES = {
    "AuthenticationError": "WRONGPASS",
    "BusyLoadingError": "LOADING",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "NoPermissionError": "NOPERM",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
}
"""First word of the reply by class: redis-py takes it away."""


def status_of(error: Exception) -> Status:
    """Return the status of a question that failed."""
    from redis.exceptions import ConnectionError as LostError
    from redis.exceptions import ResponseError
    from redis.exceptions import TimeoutError as LateError

    if isinstance(error, NoAnswer | LateError | TimeoutError):
        return Status.TIMEOUT
    reason = reason_of(error)
    if reason.startswith(_DENIED):
        return Status.DENIED
    if reason.startswith(_BUSY):
        return Status.TIMEOUT
    if isinstance(error, LostError | OSError):
        return Status.UNREACHABLE
    return Status.UNSUPPORTED if isinstance(error, ResponseError) else Status.UNREACHABLE


def reason_of(error: Exception) -> str:
    """Return one line about an error, beginning with the code of the reply where Redis gave one."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    code = _CODES.get(type(error).__name__)
    if code == "WRONGPASS" and "Authentication required" in text:
        code = "NOAUTH"
    return text[:300] if code is None or text.startswith(code) else f"{code} {text}"[:300]
