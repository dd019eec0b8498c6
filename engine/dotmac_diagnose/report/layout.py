"""Lines of styled text and how they are wrapped: the model that every text report is made of.

A line is a tuple of spans. It is already wrapped; whoever prints it adds nothing and cuts nothing.
All texts in a span have passed :func:`~dotmac_diagnose.report.printable.printable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .printable import cell_width

Style = Literal[
    "plain", "P0", "P1", "P2", "P3", "strong", "quiet", "good", "label", "command", "warning", "against", "destructive"
]

INDENT = 4
LABEL = 9
"""Columns of a label such as ``why``; texts begin at column ``INDENT + LABEL``."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style."""

    text: str
    style: Style = "plain"


Line = tuple[Span, ...]

BLANK: Line = ()

_GLUE = "\0"
"""Stands for a space at which no line ends; printable texts hold none."""


def plain(line: Line) -> str:
    """Return the text of a line without trailing spaces."""
    return "".join(span.text for span in line).rstrip()


def wrap(text: str, width: int) -> list[str]:
    """Break a printable text at spaces into pieces of at most ``width`` columns.

    A word that is longer than a piece is broken where it must be. A percent sign stays with its number.
    """
    return [piece.replace(_GLUE, " ") for piece in _pieces(text.replace(" %", f"{_GLUE}%").split(), width)]


def _pieces(words: list[str], width: int) -> list[str]:
    pieces: list[str] = []
    current = ""
    for word in words:
        candidate = f"{current} {word}" if current else word
        if cell_width(candidate) <= width:
            current = candidate
            continue
        if current:
            pieces.append(current)
        *full, current = _broken(word, width)
        pieces.extend(full)
    pieces.append(current)
    return pieces


def _broken(word: str, width: int) -> list[str]:
    """Break a long word after a separator where there is one in the second half of the room, else anywhere."""
    parts: list[str] = []
    while cell_width(word) > width:
        end, used = 0, 0
        while used + cell_width(word[end]) <= width or end == 0:
            used += cell_width(word[end])
            end += 1
        separator = max(word.rfind(mark, 0, end) for mark in ",/;:") + 1
        end = separator if separator > end // 2 else end
        parts.append(word[:end])
        word = word[end:]
    return [*parts, word]


def padded(text: str, columns: int) -> str:
    """Fill a text with spaces up to a number of columns."""
    return text + " " * max(0, columns - cell_width(text))


def row(
    label: str,
    text: str,
    *,
    width: int,
    right: str = "",
    style: Style = "plain",
    right_style: Style = "quiet",
    most: int | None = None,
) -> list[Line]:
    """Return a labelled paragraph: label, wrapped text, and a value at the right of its last line.

    Args:
        label: at most eight characters; empty continues the label above.
        text: printable text of any length.
        width: columns of the report.
        right: short value that stands at the right edge.
        style: of the text.
        right_style: of the value.
        most: greatest number of lines; a longer text ends with an ellipsis.
    """
    start = INDENT + LABEL
    room = max(20, width - start - (cell_width(right) + 2 if right else 0))
    pieces = wrap(text, room)
    if most is not None and len(pieces) > most:
        pieces = [*pieces[: most - 1], _shortened(pieces[most - 1], room)]
    lines: list[Line] = []
    for number, piece in enumerate(pieces):
        head = Span(" " * INDENT + padded(label if number == 0 else "", LABEL), "label")
        if right and number == len(pieces) - 1:
            lines.append((head, Span(padded(piece, room + 2), style), Span(right, right_style)))
        else:
            lines.append((head, Span(piece, style)))
    return lines


def _shortened(piece: str, room: int) -> str:
    while piece and cell_width(piece) > room - 2:
        piece = piece[:-1]
    return piece.rstrip() + " …"


def sentence(text: str, *, width: int, right: str = "", style: Style = "plain", hanging: int = INDENT) -> list[Line]:
    """Return a paragraph from the left edge; later lines are indented by ``hanging``.

    ``right`` stands at the right edge of the first line.
    """
    first, *rest = wrap(text, width - (cell_width(right) + 2 if right else 0)) or [""]
    later = wrap(" ".join(rest), width - hanging) if rest else []
    head: Line = (Span(first, style),)
    if right:
        head = (Span(padded(first, width - cell_width(right)), style), Span(right, "quiet"))
    return [head, *((Span(" " * hanging + piece, style),) for piece in later)]
