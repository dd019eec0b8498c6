"""PostgreSQL's statistics views as CSV files with a header line, one file per view, as psql exports them.

They become the answers that the live collector would have got, with ages on the server's own clock:
the newest moment that a session mentions.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dotmac_diagnose.extract.document import UNNAMED_POSTGRES, ServerAnswer

from .postgres_values import boolean_of, integer_of, moment_of, pids_of

Row = Mapping[str, str]
VIEWS = frozenset(
    {
        "pg_databases",
        "pg_database",
        "pg_locks",
        "pg_prepared_xacts",
        "pg_roles",
        "pg_settings",
        "pg_stat_activity",
    }
)
"""File names without ``.csv`` that are read."""

_MOST_ROWS = 20_000
_MOST_SESSIONS = 50
_MOST_GROUPS = 20
_CLIENT = "client backend"
_IDLE_IN_TRANSACTION = "idle in transaction"
_ALWAYS = frozenset({"max_connections", "superuser_reserved_connections", "autovacuum", "fsync", "shared_buffers"})
_MAY_HOLD_SECRET = re.compile("command|conninfo|passw|secret|key")
_IGNORED_WAITS = frozenset({"Activity", "Client", "Extension", ""})


def view_of_file(name: str) -> str | None:
    """Return the view that a file holds, from its name; None when it is none of :data:`VIEWS`."""
    file = name.rpartition("/")[2]
    stem = file.removesuffix(".csv")
    return stem if file.endswith(".csv") and stem in VIEWS else None


def rows_of_csv(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header line, at most 20,000.

    Raises:
        ValueError: it is no CSV file with a header.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        if not reader.fieldnames or len(reader.fieldnames) < 2:
            raise ValueError("no header line with two columns or more")
        return [
            {key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
            for row, _ in zip(reader, range(_MOST_ROWS), strict=False)
        ]
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error


def answers_of_views(views: Mapping[str, Sequence[Row]], sources: Mapping[str, str]) -> list[ServerAnswer]:
    """Return the answers that some views amount to.

    Args:
        views: rows by name of the view.
        sources: file by name of the view.
    """
    clock = _clock(views.get("pg_stat_activity", ()))
    found: list[ServerAnswer] = []

    def add(question: str, view: str, rows: Iterable[dict[str, Any]]) -> None:
        if view in views:
            source = sources.get(view, "")
            found.append(ServerAnswer(UNNAMED_POSTGRES, question, list(rows), asked_at=clock, source=source))

    sessions = _sessions(views.get("pg_stat_activity", ()))
    settings = {row.get("name", ""): row for row in views.get("pg_settings", ())}
    limit = integer_of(settings.get("max_connections", {}).get("setting"))
    if limit is not None:
        add("connections", "pg_stat_activity", [_connections(sessions, settings, limit)])
    add("connection_groups", "pg_stat_activity", _groups(sessions, clock))
    add("sessions", "pg_stat_activity", _transactions(sessions, clock))
    if any("blocking_pids" in row for row in sessions):
        add("locks", "pg_stat_activity", _locks(views, clock))
    add("waits", "pg_stat_activity", _waits(views.get("pg_stat_activity", ())))
    add("settings", "pg_settings", _settings(views.get("pg_settings", ())))
    add("prepared_transactions", "pg_prepared_xacts", _prepared(views.get("pg_prepared_xacts", ()), clock))
    add("roles", "pg_roles", _roles(views.get("pg_roles", ()), sessions))
    for view in ("pg_databases", "pg_database"):
        add("databases", view, _databases(views.get(view, ()), sessions))
        add("database_sizes", view, _sizes(views.get(view, ())))
    return found


def _clock(rows: Sequence[Row]) -> datetime | None:
    moments = (moment_of(row.get(name)) for row in rows for name in ("query_start", "state_change", "xact_start"))
    return max((moment for moment in moments if moment is not None), default=None)


def _sessions(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.get("backend_type", _CLIENT) == _CLIENT]


def _in_transaction(row: Row) -> bool:
    return row.get("state", "").startswith(_IDLE_IN_TRANSACTION)


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "active": sum(row.get("state") == "active" for row in rows),
        "idle": sum(row.get("state") == "idle" for row in rows),
        "idle_in_transaction": sum(_in_transaction(row) for row in rows),
    }


def _connections(rows: Sequence[Row], settings: Mapping[str, Row], limit: int) -> dict[str, Any]:
    reserved = (
        integer_of(settings.get(name, {}).get("setting")) or 0
        for name in ("superuser_reserved_connections", "reserved_connections")
    )
    return {
        "max_connections": limit,
        "reserved": sum(reserved),
        "used": len(rows),
        **_counts(rows),
        "waiting_on_lock": sum(row.get("wait_event_type") == "Lock" for row in rows),
        "waiting_on_synchronous_standby": sum(row.get("wait_event") == "SyncRep" for row in rows),
        "hidden": sum(not row.get("state") for row in rows),
    }


def _groups(rows: Sequence[Row], clock: datetime | None) -> Iterator[dict[str, Any]]:
    by_application: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    by_address: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_application[row.get("application_name", ""), row.get("usename", ""), row.get("datname", "")].append(row)
        by_address[(row.get("client_addr", "").partition("/")[0],)].append(row)
    for key, members in _largest(by_application):
        application, role, database = key
        named = {"grouped_by": "application", "application": application, "role": role, "database": database}
        yield {**named, **_group(members, clock)}
    for key, members in _largest(by_address):
        yield {"grouped_by": "address", "client_address": key[0] or None, **_group(members, clock)}


def _largest(groups: Mapping[tuple[str, ...], list[Row]]) -> list[tuple[tuple[str, ...], list[Row]]]:
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_GROUPS]


def _group(rows: Sequence[Row], clock: datetime | None) -> dict[str, Any]:
    idle = [_seconds(clock, row.get("state_change")) for row in rows if row.get("state") == "idle"]
    longest = max((item for item in idle if item is not None), default=None)
    return {"connections": len(rows), **_counts(rows), "longest_idle_seconds": longest}


def _seconds(clock: datetime | None, written: str | None) -> float | None:
    moment = moment_of(written)
    return max(0.0, (clock - moment).total_seconds()) if clock is not None and moment is not None else None


def _session(row: Row, clock: datetime | None) -> dict[str, Any]:
    return {
        "pid": integer_of(row.get("pid")),
        "backend_started": row.get("backend_start") or None,
        "backend_type": row.get("backend_type") or None,
        "role": row.get("usename") or None,
        "application": row.get("application_name") or None,
        "database": row.get("datname") or None,
        "client_address": row.get("client_addr", "").partition("/")[0] or None,
        "state": row.get("state") or None,
        "transaction_seconds": _seconds(clock, row.get("xact_start")),
        "state_seconds": _seconds(clock, row.get("state_change")),
        "query_seconds": _seconds(clock, row.get("query_start")),
        "wait_event_type": row.get("wait_event_type") or None,
        "wait_event": row.get("wait_event") or None,
        "query": row.get("query") or None,
    }


def _transactions(rows: Sequence[Row], clock: datetime | None) -> list[dict[str, Any]]:
    open_ones = [row for row in rows if row.get("xact_start") and row.get("application_name") != "psql"]
    open_ones.sort(key=lambda row: (row.get("xact_start", ""), row.get("pid", "")))
    return [{**_session(row, clock), "xmin_age": None} for row in open_ones[:_MOST_SESSIONS]]


def _locks(views: Mapping[str, Sequence[Row]], clock: datetime | None) -> Iterator[dict[str, Any]]:
    rows = {integer_of(row.get("pid")): row for row in views.get("pg_stat_activity", ())}
    blockers = {pid: found for pid, row in rows.items() if pid and (found := pids_of(row.get("blocking_pids")))}
    wanted = {integer_of(row.get("pid")): row for row in views.get("pg_locks", ()) if row.get("granted") == "f"}
    involved = blockers.keys() | {pid for found in blockers.values() for pid in found if pid > 0}
    for pid in sorted(involved):
        session = rows.get(pid)
        lock = wanted.get(pid, {})
        waits = _seconds(clock, lock.get("waitstart") or (session or {}).get("query_start"))
        yield {
            **(_session(session, clock) if session is not None else {"pid": None}),
            "involved_pid": pid,
            "blocked_by": blockers.get(pid, []),
            "mode": lock.get("mode") or None,
            "lock_type": lock.get("locktype") or None,
            "relation": lock.get("relation") or None,
            "wait_seconds": waits if pid in blockers else None,
            "prepared_gid": None,
        }


def _waits(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    numbers = Counter(
        (row.get("wait_event_type", ""), row.get("wait_event", ""))
        for row in rows
        if row.get("wait_event_type", "") not in _IGNORED_WAITS and not row.get("state", "").startswith("idle")
    )
    for (kind, event), sessions in sorted(numbers.items()):
        yield {"wait_event_type": kind, "wait_event": event, "sessions": sessions}


def _settings(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        name, pending = row.get("name", ""), boolean_of(row.get("pending_restart"))
        changed = row.get("setting") != row.get("boot_val") or row.get("source", "default") not in ("default", "client")
        if not (pending or changed or name in _ALWAYS) or row.get("source") == "client":
            continue
        yield {
            "name": name,
            # Commands and connection strings may hold passwords.
            "value": "" if _MAY_HOLD_SECRET.search(name) else row.get("setting"),
            "unit": row.get("unit") or None,
            "vartype": row.get("vartype") or None,
            "source": row.get("source") or None,
            "is_default": row.get("setting") == row.get("boot_val") if "boot_val" in row else None,
            "pending_restart": pending,
        }


def _prepared(rows: Sequence[Row], clock: datetime | None) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            "name": row.get("gid"),
            "owner": row.get("owner"),
            "database": row.get("database"),
            "age_seconds": _seconds(clock, row.get("prepared")),
            "transaction_id_age": None,
            "locks": None,
        }


def _limit(written: str | None) -> int | None:
    limit = integer_of(written)
    return limit if limit is not None and limit >= 0 else None


def _roles(rows: Sequence[Row], sessions: Sequence[Row]) -> Iterator[dict[str, Any]]:
    used = Counter(row.get("usename", "") for row in sessions)
    for row in rows:
        if boolean_of(row.get("rolcanlogin", "t")):
            yield {
                "role": row.get("rolname"),
                "connection_limit": _limit(row.get("rolconnlimit")),
                "connections": used[row.get("rolname", "")],
            }


def _databases(rows: Sequence[Row], sessions: Sequence[Row]) -> Iterator[dict[str, Any]]:
    used = Counter(row.get("datname", "") for row in sessions)
    for row in rows:
        yield {
            "database": row.get("datname"),
            "connection_limit": _limit(row.get("datconnlimit")),
            "connections": used[row.get("datname", "")],
        }


def _sizes(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row.get("bytes"):
            yield {"database": row.get("datname"), "size_bytes": integer_of(row.get("bytes"))}
