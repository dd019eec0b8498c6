"""What a login that failed means, by the text that PostgreSQL, PgBouncer, libpq or the system gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, mapping, text
from dotmac_diagnose.extract.rows import Row, values_of
from dotmac_diagnose.facts import FactValues, Status
from dotmac_diagnose.facts.postgres.server import Login

# The first that fits counts.
_OUTCOMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (outcome, re.compile(pattern, re.IGNORECASE))
    for outcome, pattern in (
        ("client_limit", r"no more connections allowed"),
        ("pooler_refused", r"unsupported startup parameter|server login|query_wait_timeout|no such database"),
        ("role_limit", r"too many connections for role"),
        ("database_limit", r"too many connections for database"),
        ("slots_exhausted", r"too many clients already|remaining connection slots are reserved"),
        ("database_closed", r"database \".*\" is not currently accepting connections"),
        ("role_missing", r"role \".*\" does not exist|no such user"),
        ("database_missing", r"database \".*\" does not exist"),
        ("method_rejected", r"pg_hba\.conf|not permitted to log in|not allowed\b|auth\w* method .* (?:require|not)"),
        ("password_rejected", r"authentication failed|no password supplied|password is required|SASL"),
        ("shutting_down", r"system is shutting down|terminating connection due to administrator"),
        ("recovering", r"system is in recovery mode"),
        ("starting", r"system is starting up|not yet accepting connections|consistent recovery state"),
        ("not_accepting", r"system is not accepting connections|not accepting connections"),
        ("tls_rejected", r"\bSSL\b|\bTLS\b|certificate|does not match host name"),
        ("refused", r"connection refused|no such file or directory"),
        ("unresolved", r"could not translate host|not known|failed to resolve|\[Errno -\d\]|name resolution|nodename"),
        ("unreachable", r"no route to host|network is unreachable|host is unreachable"),
        ("timeout", r"timeout|timed out|no answer within"),
        ("closed", r"closed the connection|connection reset|broken pipe|unexpected eof|end of file"),
    )
)  # fmt: skip
_SILENT = frozenset({"refused", "timeout", "silent", "unresolved", "unreachable", "closed"})
_STATUS: Mapping[str, Status] = MappingProxyType(
    {
        "timeout": Status.TIMEOUT,
        "silent": Status.TIMEOUT,
        "password_rejected": Status.DENIED,
        "method_rejected": Status.DENIED,
        "role_missing": Status.DENIED,
        "tls_rejected": Status.DENIED,
    }
)


def outcome_of(row: Row) -> str:
    """Return the outcome of a login, a word of :class:`Login`."""
    if boolean(row.get("ok")):
        return "ok"
    message = text(row.get("message"), 2000) or ""
    found = next((outcome for outcome, pattern in _OUTCOMES if pattern.search(message) is not None), "other")
    return "silent" if found == "timeout" and boolean(row.get("reached")) else found


def answered(row: Row, outcome: str) -> bool:
    """Tell whether a server process answered, with success or an error of its own."""
    if outcome == "other":
        return "FATAL" in (text(row.get("message"), 2000) or "")
    return outcome not in _SILENT


def status_after(outcome: str) -> Status | None:
    """Return how the look at all that a login would have shown ended; None after a login that worked."""
    return None if outcome == "ok" else _STATUS.get(outcome, Status.UNREACHABLE)


def read_login(row: Row) -> Iterator[FactValues]:
    """Yield the fact of a login."""
    outcome = outcome_of(row)
    fact = values_of(Login, row, outcome=outcome, answered=answered(row, outcome))
    if fact is not None:
        yield fact


def login_settings(row: Row) -> Mapping[str, object]:
    """Return the settings of a new session of the login's role, typed."""
    settings = mapping(row.get("settings"))
    on = text(settings.get("default_transaction_read_only"))
    return {
        "default_transaction_read_only": None if on is None else on == "on",
        "statement_timeout_ms": integer(settings.get("statement_timeout")),
        "lock_timeout_ms": integer(settings.get("lock_timeout")),
        "idle_in_transaction_timeout_ms": integer(settings.get("idle_in_transaction_session_timeout")),
    }
