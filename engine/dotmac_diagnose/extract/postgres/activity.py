"""Facts of sessions, waits and horizons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.rows import Row, number, percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.activity import (
    ConnectionGroup,
    Connections,
    LockManager,
    PreparedTransaction,
    Session,
    VacuumHorizon,
    Wait,
    XminHolder,
)

from .answers import Answers
from .locks import lock_tree

Values = Iterator[FactValues | None]
_IDLE_IN_TRANSACTION = "idle in transaction"
_FAST_PATH_GROUP = 16
_GROUPS_SINCE = 18


def read_connections(answers: Answers, name: str) -> Values:
    """Yield the use of the connection slots."""
    for row in answers.rows(name):
        allowed, reserved, used = (integer(row.get(key)) for key in ("max_connections", "reserved", "used"))
        if allowed is None or reserved is None or used is None:
            yield None
            continue
        usable = max(1, allowed - reserved)
        idle = number(row.get("idle_in_transaction"))
        yield values_of(
            Connections,
            row,
            usable=usable,
            free=max(0, usable - used),
            used_percent=percent(used, usable),
            idle_in_transaction_percent=percent(idle, used) or 0.0,
        )


def read_groups(answers: Answers, name: str) -> Values:
    """Yield who holds the connections."""
    used = number(answers.row("connections").get("used"))
    for row in answers.rows(name):
        share = percent(number(row.get("connections")), used)
        yield values_of(ConnectionGroup, row, percent_of_used=min(share, 100.0) if share is not None else None)


def read_sessions(answers: Answers, name: str) -> Values:
    """Yield the sessions with the oldest transactions."""
    tree = lock_tree(answers.rows("locks"))
    for row in answers.rows(name):
        pid = integer(row.get("pid"))
        yield values_of(
            Session,
            row,
            idle_in_transaction=(text(row.get("state")) or "").startswith(_IDLE_IN_TRANSACTION),
            blocked_sessions=len(tree.behind((pid, None))) if pid is not None else 0,
        )


def _sessions_by_event(rows: Sequence[Row]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        kind, event, sessions = (
            text(row.get("wait_event_type")),
            text(row.get("wait_event")),
            integer(row.get("sessions")),
        )
        if kind is not None and event is not None and sessions is not None:
            found[kind, event] = sessions
    return found


def read_waits(answers: Answers, name: str) -> Values:
    """Yield what sessions wait for, in both looks."""
    now = _sessions_by_event(answers.rows(name))
    rows_before = answers.rows_before(name)
    before = _sessions_by_event(rows_before) if rows_before is not None else None
    events = set(now) | set(before or {})
    for kind, event in sorted(events):
        sessions = now.get((kind, event), 0)
        earlier = before.get((kind, event), 0) if before is not None else None
        at_least = sessions if earlier is None else min(sessions, earlier)
        yield Wait(
            wait_event_type=kind, wait_event=event, sessions=sessions, sessions_before=earlier, at_least=at_least
        )


def read_lock_manager(answers: Answers, name: str) -> Values:
    """Yield the pressure on the shared lock table."""
    waits = answers.newest("waits")
    if waits is None or waits.status != "ok":
        return
    rows_before = answers.rows_before("waits")
    version = integer(answers.row("server").get("version_number")) or 0
    for row in answers.rows(name):
        limit = integer(row.get("max_locks_per_transaction")) or 64
        yield values_of(
            LockManager,
            row,
            waiting_sessions=_lock_manager_waits(answers.rows("waits")),
            waiting_sessions_before=_lock_manager_waits(rows_before) if rows_before is not None else None,
            fast_path_slots=_fast_path_slots(version // 10000, limit),
        )


def _lock_manager_waits(rows: Sequence[Row]) -> int:
    """Count sessions on LWLock LockManager, which version 12 writes lock_manager."""
    events = _sessions_by_event(rows)
    return sum(events.get(("LWLock", name), 0) for name in ("LockManager", "lock_manager"))


def _fast_path_slots(major: int, locks_per_transaction: int) -> int:
    """Since version 18 the slots grow with max_locks_per_transaction, in groups of 16."""
    if major < _GROUPS_SINCE:
        return _FAST_PATH_GROUP
    power = 1 << max(0, min(locks_per_transaction, 16384) - 1).bit_length()
    return max(_FAST_PATH_GROUP, power)


def read_prepared(answers: Answers, name: str) -> Values:
    """Yield the prepared transactions."""
    for row in answers.rows(name):
        yield values_of(PreparedTransaction, row)


def read_holders(answers: Answers, name: str) -> Values:
    """Yield what holds the horizon of vacuum, and the horizon itself."""
    rows = [row for row in answers.rows(name) if integer(row.get("xmin_age")) is not None]
    oldest = max((integer(row.get("xmin_age")) or 0 for row in rows), default=0)
    first = next((row for row in rows if integer(row.get("xmin_age")) == oldest), None)
    for row in rows:
        yield values_of(XminHolder, row, oldest=integer(row.get("xmin_age")) == oldest)
    seconds = [number(row.get("age_seconds")) or 0.0 for row in rows]
    yield VacuumHorizon(
        oldest_holder=text(first.get("holder")) if first is not None else None,
        oldest_xmin_age=oldest,
        oldest_transaction_seconds=max(seconds, default=0.0),
        inactive_slot_xmin_age=_oldest(
            row
            for row in rows
            if row.get("holder") in ("replication_slot", "catalog_slot") and not boolean(row.get("active"))
        ),
        standby_feedback_xmin_age=_oldest(row for row in rows if row.get("holder") == "standby_feedback"),
    )


def _oldest(rows: Iterator[Row]) -> int:
    return max((integer(row.get("xmin_age")) or 0 for row in rows), default=0)
