"""Walks through the lines of a log and tells every message of trouble and every answered request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .access import Access, parse_access
from .formats import parse_line
from .masking import mask_statement
from .stacks import is_stack_line, is_throwable, opens_go_panic, read_embedded, read_go_panic, read_stack
from .traces import (
    Trace,
    final_exception,
    is_pointer,
    is_trace_remark,
    looks_like_exception,
    opens_python_trace,
    read_python_trace,
)
from .trouble import SERIOUS_LEVELS, is_trouble, may_be_trouble

if TYPE_CHECKING:
    from datetime import datetime

    from .lines import Line
    from .record import Record

_STRAY_LINES = 60
"""Indented lines this near to a trace are parts of it that another thread tore off."""
MAX_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One message of trouble.

    Args:
        text: see :class:`dotmac_diagnose.facts.logs.LogMessage`, as are the next six.
        moment: in UTC; None when no time is known.
        first: index of its first line among the lines of the log.
        last: index of its last line.
        template: what it is grouped by; empty: made from the text.
        postgres: a message of a PostgreSQL server; its further lines may quote SQL.
    """

    text: str
    level: str | None
    logger: str | None
    exception: str | None
    traceback: bool
    frames: str | None
    detail: str | None
    moment: datetime | None
    first: int
    last: int
    template: str = ""
    postgres: bool = False


@dataclass(slots=True)
class _Walk:
    """The state of one walk through a log."""

    lines: list[Line]
    reference: datetime
    found: list[Occurrence] = field(default_factory=list)
    accesses: list[tuple[datetime, Access]] = field(default_factory=list)
    stray_until: int = -1
    in_literal: bool = False

    def step(self, index: int) -> int:
        """Read what begins at a line; return the index of the next one to read."""
        line = self.lines[index]
        text = line.text
        if opens_python_trace(text):
            return self._python(index)
        if text[0] in " \t":
            return self._indented(index)
        if is_trace_remark(text):
            return index + 1
        access = parse_access(text) if '" ' in text or text[0] == "{" else None
        if access is not None:
            self._access(index, access)
            return index + 1
        followed = index + 1 < len(self.lines) and is_stack_line(self.lines[index + 1].text)
        if not followed and not may_be_trouble(text):
            return (
                self._postgres_part(index) if ":  " in text[:250] and self._previous(index) is not None else index + 1
            )
        if text.startswith(("panic: ", "fatal error: ", "runtime: ")) and opens_go_panic(self.lines, index):
            return self._take(read_go_panic(self.lines, index), index, None)
        if looks_like_exception(text) and not followed:
            return self._python(index)
        record = parse_line(text, self.reference)
        if record.continues or record.postgres:
            self.in_literal = text.count("'") % 2 == 1
        if record.continues:
            return self._attach(index, record.text)
        if followed:
            head = None if record.has_header else self._head(index)
            shown = text if is_throwable(text) else record.text
            return self._take(read_stack(self.lines, index, shown), index, record, head)
        if is_trouble(record.text, record.level) or record.trace is not None:
            self._message(index, record)
        return index + 1

    def _moment(self, index: int, own: datetime | None = None) -> datetime | None:
        return self.lines[index].moment or own

    def _previous(self, index: int) -> Occurrence | None:
        """Return the message that ends right before a line."""
        return self.found[-1] if self.found and self.found[-1].last == index - 1 else None

    def _head(self, index: int) -> Occurrence | None:
        """Take back the log message whose trace begins at a line."""
        previous = self._previous(index)
        if previous is None or previous.traceback or previous.level not in SERIOUS_LEVELS | {"warning"}:
            return None
        return self.found.pop()

    def _python(self, index: int) -> int:
        text = self.lines[index].text
        trace = read_python_trace(self.lines, index)
        if trace is None:
            self.stray_until = index + _STRAY_LINES
            if text[0] not in " \t" and "Traceback (most recent call last)" not in text:
                self._message(index, parse_line(text, self.reference))
            return index + 1
        before = text.partition("Traceback (most recent call last)")[0].strip(" +|")
        if before and "Traceback" in text and not before.startswith("Exception Group"):
            head = parse_line(text, self.reference)
            return self._take(trace, index, replace(head, text=before if head.text == text else head.text))
        return self._take(trace, index, None, self._head(index))

    def _take(self, trace: Trace, index: int, record: Record | None, head: Occurrence | None = None) -> int:
        """Add a trace as one message; the log line in front of it becomes its detail."""
        heads = [head.text, head.detail or ""] if head is not None else []
        if record is not None and record.text.partition(" Traceback (most")[0] not in trace.text:
            heads.append(record.text.partition(" Traceback (most")[0])
        detail = " ".join(part for part in (*heads, trace.causes) if part and part != trace.text)
        source = head or record
        self.found.append(
            Occurrence(
                text=trace.text,
                level=trace.level or (source.level if source is not None else None) or _default_level(trace),
                logger=source.logger if source is not None else None,
                exception=trace.exception or (source.exception if source is not None else None),
                traceback=trace.frames is not None or index <= self.stray_until or trace.last > index,
                frames=trace.frames,
                detail=detail[:MAX_DETAIL] or None,
                moment=self._moment(trace.last, source.moment if source is not None else None),
                first=head.first if head is not None else index,
                last=trace.last,
            )
        )
        self.stray_until = trace.last + _STRAY_LINES
        return trace.last + 1

    def _indented(self, index: int) -> int:
        """Read a line that begins with blanks: part of the message before, of a torn trace, or on its own."""
        text = self.lines[index].text
        previous = self._previous(index)
        if is_pointer(text) or is_stack_line(text):
            return index + 1
        if previous is not None and previous.postgres:
            return self._attach_sql(index, text)
        if index <= self.stray_until and text[0] == " ":
            return index + 1
        if previous is not None:
            return self._attach(index, text.strip())
        if may_be_trouble(text):
            record = parse_line(text.strip(), self.reference)
            if is_trouble(record.text, record.level):
                self._message(index, record)
        return index + 1

    def _postgres_part(self, index: int) -> int:
        text = self.lines[index].text
        record = parse_line(text, self.reference)
        if not record.continues:
            return index + 1
        self.in_literal = text.count("'") % 2 == 1
        return self._attach(index, record.text)

    def _attach(self, index: int, text: str) -> int:
        """Add a DETAIL, HINT, STATEMENT … or further line to the message right before it."""
        previous = self._previous(index)
        if previous is not None:
            detail = f"{previous.detail or ''} {text}".strip()
            self.found[-1] = replace(previous, detail=detail[:MAX_DETAIL] or None, last=index)
        return index + 1

    def _attach_sql(self, index: int, text: str) -> int:
        """Add a further line of a PostgreSQL message without its literals, which may span lines."""
        spans = text.count("'") % 2 == 1
        inside, self.in_literal = self.in_literal, self.in_literal != spans
        return self._attach(index, "" if inside or spans else mask_statement(text.strip()))

    def _access(self, index: int, access: Access) -> None:
        moment = self._moment(index, access.moment)
        if moment is not None:
            self.accesses.append((moment, access))
        if access.status >= 400:
            text = f'"{access.method} {access.path.partition("?")[0]}" {access.status}'
            where = f" from {access.backend}" if access.backend else ""
            self.found.append(
                Occurrence(
                    text=text + where,
                    level=None,
                    logger="access",
                    exception=None,
                    traceback=False,
                    frames=None,
                    detail=None,
                    moment=moment,
                    first=index,
                    last=index,
                    template=f"{access.template} {access.backend}",
                )
            )

    def _message(self, index: int, record: Record) -> None:
        text, exception, frames, detail = record.text, record.exception, None, record.detail
        if record.trace is not None:
            raised, name, frames = read_embedded(record.trace)
            if raised is not None:
                detail = text if text not in raised else detail
                text, exception = raised, name
        if exception is None and not record.has_header and (final := final_exception(text)) is not None:
            name = final[0].rpartition(".")[2]
            exception = name if is_throwable(text) else None
        self.found.append(
            Occurrence(
                text=text,
                level=record.level,
                logger=record.logger,
                exception=exception,
                traceback=frames is not None,
                frames=frames,
                detail=detail[:MAX_DETAIL] if detail else None,
                moment=self._moment(index, record.moment),
                first=index,
                last=index,
                postgres=record.postgres,
            )
        )


def _default_level(trace: Trace) -> str:
    return "warning" if (trace.exception or "").endswith("Warning") else "error"


def read_messages(lines: list[Line], reference: datetime) -> tuple[list[Occurrence], list[tuple[datetime, Access]]]:
    """Read the messages of trouble and the answered requests of a log.

    Args:
        lines: as :func:`.lines.split_lines` gives them.
        reference: the capture; gives the year where a format writes none.

    Returns:
        Both in the order of the log; requests only where a time is known.
    """
    walk = _Walk(lines, reference)
    index = 0
    while index < len(lines):
        index = walk.step(index)
    return walk.found, walk.accesses
