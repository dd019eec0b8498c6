"""What the first contact with a Redis server means, by the text that Redis, TLS or the system gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dotmac_diagnose.extract.kubernetes.json_access import boolean, text
from dotmac_diagnose.extract.rows import Row, values_of
from dotmac_diagnose.facts import FactValues, Status
from dotmac_diagnose.facts.redis.server import Login

# The first that fits counts.
_OUTCOMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (outcome, re.compile(pattern, re.IGNORECASE))
    for outcome, pattern in (
        ("client_limit", r"max number of clients"),
        ("protected_mode", r"protected mode"),
        ("loading", r"^LOADING|loading the dataset"),
        ("busy", r"^BUSY\b|busy running a (?:script|function)|busy in module"),
        ("misconf", r"^MISCONF"),
        ("master_down", r"^MASTERDOWN|link with MASTER is down"),
        ("cluster_down", r"^CLUSTERDOWN"),
        ("password_required", r"^NOAUTH|authentication required|operation not permitted"),
        ("password_rejected", r"^WRONGPASS|invalid (?:username-)?password|without any password configured"),
        ("command_denied", r"^NOPERM|has no permissions"),
        ("tls_rejected", r"\bSSL\b|\bTLS\b|certificate|wrong version number|does not match host name"),
        ("refused", r"connection refused|connect call failed|no such file or directory"),
        ("unresolved", r"not known|\[Errno -\d\]|\bError -\d\b|name resolution|nodename|no address associated"),
        ("unreachable", r"no route to host|network is unreachable|host is unreachable"),
        ("timeout", r"timeout|timed out|no answer within"),
        ("closed", r"closed|connection reset|broken pipe|unexpected eof|end of file|incomplete"),
    )
)  # fmt: skip
_ANSWERED = frozenset(
    {
        "ok", "client_limit", "protected_mode", "loading", "busy", "misconf", "master_down", "cluster_down",
        "password_required", "password_rejected", "command_denied",
    }
)  # fmt: skip
_GOES_ON = frozenset({"ok", "misconf", "loading", "master_down", "cluster_down", "command_denied"})
_STATUS: Mapping[str, Status] = MappingProxyType(
    {
        "timeout": Status.TIMEOUT,
        "silent": Status.TIMEOUT,
        "busy": Status.TIMEOUT,
        "password_required": Status.DENIED,
        "password_rejected": Status.DENIED,
        "protected_mode": Status.DENIED,
        "tls_rejected": Status.DENIED,
    }
)


def outcome_of(row: Row) -> str:
    """Return the outcome of a first contact, a word of :class:`Login`."""
    if boolean(row.get("ok")):
        return "ok"
    message = text(row.get("message"), 2000) or ""
    found = next((outcome for outcome, pattern in _OUTCOMES if pattern.search(message) is not None), "other")
    return "silent" if found == "timeout" and boolean(row.get("reached")) else found


def status_after(outcome: str) -> Status | None:
    """Return how the look at all that follows ended; None when Redis goes on answering questions."""
    return None if outcome in _GOES_ON else _STATUS.get(outcome, Status.UNREACHABLE)


def read_login(row: Row) -> Iterator[FactValues]:
    """Yield the fact of a first contact."""
    outcome = outcome_of(row)
    found = values_of(Login, row, outcome=outcome, answered=outcome in _ANSWERED)
    if found is not None:
        yield found
