"""Facts of pg_stat_statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.rows import Row, growth, number, percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.activity import Statement, StatementStatistics

from .answers import Answers
from .login import login_settings
from .units import milliseconds_of

Values = Iterator[FactValues | None]
_TIMEOUT = "statement_timeout"


def read_statement_statistics(answers: Answers, name: str) -> Values:
    """Yield whether statements can be seen."""
    suffix = name.partition("@")[1] + name.partition("@")[2]
    statements = answers.newest(f"statements{suffix}")
    asked = statements is not None and statements.status in ("ok", "unsupported")
    listed = answers.row(f"statements{suffix}")
    for row in answers.rows(name):
        yield values_of(
            StatementStatistics,
            {**row, **answers.row(f"statement_information{suffix}")},
            available=statements.status == "ok" if asked and statements is not None else None,
            entries=integer(listed.get("entries")),
            hidden=integer(listed.get("hidden")),
        )


def read_statements(answers: Answers, name: str) -> Values:
    """Yield the statements with the largest shares, measured against the timeouts that hold for them."""
    earlier = answers.rows_before(name)
    before = {_key(row): row for row in earlier} if earlier is not None else None
    rows = answers.rows(name)
    recent_all = _recent(next(iter(rows), {}), next(iter(earlier), {}) if earlier else {}, "all_ms")
    timeouts = _Timeouts(answers)
    for row in rows:
        former = before.get(_key(row)) if before is not None else None
        recent_ms = _recent(row, former, "total_ms") if former is not None else None
        yield _statement(row, former, recent_ms, recent_all, timeouts)


def _statement(
    row: Row, former: Row | None, recent_ms: float | None, recent_all: float | None, timeouts: _Timeouts
) -> Statement | None:
    calls, total = integer(row.get("calls")), number(row.get("total_ms"))
    mean, deviation = number(row.get("mean_ms")), number(row.get("deviation_ms"))
    if calls is None or total is None or mean is None or deviation is None:
        return None
    block = integer(row.get("block_size")) or 8192
    temporary = integer(row.get("temporary_blocks")) or 0
    timeout = timeouts.of(text(row.get("role")), text(row.get("database")))
    recent_calls = growth(integer(former.get("calls")), calls) if former is not None else None
    return values_of(
        Statement,
        row,
        total_seconds=round(total / 1000, 3),
        share_percent=percent(total, number(row.get("all_ms"))) or 0.0,
        rows_per_call=_per(number(row.get("rows")), calls),
        blocks_per_call=_per(number(row.get("blocks")), calls),
        temporary_bytes=temporary * block,
        temporary_share_percent=percent(float(temporary), number(row.get("all_temporary_blocks"))) or 0.0,
        recent_calls=recent_calls,
        recent_seconds=None if recent_ms is None else round(recent_ms / 1000, 3),
        recent_share_percent=percent(recent_ms, recent_all),
        recent_mean_ms=_recent_per_call(recent_ms, recent_calls),
        recent_blocks_per_call=_recent_per_call(_recent(row, former, "blocks"), recent_calls),
        recent_rows_per_call=_recent_per_call(_recent(row, former, "rows"), recent_calls),
        timeout_ms=timeout,
        percent_of_timeout=percent(mean + 2 * deviation, float(timeout)) if timeout else None,
    )


def _key(row: Row) -> tuple[object, object]:
    return row.get("statement_id"), row.get("role")


def _per(value: float | None, calls: int) -> float:
    return round((value or 0.0) / max(1, calls), 2)


def _recent_per_call(value: float | None, calls: int | None) -> float | None:
    return round(value / calls, 2) if value is not None and calls else None


def _recent(row: Row, former: Row | None, column: str) -> float | None:
    now, then = number(row.get(column)), number(former.get(column)) if former is not None else None
    return now - then if now is not None and then is not None and now >= then else None


class _Timeouts:
    """statement_timeout by role and database: of both, else of the role, of the database, of new sessions."""

    def __init__(self, answers: Answers) -> None:
        rows: Sequence[Row] = answers.rows("role_settings")
        self._written: Mapping[tuple[object, object], int | None] = {
            (row.get("role"), row.get("database")): milliseconds_of(text(row.get("value")) or "")
            for row in rows
            if row.get("name") == _TIMEOUT
        }
        login = answers.newest("login")
        data = login.data if login is not None and isinstance(login.data, dict) else {}
        own = self._written.keys() & {(data.get("role"), None), (data.get("role"), data.get("database"))}
        default = login_settings(data)["statement_timeout_ms"] if boolean(data.get("ok")) and not own else None
        self._default = default if isinstance(default, int) else None

    def of(self, role: str | None, database: str | None) -> int | None:
        """Return the timeout in milliseconds; 0: none, None: not known."""
        for key in ((role, database), (role, None), (None, database), (None, None)):
            if key in self._written:
                return self._written[key]
        return self._default
