"""Structured lines: JSON (structlog, pino, zap, PostgreSQL jsonlog …), logfmt and PostgreSQL csvlog.

PostgreSQL 17 chapter 20.8.4 and 20.8.5 name the columns and keys of csvlog and jsonlog.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .lines import without_surrogates
from .masking import mask_statement, mask_values
from .moments import moment_of_text
from .record import Record, exception_in, level_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGE_KEYS = ("message", "msg", "event", "@m", "short_message", "textPayload", "log")
_LEVEL_KEYS = ("level", "severity", "levelname", "log.level", "lvl", "loglevel", "@l")
_LOGGER_KEYS = ("logger", "logger_name", "name", "component", "log.logger", "caller")
_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "asctime", "t", "@t")
_ERROR_KEYS = ("error", "err", "exc", "reason", "cause", "error.message")
_TRACE_KEYS = ("exc_info", "exception", "traceback", "stack", "stack_trace", "stacktrace", "stackTrace")
_NUMERIC_LEVELS = {10: "debug", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}
_LOGFMT_PAIR = re.compile(r"(?<![\w.@\-])([A-Za-z_@][\w.@\-]{0,60})=(\"(?:[^\"\\]|\\.)*\"?|[^\s\"]*)", re.ASCII)
_CSV = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [A-Z+\-0-9:]{1,6},", re.ASCII)
_CSV_COLUMNS = 23


def json_object(text: str) -> dict[str, Any] | None:
    """Return the object of a JSON line, or None when it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def scalar_text(value: Any) -> str | None:
    """Return a string or number as text, None for everything else and for nothing."""
    if isinstance(value, str):
        return without_surrogates(value) or None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return str(value)


def first_text(data: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """Return the first of some fields that holds text; a dotted key is also looked up as a path."""
    for key in keys:
        value = data.get(key)
        if value is None and "." in key:
            outer, _, inner = key.partition(".")
            nested = data.get(outer)
            value = nested.get(inner) if isinstance(nested, dict) else None
        text = scalar_text(value)
        if text is not None:
            return text
    return None


def parse_json_line(text: str) -> Record | None:
    """Read a JSON line, or return None when the line holds no JSON object."""
    data = json_object(text)
    if data is None:
        return None
    if isinstance(data.get("error_severity"), str):
        return _postgres_json(data)
    message = first_text(data, _MESSAGE_KEYS) or ""
    error, exception = _error_of(data)
    trace = next((value for key in _TRACE_KEYS if "\n" in (value := scalar_text(data.get(key)) or "")), None)
    if trace is None and isinstance(data.get("err"), dict):
        trace = scalar_text(data["err"].get("stack"))
    if error and error not in message:
        message = f"{message}: {error}" if message else error
    return Record(
        message or text,
        _json_level(data),
        first_text(data, _LOGGER_KEYS),
        _json_moment(data),
        exception or exception_in(message),
        trace=trace,
    )


def _error_of(data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the text of the error that a JSON line names, and its class."""
    for key in (*_ERROR_KEYS, "exception"):
        value = data.get(key)
        if isinstance(value, dict):
            kind = first_text(value, ("type", "name", "class", "kind", "exc_type"))
            text = first_text(value, ("message", "msg", "value", "exc_value"))
            name = kind.rpartition(".")[2] if kind else None
            return (f"{kind}: {text}" if kind and text else text or kind), name
        if isinstance(value, str) and value and "\n" not in value:
            return without_surrogates(value), None
    return None, None


def _json_level(data: Mapping[str, Any]) -> str | None:
    level = data.get("level")
    if isinstance(level, int) and not isinstance(level, bool):
        return _NUMERIC_LEVELS.get(level)
    word = first_text(data, _LEVEL_KEYS)
    return level_of(word) if word is not None else None


def _json_moment(data: Mapping[str, Any]) -> datetime | None:
    for key in _TIME_KEYS:
        value = data.get(key)
        if isinstance(value, str):
            return moment_of_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 1e9 < value < 1e14:
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    return None


def _postgres_record(
    severity: str, message: str, session: tuple[str | None, str | None, str | None], extra: Mapping[str, str | None]
) -> Record:
    """Return the record of a structured PostgreSQL line; ``session`` is user, database and application."""
    user, database, application = session
    who = f"{user or ''}@{database or ''}/{application or ''}" if user or database or application else None
    parts = [
        f"{name}: {mask_statement(value) if name == 'STATEMENT' else mask_values(value)}"
        for name, value in extra.items()
        if value and not (name == "SQLSTATE" and value == "00000")
    ]
    message = mask_values(message)
    return Record(
        message if severity == "LOG" else f"{severity}: {message}",
        level_of(severity),
        who,
        detail=" ".join(parts) or None,
    )


def _postgres_json(data: Mapping[str, Any]) -> Record:
    def field(name: str) -> str | None:
        return scalar_text(data.get(name))

    record = _postgres_record(
        field("error_severity") or "LOG",
        field("message") or "",
        (field("user"), field("dbname"), field("application_name")),
        {
            "SQLSTATE": field("state_code"),
            "DETAIL": field("detail"),
            "HINT": field("hint"),
            "CONTEXT": field("context"),
            "STATEMENT": field("statement"),
        },
    )
    return Record(record.text, record.level, record.logger, _json_moment(data), detail=record.detail)


def parse_csv_log(text: str) -> Record | None:
    """Read a line of PostgreSQL's csvlog, or return None when it is none."""
    if _CSV.match(text) is None:
        return None
    try:
        row = next(csv.reader([text]), [])
    except csv.Error:
        return None
    if len(row) < 14 or level_of(row[11]) is None:
        return None
    row += [""] * (_CSV_COLUMNS - len(row))
    record = _postgres_record(
        row[11],
        row[13],
        (row[1], row[2], row[22]),
        {"SQLSTATE": row[12], "DETAIL": row[14], "HINT": row[15], "CONTEXT": row[18], "STATEMENT": row[19]},
    )
    return Record(record.text, record.level, record.logger, moment_of_text(row[0]), detail=record.detail)


def parse_logfmt(text: str) -> Record:
    """Read a logfmt line: ``time=… level=error msg="…" err="…"``."""
    fields: dict[str, str] = {}
    for key, value in _LOGFMT_PAIR.findall(text):
        bare = value[1:].removesuffix('"').replace('\\"', '"').replace("\\n", " ") if value[:1] == '"' else value
        fields.setdefault(key, bare)
    message = first_text(fields, ("msg", "message", "event"))
    error = first_text(fields, ("err", "error", "reason"))
    body = f"{message}: {error}" if message and error and error not in message else message or error or text
    level = first_text(fields, ("level", "lvl", "severity"))
    time = first_text(fields, ("time", "ts", "t", "timestamp"))
    return Record(
        body,
        level_of(level) if level else None,
        first_text(fields, ("logger", "component", "subsys", "source", "caller")),
        moment_of_text(time) if time else None,
        exception_in(body),
    )
