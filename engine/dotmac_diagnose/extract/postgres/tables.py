"""Facts of tables, indexes, foreign keys and sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.rows import Row, growth, number, percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.storage import ForeignKey, Index, Sequence, Table

from .answers import Answers

Values = Iterator[FactValues | None]
_TYPE_LIMITS: Mapping[str, int] = MappingProxyType({"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1})
_SEQUENCES = 60
_OFF = frozenset({"false", "off", "no", "0", "f", "n"})


def read_tables(answers: Answers, name: str) -> Values:
    """Yield the tables that stand out."""
    suffix = name.partition("@")[1] + name.partition("@")[2]
    earlier = answers.rows_before(name)
    before = {_place(row): row for row in earlier} if earlier is not None else {}
    bloat = {_place(row): row for row in answers.rows(f"bloat{suffix}")}
    vacuums = answers.newest("vacuums")
    running = {text(row.get("relation")) for row in answers.rows("vacuums")}
    for row in answers.rows(name):
        schema, table = _place(row)
        seen = vacuums is not None and vacuums.status == "ok" and not suffix
        yield _table(row, before.get((schema, table), {}), bloat.get((schema, table), {}), (
            f"{schema}.{table}" in running if seen else None
        ))  # fmt: skip


def _table(row: Row, before: Row, bloat: Row, running: bool | None) -> Table | None:  # noqa: FBT001 -- a field
    live, dead, modified = (integer(row.get(key)) or 0 for key in ("live_rows", "dead_rows", "modified_rows"))
    rows = max(number(row.get("planner_rows")) or 0.0, 0.0)
    vacuum = _trigger(row, "vacuum", rows)
    maximum = number(row.get("vacuum_maximum"))
    if maximum is not None and maximum >= 0:
        vacuum = min(vacuum, maximum)
    analyze = _trigger(row, "analyze", rows)
    scans, read = integer(row.get("sequential_scans")) or 0, integer(row.get("sequential_rows")) or 0
    off = (text(row.get("option_enabled")) or "").lower() in _OFF
    dead_before = integer(before.get("dead_rows"))
    return values_of(
        Table,
        row,
        dead_percent=percent(dead, live + dead) or 0.0,
        vacuum_trigger_rows=round(vacuum, 1),
        dead_over_trigger=round(dead / max(vacuum, 1.0), 2),
        autovacuum_enabled=bool(boolean(row.get("autovacuum_on"))) and not off,
        autovacuum_off_for_table=off,
        vacuum_running=running,
        modified_percent=percent(modified, live) or (100.0 if modified else 0.0),
        analyze_trigger_rows=round(analyze, 1),
        modified_over_trigger=round(modified / max(analyze, 1.0), 2),
        rows_per_sequential_scan=round(read / max(1, scans), 1),
        dead_rows_growth=dead - dead_before if dead_before is not None else None,
        recent_sequential_scans=growth(integer(before.get("sequential_scans")), scans),
        recent_sequential_rows=growth(integer(before.get("sequential_rows")), read),
        hot_update_percent=percent(number(row.get("hot_updates")), number(row.get("updates"))),
        bloat_bytes_estimate=integer(bloat.get("bloat_bytes")),
        bloat_percent_estimate=number(bloat.get("bloat_percent")),
    )


def _trigger(row: Row, work: str, rows: float) -> float:
    """Return how many rows call autovacuum: a threshold plus a share of the table."""
    return (number(row.get(f"{work}_threshold")) or 0.0) + (number(row.get(f"{work}_scale")) or 0.0) * rows


def _place(row: Row) -> tuple[str | None, str | None]:
    return text(row.get("schema_name")), text(row.get("table"))


def tables_over_trigger(answers: Answers) -> int | None:
    """Count the tables that autovacuum ought to clean and no worker cleans; None without an answer."""
    answer = answers.newest("tables")
    if answer is None or answer.status != "ok":
        return None
    tables = [fact for fact in read_tables(answers, "tables") if isinstance(fact, Table)]
    return sum(fact.autovacuum_enabled and fact.dead_over_trigger > 1 and not fact.vacuum_running for fact in tables)


def read_indexes(answers: Answers, name: str) -> Values:
    """Yield the indexes that stand out."""
    for row in answers.rows(name):
        yield values_of(Index, row)


def read_foreign_keys(answers: Answers, name: str) -> Values:
    """Yield the foreign keys without an index or never validated."""
    for row in answers.rows(name):
        rows = number(row.get("rows_estimate"))
        yield values_of(ForeignKey, row, rows_estimate=int(rows) if rows is not None else None)


def read_sequences(answers: Answers, name: str) -> Values:
    """Yield the sequences that are used most, measured against the type of their column."""
    found = [fact for fact in map(_sequence, answers.rows(name)) if fact is not None]
    found.sort(key=lambda fact: (-fact.used_percent, fact.schema_name, fact.sequence))
    yield from found[:_SEQUENCES]


def hidden_sequences(answers: Answers, name: str) -> int:
    """Count the sequences whose last value the role may not read."""
    return sum(boolean(row.get("readable")) is False for row in answers.rows(name))


def _sequence(row: Row) -> Sequence | None:
    last, step = integer(row.get("last_value")), integer(row.get("increment"))
    of_type = _TYPE_LIMITS.get(text(row.get("column_type")) or "", 2**63 - 1)
    if last is None or not step:
        return None
    if step > 0:
        limit = min(integer(row.get("maximum")) or of_type, of_type)
    else:
        limit = max(integer(row.get("minimum")) or -of_type, -of_type)
    used = percent(abs(last), abs(limit)) if (last >= 0) == (limit >= 0) else 0.0
    cycles = boolean(row.get("cycles"))
    return values_of(Sequence, row, limit=limit, used_percent=used or 0.0, cycles=cycles)
