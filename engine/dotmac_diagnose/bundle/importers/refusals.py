"""Why something could not be read, from what kubectl or the API server answered."""

from __future__ import annotations

from typing import Any

from dotmac_diagnose.facts import OutcomeStatus

_WORDS = (
    (("forbidden", "unauthorized", "cannot list", "cannot get", "must be logged in"), "denied", OutcomeStatus.DENIED),
    (("timeout", "timed out", "deadline exceeded"), "timeout", OutcomeStatus.TIMEOUT),
    (("doesn't have a resource type", "could not find the requested resource", "no matches for kind", "notfound"),
     "unsupported", OutcomeStatus.SKIPPED),
    (("waiting to start", "not found", "no previous", "previous terminated container", "is terminated"),
     "unsupported", OutcomeStatus.SKIPPED),
)  # fmt: skip
_CODES = {
    401: ("denied", OutcomeStatus.DENIED),
    403: ("denied", OutcomeStatus.DENIED),
    404: ("unsupported", OutcomeStatus.SKIPPED),
    405: ("unsupported", OutcomeStatus.SKIPPED),
    408: ("timeout", OutcomeStatus.TIMEOUT),
    504: ("timeout", OutcomeStatus.TIMEOUT),
}


def status_of_answer(code: Any, reason: str, message: str) -> tuple[str, OutcomeStatus]:
    """Return the fact status and the outcome of an error answer.

    Args:
        code: HTTP status of a ``Status`` object; any type.
        reason: its ``reason``, for example ``Forbidden``.
        message: its message, or the text that kubectl printed.
    """
    if isinstance(code, int) and code in _CODES:
        return _CODES[code]
    lowered = f"{reason} {message}".lower()
    for words, status, outcome in _WORDS:
        if any(word in lowered for word in words):
            return status, outcome
    return "unreachable", OutcomeStatus.UNAVAILABLE
