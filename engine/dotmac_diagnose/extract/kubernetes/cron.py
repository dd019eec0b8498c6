"""How often a cron schedule fires.

Understands what Kubernetes understands: the five fields and macros of robfig/cron v3
(``cron.ParseStandard``), a leading ``TZ=`` or ``CRON_TZ=``, and ``@every``.
Source: https://pkg.go.dev/github.com/robfig/cron/v3
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_EVERY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|m|s)", re.ASCII)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_MINUTES_PER_DAY = 1440
_FOUR_YEARS = 1461


@dataclass(frozen=True, slots=True)
class _Field:
    values: frozenset[int]
    star: bool


def period_seconds(schedule: str) -> float | None:
    """Return the longest time between two runs of a schedule, in seconds.

    Args:
        schedule: ``spec.schedule`` of a CronJob.

    Returns:
        None when the schedule cannot be parsed or never fires.
    """
    words = schedule.strip().lower().split()
    if words and words[0].startswith(("tz=", "cron_tz=")):
        words = words[1:]
    if len(words) == 2 and words[0] == "@every":
        return _every(words[1])
    if len(words) == 1:
        words = _MACROS.get(words[0], "").split()
    if len(words) != 5:
        return None
    minutes = _field(words[0], 0, 59)
    hours = _field(words[1], 0, 23)
    days = _field(words[2], 1, 31)
    months = _field(words[3], 1, 12, _MONTHS)
    weekdays = _field(words[4], 0, 6, _DAYS)
    if minutes is None or hours is None or days is None or months is None or weekdays is None:
        return None
    return _longest_gap(
        sorted(hour * 60 + minute for hour in hours.values for minute in minutes.values), days, months, weekdays
    )


def _every(duration: str) -> float | None:
    parts = _EVERY.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or None


def _field(word: str, low: int, high: int, names: dict[str, int] | None = None) -> _Field | None:
    values: set[int] = set()
    star = False
    for part in word.split(","):
        span, slash, step_word = part.partition("/")
        step = _number(step_word, None) if slash else 1
        first_word, dash, last_word = span.partition("-")
        if span in ("*", "?"):
            first, last = low, high
            star = star or step == 1
        else:
            first_or_none = _number(first_word, names)
            last_or_none = _number(last_word, names) if dash else (high if slash else first_or_none)
            if first_or_none is None or last_or_none is None:
                return None
            first, last = first_or_none, last_or_none
        if not step or first < low or last > high or first > last:
            return None
        values.update(range(first, last + 1, step))
    return _Field(frozenset(values), star)


def _number(word: str, names: dict[str, int] | None) -> int | None:
    if names and word in names:
        return names[word]
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 4 else None


def _longest_gap(minutes: list[int], days: _Field, months: _Field, weekdays: _Field) -> float | None:
    start = date(2024, 1, 1)  # any start will do: four years hold every combination but century leap days
    fired: list[int] = []
    for offset in range(_FOUR_YEARS):
        day = start + timedelta(days=offset)
        in_month = day.day in days.values
        in_week = day.isoweekday() % 7 in weekdays.values
        matches = (in_month and in_week) if days.star or weekdays.star else (in_month or in_week)
        if matches and day.month in months.values:
            fired.append(offset)
    if not fired:
        return None
    longest = max((later - earlier for earlier, later in pairwise(minutes)), default=0)
    wrapped = [*fired[1:], fired[0] + _FOUR_YEARS]
    overnight = max(later - earlier for earlier, later in zip(fired, wrapped, strict=True)) * _MINUTES_PER_DAY
    return max(longest, overnight + minutes[0] - minutes[-1]) * 60.0
