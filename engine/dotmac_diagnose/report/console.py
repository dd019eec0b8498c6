"""The report for people at a terminal (contract 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cause_block import cause_lines
from .closing_block import (
    candidate_lines,
    change_lines,
    check_lines,
    closing_lines,
    examined_lines,
    weakness_lines,
)
from .layout import BLANK, Line, Span, plain, row, sentence
from .printable import printable
from .view import View, exit_reason, hidden_causes, listed, percent, shown_causes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotmac_diagnose.diagnosis import Diagnosis

_PAINT = {
    "plain": "",
    "P0": "bold white on red",
    "P1": "bold red",
    "P2": "bold yellow",
    "P3": "bold cyan",
    "strong": "bold",
    "quiet": "dim",
    "good": "green",
    "label": "cyan",
    "command": "bold",
    "warning": "yellow",
    "against": "magenta",
    "destructive": "bold red",
}
_CERTAIN = 0.5
_MOST_STATES = 3


def lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return the report as wrapped, styled lines; all texts are safe to print."""
    if diagnosis.status == "healthy" and not any(cause.reported for cause in diagnosis.causes):
        return _quiet(diagnosis, view)
    found: list[Line] = []
    causes = shown_causes(diagnosis, view)
    listed_findings: set[tuple[str, str]] = set()
    printed_fixes: set[int] = set()
    for number, cause in enumerate(causes):
        if cause.kind == "posture" and (number == 0 or causes[number - 1].kind != "posture"):
            found += [*sentence("weaknesses without present effect", width=view.width, style="label"), BLANK]
        found += [*cause_lines(diagnosis, cause, view, listed_findings, printed_fixes), BLANK]
    if not causes:
        found += _without_cause(diagnosis, view)
    found += candidate_lines(diagnosis, view)
    found += check_lines(diagnosis, view)
    found += change_lines(diagnosis, view)
    return [*found, *closing_lines(diagnosis, view)]


def _quiet(diagnosis: Diagnosis, view: View) -> list[Line]:
    """All is well: say so, and what was looked at."""
    found = sentence("nothing needs you", width=view.width, style="good")
    found += candidate_lines(diagnosis, view)
    found += weakness_lines(diagnosis, view)
    found += examined_lines(diagnosis, view)
    if view.exit_code is not None:
        spent = f"{diagnosis.timings_ms.total / 1000:.1f} s"
        found += sentence(exit_reason(diagnosis, view), width=view.width, right=spent)
    return found


def _without_cause(diagnosis: Diagnosis, view: View) -> list[Line]:
    """No cause to print: the head line, and the most upstream states that are certain."""
    if hidden_causes(diagnosis, view):
        return [*sentence(f"no cause at or above {view.show}", width=view.width, style="strong"), BLANK]
    found = sentence(printable(diagnosis.headline), width=view.width, style="strong")
    certain = [state for state in diagnosis.states if state.probability >= _CERTAIN]
    for number, state in enumerate(certain[:_MOST_STATES]):
        text = f"{printable(state.title or state.id)} ({printable(state.entity, 200)})"
        right = percent(state.probability)
        found += row("" if number else "certain", text, width=view.width, right=right)
        names = (f"{printable(item.cause)} {percent(item.confidence)}" for item in state.explained_by)
        if state.explained_by:
            found += row("", f"by {listed(names, 3)}", width=view.width, style="quiet")
    if diagnosis.status == "inconclusive":
        found += row("", "no finding is known on any entity: nothing can be concluded", width=view.width)
    return [*found, BLANK]


def render(diagnosis: Diagnosis, view: View) -> str:
    """Return the report as plain text."""
    return "".join(f"{plain(line)}\n" for line in lines(diagnosis, view))


def render_coloured(diagnosis: Diagnosis, view: View) -> str:
    """Return the report with terminal colours, as far as the terminal named by ``TERM`` has them."""
    return paint(lines(diagnosis, view))


def paint(content: Iterable[Line]) -> str:
    """Return lines with terminal colours. Spans are literal: markup in them is never interpreted."""
    import io

    from rich.console import Console
    from rich.text import Text

    buffer = io.StringIO()
    console = Console(
        file=buffer, force_terminal=True, markup=False, emoji=False, highlight=False, soft_wrap=True, width=120
    )
    for line in content:
        spans = line or (Span(""),)
        console.print(Text.assemble(*((span.text, _PAINT[span.style]) for span in spans)), soft_wrap=True)
    return buffer.getvalue()
