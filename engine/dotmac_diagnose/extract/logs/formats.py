"""Recognises the format of a line and takes it apart.

Sources: klog ``file/format`` (k8s.io/klog), Redis ``serverLogRaw``, nginx ``ngx_log_error``,
PostgreSQL 17 chapter 20.8 (stderr), the logging modules of Python, Java, Go and Node.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .masking import mask_statement, mask_values
from .moments import moment_of_klog, moment_of_redis, split_time
from .record import Record, exception_in, level_of
from .structured import parse_csv_log, parse_json_line, parse_logfmt

if TYPE_CHECKING:
    from datetime import datetime

_KLOG = re.compile(r"([IWEF])(\d{4}) (\d\d:\d\d:\d\d\.\d{1,9}) +\d+ [\w.\-/]+:\d+\] ", re.ASCII)
_KLOG_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}
_REDIS = re.compile(r"\d+:[A-Z] (\d\d) ([A-Z][a-z]{2})(?: (\d{4}))? (\d\d:\d\d:\d\d\.\d{3}) ([*#.-]) ", re.ASCII)
_REDIS_LEVELS = {".": "debug", "-": "info", "*": "notice", "#": "warning"}
_REDIS_ROUTINE = (
    "oO0OoO0OoO0Oo Redis is starting",
    "Redis version=",
    "Configuration loaded",
    "Server initialized",
    "Warning: no config file specified, using the default config",
)
_NGINX = re.compile(r"\[([a-z]{3,7})\] \d+#\d+: (?:\*\d+ )?", re.ASCII)
_NGINX_START = re.compile(r"nginx: \[([a-z]{3,7})\] ", re.ASCII)
_POSTGRES = re.compile(
    r"(?:^|(?<=[\s\]>:|,]))(LOG|FATAL|ERROR|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]|"
    r"DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION|BACKTRACE):  (?! )",
    re.ASCII,
)
_POSTGRES_PARTS = frozenset({"DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION", "BACKTRACE"})
_STATEMENTS = frozenset({"STATEMENT", "QUERY", "CONTEXT"})
"""Parts that quote SQL."""
_POSTGRES_SQL = re.compile(r"(?i)\b((?:statement|execute [^:]{1,80}|parse [^:]{1,80}|bind [^:]{1,80}): )(.*)", re.ASCII)
_PROCESS = re.compile(r"\[\d+(?:-\d+)?\]:?|^\d+(?=\s)", re.ASCII)
_LEVEL_WORD = re.compile(
    r"(?<![\w/.=\-])(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|SEVERE|ALERT|EMERG(?:ENCY)?|FATAL"
    r"|PANIC)(?![\w.=\-])"
    r"|\[ ?(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|alert|emerg|fatal|panic) *\]"
    r"|(?<![\w/.=\-])([Ee]rror|[Ww]arning|[Ff]atal|panic|npm ERR!)(?=: )",
    re.ASCII,
)
_SPRING = re.compile(r"\d+ --- (?:\[[^\]]{0,60}\] ?){0,3}([\w.$/\[\]\-]{1,80}) *: ", re.ASCII)
_THREAD_AND_CLASS = re.compile(r"\[[^\]]{1,60}\] ((?:[a-z_][\w$]*\.)+[\w$]{1,80})(?: ?:| -) ", re.ASCII)
_BRACKETED = re.compile(r"\[([A-Za-z_][\w.$/\-]{0,80})\]:? +", re.ASCII)
_DASHED = re.compile(r"([A-Za-z_][\w.$<>]{0,80}(?::[\w<>]{1,60}:\d+)?) - ", re.ASCII)
_COLON = re.compile(r":([A-Za-z_][\w.$]{0,80}):", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][\w.$:<>]{0,80}\Z", re.ASCII)
_LOGFMT = re.compile(r"(?:^|[\s,])(?:level|lvl|severity)=\"?[A-Za-z]", re.ASCII)


def parse_line(text: str, reference: datetime) -> Record:
    """Take one line apart.

    Args:
        text: the line without the stamp of kubectl.
        reference: the capture; gives the year where a format writes none.
    """
    first = text[:1]
    if first == "{":
        structured = parse_json_line(text)
        if structured is not None:
            return structured
    klog = _KLOG.match(text) if first in "IWEF" else None
    if klog is not None:
        moment = moment_of_klog(klog.group(2), klog.group(3), reference)
        return _with_exception(Record(text[klog.end() :], _KLOG_LEVELS[klog.group(1)], moment=moment))
    redis = _REDIS.match(text) if first.isdigit() else None
    if redis is not None:
        return _redis(text, redis, reference)
    if "=" in text and _LOGFMT.search(text, 0, 400):
        return parse_logfmt(text)
    csv_record = parse_csv_log(text)
    if csv_record is not None:
        return csv_record
    severity = _POSTGRES.search(text, 0, 250) if ":  " in text else None
    if severity is not None and _is_server_prefix(text[: severity.start()], severity.group(1)):
        return _postgres(text, severity)
    return _plain(text)


def _is_server_prefix(prefix: str, severity: str) -> bool:
    """Tell a ``log_line_prefix`` from the sentence of a client that quotes what the server said."""
    if not prefix:
        return severity not in {"WARNING", "INFO"}
    if _LEVEL_WORD.search(prefix) is not None or exception_in(prefix) is not None or "failed: " in prefix:
        return False
    return "@" in prefix or "=" in prefix or _PROCESS.search(prefix) is not None or split_time(prefix)[2]


def _with_exception(record: Record) -> Record:
    exception = exception_in(record.text)
    return (
        Record(record.text, record.level, record.logger, record.moment, exception, has_header=record.has_header)
        if exception
        else record
    )


def _redis(text: str, match: re.Match[str], reference: datetime) -> Record:
    day, month, year, clock, mark = match.groups()
    message = text[match.end() :]
    level = _REDIS_LEVELS[mark]
    if level == "warning" and message.startswith(_REDIS_ROUTINE):
        level = "notice"
    return Record(message, level, moment=moment_of_redis(day, month, year, clock, reference))


def _postgres(text: str, severity: re.Match[str]) -> Record:
    """Read a line of the stderr format with any ``log_line_prefix``."""
    word, message = severity.group(1), text[severity.end() :]
    moment, prefix, _ = split_time(text[: severity.start()])
    if word in _POSTGRES_PARTS:
        if message.startswith("COPY "):
            message = message.partition(': "')[0]
        body = mask_statement(message) if word in _STATEMENTS else mask_values(message)
        return Record(f"{word}: {body}", moment=moment, continues=True)
    session = " ".join(_PROCESS.sub(" ", prefix).split()).strip(" :,")
    level = level_of(word)
    sql = _POSTGRES_SQL.search(message, 0, 400) if word == "LOG" else None
    if sql is not None:
        message = message[: sql.end(1)] + mask_statement(sql.group(2))
    message = mask_values(message)
    return Record(
        message if word == "LOG" else f"{word}: {message}",
        level,
        logger=session[:100] or None,
        moment=moment,
        postgres=True,
    )


def _plain(text: str) -> Record:
    """Read a line that names its level somewhere near its beginning, or nowhere."""
    start = _NGINX_START.match(text)
    if start is not None:
        return Record(text[start.start(1) - 1 :], level_of(start.group(1)))
    moment, rest, timed = split_time(text)
    nginx = _NGINX.match(rest)
    if nginx is not None:
        return Record(f"[{nginx.group(1)}] {rest[nginx.end() :]}", level_of(nginx.group(1)), moment=moment)
    found = _LEVEL_WORD.search(rest, 0, 160)
    if found is None or not _is_header(rest[: found.start()], timed=timed):
        return _with_exception(Record(rest if timed else text, moment=moment, has_header=timed))
    word = found.group(1) or found.group(2) or found.group(3)
    level = "error" if word.startswith("npm") else level_of(word)
    before = rest[: found.start()].strip(" -|:[]()")
    logger, message = _logger(rest[found.end() :], before)
    return _with_exception(Record(message, level, logger, moment))


def _is_header(before: str, *, timed: bool) -> bool:
    """Tell whether what stands in front of a level word is a header and not the beginning of a sentence."""
    tokens = before.split()
    if not tokens:
        return True
    separated = before.rstrip().endswith(("-", "|", ":", "[", "]"))
    plain = [token for token in tokens if token[0] not in "[(-|0123456789" and token[-1] not in "])"]
    return len(tokens) <= 6 and (not plain or (len(plain) == 1 and (timed or separated)))


def _logger(after: str, before: str) -> tuple[str | None, str]:
    """Split the logger from what follows a level word; ``before`` is what stood in front of it."""
    colon = _COLON.match(after)
    if colon is not None:
        return colon.group(1), after[colon.end() :].lstrip()
    rest = after
    if rest[:1] == "/":
        rest = rest.partition("]")[2] or rest
    rest = rest.lstrip(" ]):|-")
    for pattern in (_SPRING, _THREAD_AND_CLASS, _BRACKETED, _DASHED):
        match = pattern.match(rest)
        if match is not None:
            return match.group(1), rest[match.end() :].lstrip()
    name = before.rpartition(" ")[2]
    return (name if _NAME.match(name) else None), rest or after.strip()
