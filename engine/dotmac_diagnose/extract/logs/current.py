"""Whether a message is still so at the moment of the capture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .trouble import SERIOUS_LEVELS

if TYPE_CHECKING:
    from dotmac_diagnose.extract.log_owners import LogOwner

    from .messages import Occurrence

RECENT_SECONDS = 120.0
"""A message seen within this time before the capture can be current."""
START_SECONDS = 30.0
"""Messages of the first seconds of a run tell of its start."""
EXIT_LINES = 30
"""The last lines of a run that has ended tell why it did."""
_FINISHED_SECONDS = 600.0
_SILENCE_SECONDS = 20.0
_SILENCE_AT_START_SECONDS = 5.0
_SILENCE_INTERVALS = 5.0
_BURST_SECONDS = 5.0
_SERVER_START = re.compile(
    r"database system|starting (?:up|PostgreSQL)|recovery|\bredo\b|not yet accepting|invalid record length"
)
_MAX_SKEW = timedelta(seconds=600)


@dataclass(frozen=True, slots=True)
class Run:
    """The run of a container that a log tells of.

    Args:
        owner: owner and state of the container.
        previous: the log is that of the run before the present one.
        lines: number of lines that were read.
        started_at: start of this run, in UTC; None when unknown.
        newest: moment of the last line, in UTC.
        captured_at: in UTC.
    """

    owner: LogOwner
    previous: bool
    lines: int
    started_at: datetime | None
    newest: datetime | None
    captured_at: datetime

    @property
    def ended(self) -> bool:
        """The run is over: the log ends with it."""
        return self.previous or self.owner.container_running is False


@dataclass(slots=True)
class Group:
    """All messages of one template.

    Args:
        latest: the last occurrence.
        count: number of occurrences.
        first_moment: of the first one whose time is known.
        last_moment: of the last one whose time is known.
    """

    latest: Occurrence
    count: int
    first_moment: datetime | None
    last_moment: datetime | None

    def add(self, occurrence: Occurrence) -> None:
        """Count one more, later in the log."""
        self.latest = occurrence
        self.count += 1
        if occurrence.moment is not None:
            self.first_moment = _earlier(self.first_moment, occurrence.moment)
            self.last_moment = _later(self.last_moment, occurrence.moment)

    @property
    def span_seconds(self) -> float | None:
        """Time between the first and the last occurrence; None when there is only one."""
        if self.count < 2 or self.first_moment is None or self.last_moment is None:
            return None
        return (self.last_moment - self.first_moment).total_seconds()


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other < one else one


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other > one else one


def age_seconds(moment: datetime | None, captured_at: datetime) -> float | None:
    """Return the time since a moment; 0 for clocks a little ahead, None for a moment that cannot be."""
    if moment is None or moment - captured_at > _MAX_SKEW:
        return None
    return max(0.0, round((captured_at - moment).total_seconds(), 3))


def is_at_exit(group: Group, run: Run) -> bool:
    """Tell whether the message stands among the last lines of a run that has ended."""
    return run.ended and group.latest.last >= run.lines - EXIT_LINES


def is_at_start(group: Group, run: Run) -> bool:
    """Tell whether the message was last seen within the first 30 seconds of the run."""
    if run.started_at is None or group.last_moment is None:
        return False
    return (group.last_moment - run.started_at).total_seconds() <= START_SECONDS


def is_current(group: Group, run: Run) -> bool:
    """Tell whether the message is still so: see the field ``current`` of the fact."""
    owner = run.owner
    if owner.superseded:
        return False
    if owner.finished:
        return _ended_recently(run) and is_at_exit(group, run) and _tells_of_failure(group.latest)
    if run.ended:
        return is_at_exit(group, run) and not _recovered(run)
    return _goes_on(group, run)


def has_stopped(group: Group, run: Run) -> bool:
    """Tell whether a running container went on writing and did not say it again: see the field ``stopped``."""
    age = age_seconds(group.last_moment, run.captured_at)
    if run.ended or age is None or run.newest is None or group.last_moment is None:
        return False
    gap = (group.span_seconds or 0.0) / max(1, group.count - 1)
    went_on = (run.newest - group.last_moment).total_seconds()
    return age > max(_SILENCE_SECONDS, _SILENCE_INTERVALS * gap) and went_on > _SILENCE_SECONDS / 2


def _ended_recently(run: Run) -> bool:
    age = age_seconds(run.owner.ended_at or run.newest, run.captured_at)
    return age is not None and age <= _FINISHED_SECONDS


def _tells_of_failure(message: Occurrence) -> bool:
    """Warnings do not: a finished run may have succeeded with them."""
    return message.level is None or message.level in SERIOUS_LEVELS


def _recovered(run: Run) -> bool:
    """Tell whether what came after this run is fine."""
    owner = run.owner
    if not run.previous or not owner.container_running:
        return owner.ready is True
    if owner.ready is not True:
        return False
    ended_age = age_seconds(run.newest, run.captured_at)
    present = age_seconds(owner.started_at, run.captured_at)
    if ended_age is None or present is None or ended_age > RECENT_SECONDS:
        return True
    length = (run.newest - run.started_at).total_seconds() if run.newest and run.started_at else 0.0
    return present >= max(START_SECONDS, 2 * length)


def _goes_on(group: Group, run: Run) -> bool:
    """Tell whether a running container still says it."""
    age = age_seconds(group.last_moment, run.captured_at)
    if age is None:
        at_end = group.latest.last >= run.lines - EXIT_LINES
        return group.last_moment is None and at_end and _tells_of_failure(group.latest)
    if run.owner.container_running is None and _ended_with(group, run):
        return age <= _FINISHED_SECONDS
    if age > RECENT_SECONDS:
        return False
    patience = _SILENCE_INTERVALS * (group.span_seconds or 0.0) / max(1, group.count - 1)
    if group.count >= 3 and age > max(_SILENCE_SECONDS, patience) and not _is_burst_of_server(group):
        return False
    stopped = age > max(_SILENCE_AT_START_SECONDS, patience)
    return not (stopped and run.owner.ready is True and is_at_start(group, run) and _tells_of_start(group.latest))


def _is_burst_of_server(group: Group) -> bool:
    """A database server refuses only who asks: many at once are one event, and its silence proves nothing."""
    return group.latest.postgres and (group.span_seconds or 0.0) < _BURST_SECONDS


def _tells_of_start(message: Occurrence) -> bool:
    """Clients fail while they start because others are not there yet; of a server only some messages are such."""
    return not message.postgres or _SERVER_START.search(message.text) is not None


def _ended_with(group: Group, run: Run) -> bool:
    """Of a container that is not in the capture: its log ends with a trace or a fatal message."""
    latest = group.latest
    return latest.last >= run.lines - 1 and (latest.traceback or latest.level in {"critical", "fatal", "panic"})
