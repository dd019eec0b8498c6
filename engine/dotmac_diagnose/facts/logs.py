"""Fact kinds of log files: messages grouped by template, and what part of time they cover."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .fact import FactValues


class LogMessage(FactValues):
    """One kind of message of one log: equal texts but for numbers, ids and times.

    A traceback is one message: its text is the last line (exception class and message),
    ``frames`` tells where it was raised. Only lines that say warning or worse, or that
    hold a word of trouble, become facts.
    """

    kind: ClassVar[str] = "log.message"
    resource: ClassVar[str | None] = "logs"
    text: str = Field(description="latest occurrence, redacted, at most 1,000 characters")
    level: str | None = Field(default=None, description="lower case: warning, error, fatal …")
    logger: str | None = None
    exception: str | None = Field(default=None, description="class name of the raised exception, without module")
    traceback: bool = False
    frames: str | None = Field(default=None, description="innermost file and function of a traceback")
    detail: str | None = Field(default=None, description="DETAIL, HINT or context lines that follow")
    count: int = 1
    age_seconds: float | None = Field(default=None, description="since the last occurrence, at the capture")
    first_age_seconds: float | None = None
    at_exit: bool = Field(default=False, description="among the last lines of a run that has ended")
    at_start: bool = Field(default=False, description="within the first 30 s of a run")
    current: bool = Field(
        description="still so: the run has ended with it and no later run is fine, or it was seen in the last 120 s"
    )
    stopped: bool = Field(
        default=False,
        description="not said again for 20 s or five of its intervals, although the running container wrote on",
    )
    pod: str | None = None
    container: str | None = None
    previous: bool = Field(default=False, description="from the log of the former run")


class LogCoverage(FactValues):
    """What a log covers, so that silence can be judged."""

    kind: ClassVar[str] = "log.coverage"
    resource: ClassVar[str | None] = "logs"
    pod: str | None = None
    container: str | None = None
    lines: int
    covered_seconds: float | None = Field(default=None, description="from the first line to the capture")
    truncated: bool = Field(default=False, description="the log starts after the container did")


class AccessLog(FactValues):
    """Answers of one proxy or server by status class and backend."""

    kind: ClassVar[str] = "log.access"
    resource: ClassVar[str | None] = "logs"
    backend: str | None = Field(default=None, description="upstream address or Service as written in the log")
    requests: int
    status_5xx: int = 0
    status_502: int = 0
    status_503: int = 0
    status_504: int = 0
    status_500: int = 0
    status_4xx: int = 0
    status_401: int = 0
    status_403: int = 0
    status_429: int = 0
    slow: int = Field(default=0, description="answers that took more than 2 s")
    window_seconds: float = Field(description="length of the window before the capture, at most 120")
    percent_5xx: float = 0.0
    percent_401: float = 0.0
    backend_port: int | None = None


LOG_KINDS: tuple[type[FactValues], ...] = (LogMessage, LogCoverage, AccessLog)
