"""Time stamps of log lines: RFC 3339 in front of a line, and the application's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))(?:[ \t]|$)(?:(?:stdout|stderr) [FP] )?",
    re.ASCII,
)
_CIVIL = re.compile(
    r"\[?(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"(?: ?(Z|UTC|GMT|(?:CE|EE|WE)S?T|MSK|[ECMP][SD]T|BST|IST|JST|WAT|SAST|EAT|AE[SD]T|[+-]\d\d(?::?\d\d)?)(?!\w))?"
    r"\]?",
    re.ASCII,
)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})? ", re.ASCII)
_COMMON = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)", re.ASCII)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_UTC_NAMES = frozenset({"Z", "UTC", "GMT", ""})


def moment_of_stamp(stamp: str) -> datetime | None:
    """Return the UTC moment of an RFC 3339 stamp, None when it is no date."""
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def split_stamp(line: str) -> tuple[datetime | None, str]:
    """Split the stamp of ``kubectl logs --timestamps`` or of a CRI log file from a line.

    Returns:
        The moment (None without a stamp) and the rest of the line.
    """
    if line[4:5] != "-" or line[10:11] != "T":
        return None, line
    match = _RFC3339.match(line)
    if match is None:
        return None, line
    moment = moment_of_stamp(match.group(1))
    return (moment, line[match.end() :]) if moment is not None else (None, line)


def split_time(text: str) -> tuple[datetime | None, str, bool]:
    """Split the application's own time from the front of a message.

    A time without a zone counts as UTC, which containers use; a named zone other than
    UTC and GMT gives no moment, since its offset is not known.

    Returns:
        The moment, the rest, and whether there was a time at all.
    """
    match = _CIVIL.match(text)
    if match is None:
        clock = _CLOCK.match(text)
        return (None, text[clock.end() :], True) if clock is not None else (None, text, False)
    return _civil_moment(match, match.group(8) or ""), text[match.end() :].lstrip(" ,:"), True


def moment_of_text(text: str) -> datetime | None:
    """Return the moment of a time in a field (``time=``, ``ts``, ``timestamp``)."""
    return moment_of_stamp(text) if text[10:11] == "T" and text[4:5] == "-" else split_time(text)[0]


def _civil_moment(match: re.Match[str], zone: str) -> datetime | None:
    year, month, day, hour, minute, second = (int(match.group(index)) for index in range(1, 7))
    microsecond = int((match.group(7) or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond, UTC)
        if zone in _UTC_NAMES:
            return moment
        if zone[0] in "+-":
            digits = zone[1:].replace(":", "").ljust(4, "0")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            return moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return None


def moment_of_common_log(text: str) -> datetime | None:
    """Return the moment of the first ``24/Nov/2026:06:13:04 +0000`` of an access line."""
    match = _COMMON.search(text, 0, 400)
    if match is None or match.group(2) not in _MONTHS:
        return None
    day, month, year, hour, minute, second, offset_hours, offset_minutes = match.groups()
    try:
        hours = int(offset_hours)
        minutes = int(offset_minutes) if hours >= 0 and offset_hours[0] == "+" else -int(offset_minutes)
        zone = timezone(timedelta(hours=hours, minutes=minutes))
        return datetime(
            int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of_redis(day: str, month: str, year: str | None, clock: str, reference: datetime) -> datetime | None:
    """Return the moment of a Redis stamp; servers before 5.0 write no year, then the reference's is taken."""
    number = _MONTHS.get(month)
    return _in_year(year, number, int(day), clock, reference) if number is not None else None


def moment_of_klog(month_and_day: str, clock: str, reference: datetime) -> datetime | None:
    """Return the moment of a klog header ``1124 06:09:44.830021``; the year is the reference's."""
    return _in_year(None, int(month_and_day[:2]), int(month_and_day[2:]), clock, reference)


def _in_year(year: str | None, month: int, day: int, clock: str, reference: datetime) -> datetime | None:
    number = int(year) if year else reference.year
    try:
        moment = datetime.fromisoformat(f"{number:04d}-{month:02d}-{day:02d}T{clock}+00:00")
        if year is None and moment - reference > timedelta(days=2):
            moment = moment.replace(year=number - 1)
    except (ValueError, OverflowError):
        return None
    return moment
