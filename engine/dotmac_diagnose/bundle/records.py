"""Facts, relations, changes and outcomes as lines of JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from dotmac_diagnose.facts import (
    Change,
    Fact,
    FactBase,
    FactValues,
    Outcome,
    OutcomeStatus,
    Relation,
    Status,
    Vantage,
    fact_kinds,
)

T = TypeVar("T")


def write_facts(base: FactBase) -> bytes:
    """Return ``facts.jsonl``: one fact a line, in the order of the base."""
    return "".join(_fact_line(item) for item in base.facts).encode()


def _fact_line(item: Fact) -> str:
    values = item.values.model_dump_json(exclude_none=True) if item.values is not None else "null"
    text = json.dumps
    return (
        f'{{"kind":{text(item.kind)},"entity":{text(item.entity)},"status":{text(item.status.value)},"values":{values},'
        f'"vantage":{text(item.vantage.value)},"observed_at":{text(_stamp(item.observed_at))},'
        f'"collector":{text(item.collector)},"source":{text(item.source)},"evidence":{text(item.evidence)},'
        f'"reason":{text(item.reason)}}}\n'
    )


def write_relations(relations: Iterable[Relation]) -> bytes:
    """Return relations as lines."""
    rows = ({"type": item.type, "source": item.source, "target": item.target} for item in relations)
    return _lines(rows)


def write_changes(base: FactBase) -> bytes:
    """Return ``changes.jsonl``."""
    rows = ({"at": _stamp(item.at), "entity": item.entity, "what": item.what} for item in base.changes)
    return _lines(rows)


def write_outcomes(base: FactBase) -> bytes:
    """Return ``outcomes.json``."""
    rows = [
        {
            "collector": item.collector,
            "status": item.status.value,
            "reason": item.reason,
            "duration_ms": item.duration_ms,
            "facts": item.facts,
        }
        for item in base.outcomes
    ]
    return json.dumps(rows, indent=1).encode() + b"\n"


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment is not None else None


stamp = _stamp


def moment_of(value: Any) -> datetime | None:
    """Return a time as :func:`stamp` writes it.

    Raises:
        ValueError: it is no time with an offset.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError("a time that is no text")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without offset")
    return moment.astimezone(UTC)


def read_lines(data: bytes, read: Callable[[Any], T]) -> tuple[list[T], int]:
    """Return the records of a file of JSON lines, and how many lines cannot be read."""
    records: list[T] = []
    damaged = 0
    for line in data.split(b"\n"):
        if line.strip():
            try:
                records.append(read(json.loads(line)))
            except (ValueError, KeyError, TypeError, RecursionError):
                damaged += 1
    return records, damaged


def fact_reader() -> Callable[[Any], Fact]:
    """Return the function that makes a fact of a parsed line of ``facts.jsonl``."""
    kinds = fact_kinds()

    def read(row: Any) -> Fact:
        values = row["values"]
        model: type[FactValues] = kinds[row["kind"]]
        status = Status(row["status"])
        return Fact(
            entity=_text(row["entity"]),
            kind=row["kind"],
            values=model.model_validate(values) if values is not None else None,
            status=status,
            vantage=Vantage(row["vantage"]),
            observed_at=moment_of(row["observed_at"]),
            collector=_text(row["collector"]),
            source=_text(row["source"]),
            evidence=_optional(row["evidence"]),
            reason=_optional(row["reason"]),
        )

    return read


def read_relation(row: Any) -> Relation:
    """Return a relation of a parsed line."""
    return Relation(_text(row["type"]), _text(row["source"]), _text(row["target"]))


def read_change(row: Any) -> Change:
    """Return a change of a parsed line."""
    at = moment_of(row["at"])
    if at is None:
        raise ValueError("a change without time")
    return Change(at, _text(row["entity"]), _text(row["what"]))


def read_outcome(row: Any) -> Outcome:
    """Return an outcome of a parsed record."""
    return Outcome(
        _text(row["collector"]),
        OutcomeStatus(row["status"]),
        _optional(row["reason"]),
        int(row["duration_ms"]),
        int(row["facts"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
