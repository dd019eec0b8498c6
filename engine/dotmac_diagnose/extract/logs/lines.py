"""From the text of a log to clean lines with their moments."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .moments import moment_of_stamp, split_stamp

if TYPE_CHECKING:
    from datetime import datetime

MAX_CHARACTERS = 32 * 1024 * 1024
"""Of a longer text only the end is read."""
MAX_LINES = 300_000
"""Of more lines only the last ones are read."""
MAX_LINE = 16 * 1024
"""Of a longer line only the beginning is read."""

_ANSI = re.compile(r"\x1b(?:\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_LOG = re.compile(
    r"unable to retrieve container logs for |failed to try resolving symlinks in path |failed to open log file |"
    r"Error from server |Request log error: |==== (?:START|END) logs for container "
)
_STATUS = re.compile(r'\{"kind":"Status","apiVersion":"v1",')


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty.

    Args:
        moment: from the stamp in front of it, in UTC; None without one.
        text: without stamp, escapes, control characters and line end; may start with blanks or a tab.
    """

    moment: datetime | None
    text: str


def without_surrogates(text: str) -> str:
    """Return the text with lone surrogates, which no encoding can write, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def printable_text(text: str) -> str:
    """Return the text without terminal escapes, control characters (tabs stay) and lone surrogates."""
    if text.isprintable():
        return text
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return without_surrogates(_CONTROL.sub(" ", text))


def split_lines(text: str) -> tuple[list[Line], bool]:
    """Split the text of a log.

    Words of ``kubectl`` or of the kubelet in place of a log (``unable to retrieve container
    logs for …``, a Status object) and the frames of ``cluster-info dump`` are no lines.

    Returns:
        The lines that are not empty, and whether the beginning was left out for its length.
    """
    text, cut = _tail(text)
    parts = text.split("\n")
    cut = cut or len(parts) > MAX_LINES
    lines: list[Line] = []
    for whole in parts[-MAX_LINES:]:
        raw = whole[:MAX_LINE]
        if raw.startswith('{"log":"'):
            moment, body = _unwrap(raw)
        else:
            moment, body = split_stamp(raw)
        body = body.rstrip() if body.isprintable() else printable_text(body).rstrip()
        if body and not (_NO_LOG.match(body) or _STATUS.match(body)):
            lines.append(Line(moment, body))
    return lines, cut


def _tail(text: str) -> tuple[str, bool]:
    if len(text) <= MAX_CHARACTERS:
        return text, False
    start = text.find("\n", len(text) - MAX_CHARACTERS)
    if 0 <= start < len(text) - 1:
        return text[start + 1 :], True
    start = text.rfind("\n", 0, len(text) - 1) + 1
    return text[start : start + MAX_LINE], True


def _unwrap(raw: str) -> tuple[datetime | None, str]:
    """Return moment and message of a line of Docker's json-file driver."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return None, raw
    message, time = data.get("log"), data.get("time")
    if not isinstance(message, str) or not isinstance(time, str) or "stream" not in data:
        return None, raw
    return moment_of_stamp(time), message.rstrip("\n")
