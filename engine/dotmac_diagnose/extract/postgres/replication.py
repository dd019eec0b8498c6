"""Facts of replication, and the relation of a standby to its primary."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.rows import Row, growth, number, values_of
from dotmac_diagnose.extract.server_names import server_entity
from dotmac_diagnose.facts import FactValues, Relation
from dotmac_diagnose.facts.postgres.replication import (
    Recovery,
    RecoveryConflicts,
    ReplicationSlot,
    Standby,
    SynchronousReplication,
)

from .answers import Answers

Values = Iterator[FactValues | None]
_CONFLICTS = ("lock", "snapshot", "buffer_pin", "deadlock", "tablespace")


def read_slots(answers: Answers, name: str) -> Values:
    """Yield the replication slots."""
    for row in answers.rows(name):
        yield values_of(ReplicationSlot, row)


def read_standbys(answers: Answers, name: str) -> Values:
    """Yield the connected standbys."""
    for row in answers.rows(name):
        yield values_of(Standby, row)


def read_synchronous(answers: Answers, name: str) -> Values:
    """Yield whether commits wait for standbys."""
    former = answers.row_before(name)
    for row in answers.rows(name):
        yield values_of(
            SynchronousReplication,
            row,
            configured=text(row.get("names")) is not None and bool(boolean(row.get("commit_waits"))),
            waiting_sessions_before=integer(former.get("waiting_sessions")) if former is not None else None,
        )


def read_recovery(answers: Answers, name: str) -> Values:
    """Yield how a standby sees itself."""
    former = answers.row_before(name) or {}
    for row in answers.rows(name):
        waiting = integer(row.get("waiting_bytes"))
        place = _primary(row)
        yield values_of(
            Recovery,
            row,
            primary=f"{place[0]}:{place[1]}" if place is not None else None,
            current=None if waiting is None else waiting <= 0,
            replay_progress_bytes=_moved(former.get("replayed"), row.get("replayed")),
            receive_progress_bytes=_moved(former.get("received"), row.get("received")),
        )


def _moved(before: object, now: object) -> int | None:
    return growth(_whole(before), _whole(now))


def _whole(value: object) -> int | None:
    found = number(value)
    return int(found) if found is not None else None


def _primary(row: Row) -> tuple[str, int] | None:
    """Return host and port of the primary: connected, else configured."""
    if not boolean(row.get("in_recovery")):
        return None
    host = text(row.get("sender_host"), 253) or text(row.get("configured_host"), 253)
    port = integer(row.get("sender_port")) or integer(row.get("configured_port")) or 5432
    return (host, port) if host is not None else None


def primary_relations(answers: Answers) -> Iterator[Relation]:
    """Yield the arrow from a standby to its primary."""
    place = _primary(answers.row("recovery"))
    if place is not None:
        target = server_entity("postgres", *place)
        if target != answers.server:
            yield Relation("replicates_from", answers.server, target)


def read_conflicts(answers: Answers, name: str) -> Values:
    """Yield the queries that a standby cancelled."""
    earlier = answers.rows_before(name)
    before = {text(row.get("database")): _total(row) for row in earlier} if earlier is not None else {}
    for row in answers.rows(name):
        total = _total(row)
        yield values_of(
            RecoveryConflicts, row, total=total, recent=growth(before.get(text(row.get("database"))), total)
        )


def _total(row: Row) -> int:
    return sum(integer(row.get(column)) or 0 for column in _CONFLICTS)
