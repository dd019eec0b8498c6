"""Facts of counters: databases, autovacuum, WAL, archiving, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.rows import Row, growth, number, percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.storage import Archiver, Autovacuum, Checkpoints, DatabaseActivity, Vacuum, Wal

from .answers import Answers
from .tables import tables_over_trigger

Values = Iterator[FactValues | None]


def read_database_activity(answers: Answers, name: str) -> Values:
    """Yield the counters of each database, in all and between the looks."""
    earlier = answers.rows_before(name)
    before = {text(row.get("database")): row for row in earlier} if earlier is not None else {}
    for row in answers.rows(name):
        former = before.get(text(row.get("database")), {})
        yield values_of(DatabaseActivity, row, **_ratios(row, former))


def _ratios(row: Row, former: Row) -> dict[str, float | int | None]:
    seconds = _seconds_between(former, row)
    recent = {key: growth(integer(former.get(key)), integer(row.get(key))) for key in _COUNTERS}
    commits, rollbacks = recent["commits"], recent["rollbacks"]
    hit, read = recent["blocks_hit"], recent["blocks_read"]
    written = recent["temporary_bytes"]
    return {
        "seconds": seconds,
        "cache_hit_percent": _hits(integer(row.get("blocks_hit")), integer(row.get("blocks_read"))),
        "recent_deadlocks": recent["deadlocks"],
        "recent_commits": commits,
        "recent_rollbacks": rollbacks,
        "recent_rollback_percent": percent(rollbacks, None if commits is None else commits + (rollbacks or 0)),
        "recent_temporary_bytes": written,
        "temporary_bytes_per_second": round(written / seconds, 1) if written is not None and seconds else None,
        "recent_cache_hit_percent": _hits(hit, read),
    }


_COUNTERS = ("deadlocks", "commits", "rollbacks", "temporary_bytes", "blocks_hit", "blocks_read")


def _hits(hit: int | None, read: int | None) -> float | None:
    return percent(hit, None if hit is None or read is None else hit + read)


def _seconds_between(former: Row | None, row: Row) -> float | None:
    then, now = number(former.get("at")) if former else None, number(row.get("at"))
    return round(now - then, 3) if then is not None and now is not None and now > then else None


def read_autovacuum(answers: Answers, name: str) -> Values:
    """Yield what the autovacuum workers do, in both looks."""
    former = answers.row_before(name)
    for row in answers.rows(name):
        workers, most = integer(row.get("workers")), integer(row.get("max_workers"))
        before = integer(former.get("workers")) if former is not None else None
        if workers is None or most is None:
            yield None
            continue
        yield values_of(
            Autovacuum,
            row,
            workers_before=before,
            workers_in_delay_before=integer(former.get("workers_in_delay")) if former is not None else None,
            all_workers_busy=min(workers, workers if before is None else before) >= max(most, 1),
            tables_over_trigger=tables_over_trigger(answers),
        )


def read_vacuums(answers: Answers, name: str) -> Values:
    """Yield the vacuums that run."""
    earlier = answers.rows_before(name)
    delayed_before = {integer(row.get("pid")) for row in earlier or () if boolean(row.get("in_delay"))}
    for row in answers.rows(name):
        delayed = bool(boolean(row.get("in_delay")))
        yield values_of(
            Vacuum,
            row,
            scanned_percent=percent(number(row.get("scanned_blocks")), number(row.get("total_blocks"))),
            in_delay=delayed and (earlier is None or integer(row.get("pid")) in delayed_before),
        )


def read_wal(answers: Answers, name: str) -> Values:
    """Yield the WAL directory."""
    former = answers.row_before(name)
    for row in answers.rows(name):
        size, most = integer(row.get("directory_bytes")), integer(row.get("max_wal_size_bytes"))
        kept = integer(row.get("kept_bytes")) or 0
        if size is None or most is None:
            yield None
            continue
        before = integer(former.get("directory_bytes")) if former is not None else None
        seconds = _seconds_between(former, row)
        written, written_before = number(row.get("written")), number(former.get("written")) if former else None
        rate = None
        if seconds and written is not None and written_before is not None and written >= written_before:
            rate = round((written - written_before) / seconds, 1)
        yield values_of(
            Wal,
            row,
            kept_bytes=kept,
            percent_of_max=percent(size, max(most, kept)) or 0.0,
            growth_bytes=size - before if before is not None else None,
            written_bytes_per_second=rate,
            slot_retained_bytes=integer(row.get("slot_retained_bytes")) or 0,
        )


def read_archiver(answers: Answers, name: str) -> Values:
    """Yield WAL archiving."""
    former = answers.row_before(name)
    queue = answers.row("archive_queue")
    for row in answers.rows(name):
        failed, archived = number(row.get("last_failed_seconds")), number(row.get("last_archived_seconds"))
        before = integer(former.get("failed")) if former is not None else None
        yield values_of(
            Archiver,
            row,
            recent_failed=growth(before, integer(row.get("failed"))),
            failing=bool(boolean(row.get("enabled")))
            and failed is not None
            and (archived is None or failed < archived),
            waiting_segments=integer(queue.get("waiting_segments")),
        )


def read_checkpoints(answers: Answers, name: str) -> Values:
    """Yield checkpoints by cause."""
    former = answers.row_before(name) or {}
    for row in answers.rows(name):
        timed, requested = integer(row.get("timed")), integer(row.get("requested"))
        if timed is None or requested is None:
            yield None
            continue
        age = number(row.get("statistics_age_seconds"))
        yield values_of(
            Checkpoints,
            row,
            requested_percent=percent(requested, timed + requested),
            recent_timed=growth(integer(former.get("timed")), timed),
            recent_requested=growth(integer(former.get("requested")), requested),
            per_hour=round(3600 * (timed + requested) / age, 2) if age else None,
        )
