"""Facts from the logs of containers: messages of trouble, answered requests, and what a log covers.

    lines -> records (formats, traces) -> messages -> groups by template -> facts

Pure functions in linear time: logs are hostile, long and torn. Only messages of trouble become
facts (:mod:`.trouble`), grouped by what is equal in them (:mod:`.templates`), with the judgement
whether they are still so (:mod:`.current`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Fact, Vantage, fact
from dotmac_diagnose.facts.logs import LogCoverage, LogMessage

from .access import summarize
from .current import Group, Run, age_seconds, has_stopped, is_at_exit, is_at_start, is_current
from .formats import parse_line
from .lines import Line, printable_text, split_lines
from .messages import Occurrence, read_messages
from .moments import split_stamp
from .templates import template

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotmac_diagnose.extract.document import PodLog
    from dotmac_diagnose.extract.log_owners import LogOwner, LogOwners
    from dotmac_diagnose.facts.fact import FactValues

__all__ = ["extract_logs", "newest_moment"]

MAX_TEMPLATES = 200
"""Kinds of messages that one log may give."""
_MAX_TEXT = 1000
_TRUNCATED_AFTER = timedelta(seconds=60)
_MIN_LINES_OF_A_TAIL = 100


def extract_logs(logs: Sequence[PodLog], owners: LogOwners, captured_at: datetime) -> list[Fact]:
    """Return the facts of some logs.

    Args:
        logs: in any order; a former log that is the present one once more counts once.
        owners: tells owner and state of a container.
        captured_at: the moment of the capture, in UTC; ages count from here.

    Returns:
        Facts ``log.coverage``, ``log.message`` and ``log.access`` on the owners of the pods, in a fixed order.
    """
    facts: list[Fact] = []
    for log in _distinct(logs):
        facts += _facts_of(log, owners(log.namespace, log.pod, log.container), captured_at)
    return facts


def newest_moment(logs: Iterable[PodLog]) -> datetime | None:
    """Return the newest moment that an RFC 3339 stamp in front of a line tells, None without stamps.

    Only the last 200 lines of each log are read, since stamps rise.
    """
    newest: datetime | None = None
    for log in logs:
        for line in log.text[-400_000:].split("\n")[-200:]:
            moment, _ = split_stamp(line)
            if moment is not None and (newest is None or moment > newest):
                newest = moment
    return newest


def _distinct(logs: Sequence[PodLog]) -> list[PodLog]:
    """Return the logs in a fixed order, each run of a container once.

    A container that waits has no present run: the present and the former log are then both that
    of its last run. Of a log that was captured with and without stamps only the former counts.
    """

    def key(log: PodLog) -> tuple[str, str, str, bool, str, str]:
        return (log.namespace, log.pod, log.container, log.previous, log.source, log.text)

    def first_line(log: PodLog) -> str:
        return log.text[:4096].lstrip().partition("\n")[0]

    stamped = {
        (log.namespace, log.pod, log.container, log.previous)
        for log in logs
        if split_stamp(first_line(log))[0] is not None
    }
    kept: list[PodLog] = []
    seen: set[tuple[str, str, str, str]] = set()
    for log in sorted(logs, key=key):
        first = first_line(log)
        has_stamps = split_stamp(first)[0] is not None
        identity = (log.namespace, log.pod, log.container, first)
        repeats = first and identity in seen and (log.previous or has_stamps)
        without_times = not has_stamps and (log.namespace, log.pod, log.container, log.previous) in stamped
        if not (repeats or without_times):
            seen.add(identity)
            kept.append(log)
    return kept


def _facts_of(log: PodLog, owner: LogOwner, captured_at: datetime) -> list[Fact]:
    lines, cut = split_lines(log.text)
    oldest, newest = _span(lines, captured_at)
    run = Run(owner, log.previous, len(lines), _start(log, owner, oldest), newest, captured_at)
    occurrences, accesses = read_messages(lines, captured_at)
    covered = age_seconds(oldest, captured_at)
    pod = f"{log.namespace}/{log.pod}" if log.namespace else log.pod
    coverage = LogCoverage(
        pod=pod,
        container=log.container,
        lines=len(lines),
        covered_seconds=covered,
        truncated=log.truncated or cut or _starts_late(log, owner, oldest, len(lines)),
    )
    facts = [_fact(log, owner, coverage, captured_at)]
    facts += [
        _fact(log, owner, _message(group, run, log, pod), group.last_moment) for group in _kept_groups(occurrences)
    ]
    if not log.previous:
        facts += [_fact(log, owner, counts, captured_at) for counts in summarize(accesses, captured_at, covered)]
    return facts


def _fact(log: PodLog, owner: LogOwner, values: FactValues, moment: datetime | None) -> Fact:
    return fact(
        owner.entity,
        values,
        vantage=Vantage.FILE,
        observed_at=moment,
        collector="logs",
        source=log.source,
        evidence=log.evidence,
    )


def _span(lines: Sequence[Line], reference: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment of a log; of the application's own times without stamps."""

    def first_known(some: Iterable[Line]) -> datetime | None:
        for line in some:
            moment = line.moment or parse_line(line.text, reference).moment
            if moment is not None:
                return moment
        return None

    return first_known(lines[:200]), first_known(reversed(lines[-200:]))


def _start(log: PodLog, owner: LogOwner, oldest: datetime | None) -> datetime | None:
    """Return when the run of this log began: as the owner says, unless that is another run."""
    if not log.previous and owner.started_at is not None and (oldest is None or owner.started_at <= oldest):
        return owner.started_at
    return None if log.truncated else oldest


def _starts_late(log: PodLog, owner: LogOwner, oldest: datetime | None, lines: int) -> bool:
    """Tell whether the log is long and begins well after its container: a tail."""
    if log.previous or oldest is None or owner.started_at is None or lines < _MIN_LINES_OF_A_TAIL:
        return False
    return oldest - owner.started_at > _TRUNCATED_AFTER


def _kept_groups(occurrences: Sequence[Occurrence]) -> list[Group]:
    """Group messages by template; of too many keep the most frequent half and the latest half."""
    groups: dict[tuple[str | None, str | None, str | None, str], Group] = {}
    templates: dict[str, str] = {}
    for occurrence in occurrences:
        pattern = occurrence.template or templates.get(occurrence.text)
        if pattern is None:
            pattern = templates[occurrence.text] = template(occurrence.text)
        key = (occurrence.level, occurrence.logger, occurrence.exception, pattern)
        group = groups.get(key)
        if group is None:
            groups[key] = Group(occurrence, 1, occurrence.moment, occurrence.moment)
        else:
            group.add(occurrence)
    kept = sorted(groups.values(), key=lambda group: group.latest.last)
    if len(kept) <= MAX_TEMPLATES:
        return kept
    latest, older = kept[-MAX_TEMPLATES // 2 :], kept[: -MAX_TEMPLATES // 2]
    frequent = sorted(older, key=lambda group: (-group.count, -group.latest.last))[: MAX_TEMPLATES // 2]
    return sorted((*latest, *frequent), key=lambda group: group.latest.last)


def _message(group: Group, run: Run, log: PodLog, pod: str) -> LogMessage:
    latest = group.latest
    return LogMessage(
        text=_clean(latest.text) or "",
        level=latest.level,
        logger=_clean(latest.logger, 100),
        exception=_clean(latest.exception, 100),
        traceback=latest.traceback,
        frames=_clean(latest.frames, 200),
        detail=_clean(latest.detail),
        count=group.count,
        age_seconds=age_seconds(group.last_moment, run.captured_at),
        first_age_seconds=age_seconds(group.first_moment, run.captured_at),
        at_exit=is_at_exit(group, run),
        at_start=is_at_start(group, run),
        current=is_current(group, run),
        stopped=has_stopped(group, run),
        pod=pod,
        container=log.container,
        previous=log.previous,
    )


def _clean(text: str | None, limit: int = _MAX_TEXT) -> str | None:
    return " ".join(printable_text(text).split())[:limit] if text is not None else None
