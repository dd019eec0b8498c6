"""One log line, understood: level, logger, time and message, whatever the format was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_LEVELS = {
    "trace": "debug",
    "debug": "debug",
    "dbug": "debug",
    "info": "info",
    "information": "info",
    "informational": "info",
    "notice": "notice",
    "log": "log",
    "warn": "warning",
    "warning": "warning",
    "err": "error",
    "error": "error",
    "severe": "error",
    "crit": "critical",
    "critical": "critical",
    "alert": "critical",
    "dpanic": "panic",
    "panic": "panic",
    "fatal": "fatal",
    "emerg": "fatal",
    "emergency": "fatal",
}
_EXCEPTION = re.compile(
    r"(?:^|[\s(\[:\"'=])((?:[A-Za-z_][\w$]{0,60}\.){0,12}[A-Z][\w$]{2,80})(?=: |:$|\()",
    re.ASCII,
)
_EXCEPTION_NAME = re.compile(
    r"(?:Error|Exception|Timeout|Expired|Failure|Fault|Interrupt|Exit|Refused|Denied|Violation|Warning|Exhausted"
    r"|ExceptionGroup|ExpiredSignature|Unavailable|Throwable)\Z"
)


@dataclass(frozen=True, slots=True)
class Record:
    """What one line says.

    Args:
        text: the message without time, level and logger; PostgreSQL and nginx keep their severity word.
        level: debug, info, notice, log, warning, error, critical, fatal, panic; None when the line has none.
        logger: name of the logger; for PostgreSQL what the prefix tells of the session.
        moment: the application's own time, in UTC.
        exception: class name without module.
        detail: further fields (DETAIL, HINT, SQLSTATE …).
        trace: stack trace that a structured line holds.
        continues: a DETAIL, HINT, STATEMENT … line of PostgreSQL, which belongs to the message before it.
        postgres: a message of a PostgreSQL server in the stderr format, which such lines may follow.
        has_header: a time or level stood in front: the line starts a message of its own.
    """

    text: str
    level: str | None = None
    logger: str | None = None
    moment: datetime | None = None
    exception: str | None = None
    detail: str | None = None
    trace: str | None = None
    continues: bool = False
    postgres: bool = False
    has_header: bool = True


def level_of(word: str) -> str | None:
    """Return the level that a word in any case names (``WARN`` -> ``warning``, ``DEBUG2`` -> ``debug``)."""
    lower = word.strip().lower()
    return _LEVELS.get(lower) or (_LEVELS.get(lower[:-1]) if lower[-1:].isdigit() else None)


def exception_in(text: str) -> str | None:
    """Return the class name, without module, of the first exception that the beginning of a text names."""
    for match in _EXCEPTION.finditer(text, 0, 2000):
        name = match.group(1).rpartition(".")[2]
        if _EXCEPTION_NAME.search(name):
            return name[:100]
    return None


def is_exception_name(name: str) -> bool:
    """Tell whether a class name ends as those of exceptions do."""
    return _EXCEPTION_NAME.search(name) is not None
