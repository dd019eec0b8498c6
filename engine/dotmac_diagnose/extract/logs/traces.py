"""Traces of Python: many lines, one message.

Threads write at the same time, and tails begin in the middle: a trace may lack its
beginning, hold lines of another one, or never end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .masking import mask_statement, mask_values
from .record import is_exception_name, level_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .lines import Line

_MAX_LINES = 4000
_MAX_CONTINUATIONS = 20

_HEADER = "Traceback (most recent call last)"
_HEADER_END = f"{_HEADER}:"
_PYTHON_FRAME = re.compile(r'\s*File "([^"]{1,400})", line \d+(?:, in (.{1,120}))?')
_GROUP_PREFIX = re.compile(r"[ |+\-]*(?:\d+ -{3,})?")
_CHAINED = (
    "The above exception was the direct cause of the following exception",
    "During handling of the above exception, another exception occurred",
)
_FINAL = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: ?(.*))?\Z", re.ASCII | re.DOTALL)
_POSTGRES_PART = re.compile(r"(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d{1,6}):")
_PACKAGES = re.compile(r".*/(?:site|dist)-packages/")


@dataclass(frozen=True, slots=True)
class Trace:
    """A stack trace.

    Args:
        text: the last raised exception with its message; groups name their members, Java its root cause.
        exception: class name without module.
        frames: innermost ``file:function``, None when no frame was seen.
        causes: the exceptions before it in the chain, the latest first; empty when there are none.
        last: index of its last line.
        level: panic for a panic of Go.
    """

    text: str
    exception: str | None
    frames: str | None
    causes: str
    last: int
    level: str | None = None


def opens_python_trace(text: str) -> bool:
    """Tell whether a line begins a Python trace, or lies in the middle of one."""
    return text.endswith(_HEADER_END) or (text[:7] == "  File " and _PYTHON_FRAME.match(text) is not None)


def is_pointer(text: str) -> bool:
    """Tell whether a line only marks a place in the line above it."""
    return not text.strip(" \t~^")


def final_exception(text: str) -> tuple[str, str] | None:
    """Return class (with module) and message when a line reads like the last line of a Python trace."""
    match = _FINAL.match(text)
    if match is None or level_of(match.group(1)) is not None:
        return None
    name, message = match.group(1), match.group(2)
    last = name.rpartition(".")[2]
    if message is None and not (is_exception_name(last) or "." in name):
        return None
    return name, message or ""


def looks_like_exception(text: str) -> bool:
    """Tell whether a line that no trace precedes is the last line of one (``a.b.SomeError: …``)."""
    found = final_exception(text)
    return found is not None and is_exception_name(found[0].rpartition(".")[2])


def read_python_trace(lines: Sequence[Line], start: int) -> Trace | None:
    """Read the Python trace that opens at a line, with its chain.

    Args:
        lines: all lines of the log.
        start: index of the opening line, of a frame in the middle, or of a lone last line.

    Returns:
        The trace, or None when another message comes before the exception's own line.
    """
    finals: list[str] = []
    frame: str | None = None
    index, end = start, min(len(lines), start + _MAX_LINES)
    if _HEADER in lines[start].text and "Exception Group" in lines[start].text:
        return _group_with_chain(lines, start)
    while index < end:
        text = lines[index].text
        found = _PYTHON_FRAME.match(text)
        if found is not None:
            frame = _frame(found)
        elif text[0] not in " \t" and not is_pointer(text) and _HEADER not in text:
            final = final_exception(text)
            if final is None:
                return None
            text, index = _with_continuations(lines, index, final)
            finals.append(text)
            following = _chained(lines, index)
            if following is None:
                return _python_trace(finals, frame, index)
            index = following
        index += 1
    return None


def _frame(match: re.Match[str]) -> str:
    return f"{_PACKAGES.sub('', match.group(1))}:{match.group(2) or '<module>'}"[-200:]


def _chained(lines: Sequence[Line], index: int) -> int | None:
    """Return the index of the sentence that chains the next trace to this one."""
    if index + 1 < len(lines) and lines[index + 1].text.startswith(_CHAINED):
        return index + 1
    return None


def _python_trace(finals: list[str], frame: str | None, last: int) -> Trace:
    text = finals[-1]
    name = text.partition(":")[0].rpartition(".")[2]
    earlier = [cause for cause in reversed(finals[:-1]) if cause.partition(": ")[2] not in text]
    return Trace(text, name[:100], frame, " ".join(f"caused by {cause}" for cause in earlier), last)


def _with_continuations(lines: Sequence[Line], index: int, final: tuple[str, str]) -> tuple[str, int]:
    """Return the exception with the further lines of its message, and the index of the last of them."""
    name, message = final
    parts = [f"{name}: {message}" if message else name]
    fields = "validation error" in message
    for following in range(index + 1, min(len(lines), index + 1 + _MAX_CONTINUATIONS)):
        text = lines[following].text
        part = _continuation(text, fields=fields)
        if part is None:
            break
        index = following
        if part:
            parts.append(part)
    return mask_values(" ".join(parts)), index


def _continuation(text: str, *, fields: bool) -> str | None:
    """Return what a line adds to an exception's message; empty when nothing, None when it does not belong to it."""
    if text.startswith("[SQL: "):
        return f"[SQL: {mask_statement(text[6:].rstrip(']'))}]"
    if text.startswith(("[parameters: ", "(Background on this error at: ")):
        return ""
    if text[0] == "\t" and not text.startswith("\tat "):
        return text.strip()
    if _POSTGRES_PART.match(text):
        return text if not text.startswith("LINE") else f"LINE: {mask_statement(text.partition(':')[2])}"
    if fields and not is_pointer(text) and (text.startswith("  ") or re.fullmatch(r"[\w.\[\]\-]{1,80}", text)):
        return "" if text.lstrip().startswith("For further information") else text.strip()
    return None


def is_trace_remark(text: str) -> bool:
    """Tell whether a line is one of those between and after the traces of a chain, which say nothing alone."""
    return text.startswith((*_CHAINED, "raise ", "[SQL: ", "[parameters: ", "(Background on this error at: "))


def _group_with_chain(lines: Sequence[Line], start: int) -> Trace | None:
    group = _read_group(lines, start)
    following = _chained(lines, group.last) if group is not None else None
    if group is None or following is None or following + 1 >= len(lines):
        return group
    later = read_python_trace(lines, following + 1)
    if later is None:
        return group
    return replace(later, causes=f"{later.causes} caused by {group.text}".strip())


def _read_group(lines: Sequence[Line], start: int) -> Trace | None:
    """Read the trace of an ExceptionGroup; its members stand behind bars."""
    names: list[str] = []
    frame: str | None = None
    index = start
    for index in range(start + 1, min(len(lines), start + _MAX_LINES)):
        text = lines[index].text
        if not text.lstrip().startswith(("|", "+")):
            index -= 1
            break
        body = text[_GROUP_PREFIX.match(text).end() :]  # type: ignore[union-attr]  # it matches always
        found = _PYTHON_FRAME.match(body)
        if found is not None:
            frame = _frame(found)
        elif "|     " not in text and _HEADER not in text and (final := final_exception(body)) is not None:
            names.append(f"{final[0]}: {final[1]}" if final[1] else final[0])
    if not names:
        return None
    leaves = [name for name in names if "sub-exception" not in name]
    shown = leaves[0] if len(leaves) == 1 else names[0]
    text = mask_values(f"{names[0]}: {'; '.join(leaves)}" if leaves and leaves[0] != names[0] else names[0])
    return Trace(text, shown.partition(":")[0].rpartition(".")[2][:100], frame, "", index)
