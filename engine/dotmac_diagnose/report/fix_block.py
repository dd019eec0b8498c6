"""One fix: how dangerous it is, and its commands as they can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layout import INDENT, LABEL, Line, Span, Style, padded, row, wrap
from .printable import cell_width, command_lines, printable
from .view import View, applicability, risk

if TYPE_CHECKING:
    from collections.abc import Container

    from dotmac_diagnose.diagnosis import Fix, FixStep

_TOOLS = frozenset(
    {
        "alembic",
        "curl",
        "docker",
        "echo",
        "for",
        "grep",
        "helm",
        "journalctl",
        "kubectl",
        "nginx",
        "openssl",
        "pg_ctl",
        "psql",
        "redis-cli",
        "ssh",
        "sudo",
        "systemctl",
    }
)
_NOT_EXACT = "holds characters that cannot be shown; do not paste it, see --format json"


def fix_lines(fix: Fix, view: View, said: Container[str] = ()) -> list[Line]:
    """Return a fix: title, class, preconditions, warnings, commands, verification, way back.

    ``said`` holds the preconditions that a fix above has named already.

    Commands stand alone on their lines, behind spaces only; they are never wrapped and never cut.
    """
    lines = _title(fix, view)
    for text in (text for text in fix.preconditions if text not in said):
        lines += row("", f"first: {printable(text)}", width=view.width, style="warning")
    for text in fix.warnings:
        lines += row("", f"careful: {printable(text)}", width=view.width, style="warning")
    for step in fix.steps:
        lines += step_lines(step, view)
    if view.verbose:
        if fix.verify:
            lines += row("", "cured when gone: " + ", ".join(printable(text) for text in fix.verify), width=view.width)
        if fix.guide or fix.errata:
            lines += row("", "guide: " + ", ".join(map(printable, [*fix.guide, *fix.errata])), width=view.width)
    if fix.rollback:
        lines += row("", "back:", width=view.width, style="quiet")
        for text in fix.rollback:
            lines += command_or_words(text, view)
    return lines


def _title(fix: Fix, view: View) -> list[Line]:
    words = [risk(fix), *(["approve"] if fix.requires_approval else []), applicability(fix)]
    right = "  ".join(words)
    title = printable(fix.title, 300)
    if fix.effect == "relief":
        title += " (relief, not a cure)"
    style: Style = "destructive" if fix.risk == "destructive" else "quiet"
    pieces = wrap(title, max(20, view.width - INDENT - LABEL - cell_width(right) - 2))
    head = Span(" " * INDENT + padded(f"fix {fix.rank}", LABEL), "label")
    room = view.width - INDENT - LABEL - cell_width(right)
    lines: list[Line] = [(head, Span(padded(pieces[0], room), "strong"), Span(right, style))]
    return [*lines, *((Span(" " * (INDENT + LABEL)), Span(piece, "strong")) for piece in pieces[1:])]


def step_lines(step: FixStep, view: View) -> list[Line]:
    """Return one step: a command as it is, or words for a person."""
    if step.tool == "manual":
        return row("", f"by hand: {printable(step.run)}", width=view.width)
    return copyable(step.run, view, "command")


def command_or_words(text: str, view: View) -> list[Line]:
    """Return a command as it is, and any other text wrapped."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    return copyable(text, view, "command") if first in _TOOLS else row("", printable(text), width=view.width)


def copyable(command: str, view: View, style: Style) -> list[Line]:
    """Return a command on its own lines."""
    shown, exact = command_lines(command)
    lines: list[Line] = [(Span(" " * (INDENT + LABEL)), Span(line, style)) for line in shown]
    if not exact:
        lines += row("", f"the command above {_NOT_EXACT}", width=view.width, style="warning")
    return lines
