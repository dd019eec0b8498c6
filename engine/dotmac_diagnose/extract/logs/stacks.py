"""Stack traces of Java, Node and Go, and traces inside structured lines: many lines, one message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .lines import Line
from .masking import mask_values
from .moments import split_time
from .record import is_exception_name
from .traces import Trace, opens_python_trace, read_python_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_LINES = 4000
_AT = re.compile(r"\s+at \S")
_AT_FRAME = re.compile(r"\s+at (?:async )?([\w$.<>/@ ]{1,200}?)(?: \[as [^\]]{1,60}\])? ?\(([^()]{0,300})\)")
_MORE = re.compile(
    r"\s*\.\.\. \d+ (?:more|common frames)|\s+Suppressed: |\s*(?:Caused by|Suppressed): |\s*\[CIRCULAR|Node\.js v\d"
)
_CAUSED_BY = re.compile(r"\s*Caused by: (.*)")
_THROWABLE = re.compile(
    r"(?:Exception in thread \"[^\"]{0,100}\" |Uncaught |Unhandled exception\. )?"
    r"((?:[A-Za-z_$][\w$]{0,80}[./]){0,15}[A-Z][\w$]{0,120})(?: \[\w+\])?(?::\s?(.*))?\Z",
    re.ASCII,
)
_GO_PANIC = re.compile(r"panic: |fatal error: |runtime: goroutine stack exceeds")
_GOROUTINE = re.compile(r"goroutine \d+ (?:gp=\S+ m=\S+ )?\[|\[signal ")
_GO_LINE = re.compile(
    r"goroutine \d|\[signal |\t|created by |exit status |runtime stack:|[\w.*/()\-]{1,300}\(.{0,400}\)\Z"
)
_GO_FUNCTION = re.compile(r"([\w./*()\-]{1,200})\([^()]{0,400}\)\Z")


def is_stack_line(text: str) -> bool:
    """Tell whether a line is a frame as Java and Node write them."""
    return _AT.match(text) is not None


def read_stack(lines: Sequence[Line], start: int, text: str) -> Trace:
    """Read the frames (``at …``) that follow a message of Java or Node.

    Args:
        lines: all lines of the log.
        start: index of the message; its frames begin at the next line.
        text: the message without its header.
    """
    frame: str | None = None
    cause: str | None = None
    braces = False
    index = start
    for index in range(start + 1, min(len(lines), start + _MAX_LINES)):
        line = lines[index].text
        caused = _CAUSED_BY.match(line)
        found = _AT_FRAME.match(line)
        if caused is not None:
            cause, frame = caused.group(1).strip(), None
        elif found is not None:
            frame = frame or _at_frame(found)
        elif not (is_stack_line(line) or _MORE.match(line) or (braces and line[0] in " }")):
            index -= 1
            break
        braces = braces or line.endswith("{")
    match = _THROWABLE.match(text)
    name = match.group(1).replace("/", ".").rpartition(".")[2] if match is not None else None
    if cause is not None and cause not in text:
        text = f"{text} Caused by: {cause}"
    return Trace(mask_values(text), name[:100] if name else None, frame, "", index)


def _at_frame(match: re.Match[str]) -> str:
    function, place = match.group(1), match.group(2)
    file = re.sub(r":\d+(?::\d+)?\Z", "", place)
    name = function if place.startswith(("node:", "/", "file:")) else function.rpartition(".")[2]
    return f"{file}:{name}"[-200:]


def is_throwable(text: str) -> bool:
    """Tell whether a line reads like the first line of a Java or Node exception."""
    match = _THROWABLE.match(text)
    return match is not None and is_exception_name(match.group(1))


def opens_go_panic(lines: Sequence[Line], start: int) -> bool:
    """Tell whether a panic of Go begins here: its goroutines follow within a few lines."""
    if _GO_PANIC.match(lines[start].text) is None:
        return False
    return any(_GOROUTINE.match(line.text) for line in lines[start + 1 : start + 8])


def read_go_panic(lines: Sequence[Line], start: int) -> Trace:
    """Read a panic of Go with the stacks of its goroutines."""
    text = lines[start].text
    frame: str | None = None
    function: str | None = None
    stack = False
    index = start
    for index in range(start + 1, min(len(lines), start + _MAX_LINES)):
        line = lines[index].text
        if _GOROUTINE.match(line):
            stack = stack or line.startswith("goroutine")
        elif not _GO_LINE.match(line) if stack else split_time(line)[2]:
            index -= 1
            break
        called = _GO_FUNCTION.match(line)
        if called is not None:
            function = called.group(1)
        elif line[0] == "\t" and function is not None and frame is None:
            if not function.startswith(("runtime.", "panic", "testing.")):
                frame = f"{line.strip().partition(':')[0]}:{function}"[-200:]
            function = None
    return Trace(text, "panic", frame, "", index, level="panic")


def read_embedded(trace: str) -> tuple[str | None, str | None, str | None]:
    """Read a trace that a field of a structured line holds.

    Returns:
        Text of the exception, its class, and the innermost frame; None for what was not found.
    """
    lines = [Line(None, line) for line in trace.split("\n")[:_MAX_LINES] if line.strip()]
    start = next((index for index, line in enumerate(lines) if opens_python_trace(line.text)), None)
    if start is not None:
        found = read_python_trace(lines, start)
    elif len(lines) > 1 and is_stack_line(lines[1].text):
        found = read_stack(lines, 0, lines[0].text)
    else:
        return None, None, None
    return (found.text, found.exception, found.frames) if found is not None else (None, None, None)
