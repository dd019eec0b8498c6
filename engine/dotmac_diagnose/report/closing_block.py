"""What stands below the causes: candidates, next checks, changes, and the closing lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fix_block import command_or_words
from .layout import BLANK, Line, Span, row, sentence
from .printable import printable
from .view import (
    View,
    candidates,
    counted,
    detail_of,
    exit_reason,
    fix_counts,
    hidden_causes,
    listed,
    not_seen,
    percent,
    quiet_weaknesses,
    shortened,
    shown_causes,
)

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis, NextCheck

_MOST_CANDIDATES = 3
_MOST_CHECKS = 3
_MOST_CHANGES = 3
_MOST_NAMES = 5


def candidate_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return the causes below the threshold in one short block."""
    found = candidates(diagnosis)
    shown = found if view.verbose else found[:_MOST_CANDIDATES]
    lines: list[Line] = []
    for cause in shown:
        text = f"{printable(cause.title, 200)} ({printable(cause.entity.id, 200)})"
        right = f"{percent(cause.confidence):>5}  {cause.severity}"
        lines += row("" if lines else "perhaps", text, width=view.width, right=right, most=2)
    if len(found) > len(shown):
        lines += row("", f"and {len(found) - len(shown)} less likely", width=view.width, style="quiet")
    return [*lines, BLANK] if lines else []


def weakness_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return one line about weaknesses without present effect that were not asked for."""
    found = quiet_weaknesses(diagnosis)
    if not found:
        return []
    if not view.verbose:
        noun = "weakness" if len(found) == 1 else "weaknesses"
        return sentence(f"{len(found)} {noun} without present effect (--posture lists them)", width=view.width)
    lines: list[Line] = []
    for cause in found:
        text = f"{printable(cause.title, 200)} ({printable(cause.entity.id, 200)})"
        lines += row("" if lines else "weak", text, width=view.width, right=cause.severity)
    return lines


def check_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return what to look at next, with what it would tell."""
    lines: list[Line] = []
    most = len(diagnosis.next_checks) if view.verbose else 1 if shown_causes(diagnosis, view) else _MOST_CHECKS
    for check in diagnosis.next_checks[:most]:
        lines += _check(check, view, "" if lines else "check")
    return [*lines, BLANK] if lines else []


def _check(check: NextCheck, view: View, label: str) -> list[Line]:
    title = printable(check.title or check.finding, 200)
    right = f"{check.gain_bits:.1f} bit, {check.seconds:g} s"
    lines = row(label, f"{title} ({printable(check.entity, 200)})", width=view.width, right=right)
    lines += command_or_words(check.how, view)
    if check.separates:
        names = listed((printable(name) for name in check.separates), 3)
        verb = "decides on" if len(check.separates) == 1 else "decides between"
        lines += row("", f"{verb} {names}", width=view.width, style="quiet")
    return lines


def change_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return the last changes before the capture, newest first."""
    recent = sorted(diagnosis.changes, key=lambda item: (item.at, item.entity, item.what), reverse=True)
    lines: list[Line] = []
    for change in recent if view.verbose else recent[:_MOST_CHANGES]:
        text = f"{printable(change.what, 200)} ({printable(change.entity, 200)})"
        label = "" if lines else "changed"
        lines += row(label, f"{printable(change.at, 40)} {text}", width=view.width, most=2, style="quiet")
    return [*lines, BLANK] if lines else []


def examined_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return what was examined and found well, and apart from it what was not seen."""
    most = 100 if view.verbose else 8
    lines: list[Line] = []
    if diagnosis.healthy:
        names = listed((printable(name, 200) for name in diagnosis.healthy), most)
        lines += sentence(f"examined and well: {names}", width=view.width, style="good")
    else:
        lines += sentence("examined and well: nothing", width=view.width)
    gaps = not_seen(diagnosis)
    if gaps:
        text = "; ".join(gaps[:most]) + (f"; and {len(gaps) - most} more (-v)" if len(gaps) > most else "")
        lines += sentence(f"not seen: {text}", width=view.width, style="warning")
    return lines


def closing_lines(diagnosis: Diagnosis, view: View) -> list[Line]:
    """Return the closing lines: the sum, what was examined, fixes, evidence, exit code and duration."""
    lines = sentence(_sum(diagnosis), width=view.width)
    hidden = hidden_causes(diagnosis, view)
    if hidden:
        text = f"{counted(len(hidden), 'cause')} below {view.show} not printed (--show P3)"
        lines += sentence(text, width=view.width, style="warning")
    lines += weakness_lines(diagnosis, view)
    lines += examined_lines(diagnosis, view)
    if diagnosis.escalation is not None and shown_causes(diagnosis, view):
        path = [printable(step, 200) for step in diagnosis.escalation.path]
        steps = " -> ".join(path if view.verbose else [step.partition(":")[0] for step in path])
        within = printable(diagnosis.escalation.respond_within, 100)
        lines += sentence(f"escalate {diagnosis.escalation.level} within {within}: {steps}", width=view.width)
    lines += sentence(_method(diagnosis), width=view.width, style="quiet")
    for note in diagnosis.inference.notes if view.verbose else ():
        lines += sentence(f"note: {printable(note, 300)}", width=view.width, style="quiet")
    if diagnosis.fixes:
        lines += sentence(f"fixes: {fix_counts(diagnosis.fixes)}", width=view.width)
    if diagnosis.scope.inputs:
        names = listed((printable(name, 300) for name in diagnosis.scope.inputs), 100 if view.verbose else 3)
        label = "looked at" if diagnosis.scope.source == "live" else "evidence"
        lines += sentence(f"{label}: {names}", width=view.width, style="quiet")
    if view.evidence is not None:
        lines += _evidence(printable(view.evidence, 1000), view)
    if view.exit_code is not None:
        spent = f"{diagnosis.timings_ms.total / 1000:.1f} s"
        lines += sentence(exit_reason(diagnosis, view), width=view.width, right=spent)
    return lines


def _evidence(text: str, view: View) -> list[Line]:
    """Return where the bundle lies: a path on one line, so that it can be copied, a sentence wrapped."""
    if " " in text:
        return sentence(f"evidence: {text}", width=view.width, style="warning")
    return [(Span(f"evidence: {text}", "quiet"),)]


def _sum(diagnosis: Diagnosis) -> str:
    """Say how many causes explain how many findings; every finding counts once."""
    number = len([cause for cause in diagnosis.causes if cause.reported and cause.kind == "incident"])
    names = [
        f"{shortened(detail_of(item.title or item.finding, item.detail), 120)} ({printable(item.entity, 200)})"
        for item in diagnosis.unexplained
    ]
    left = listed(names, _MOST_NAMES)
    if number == 0:
        text = f"no cause is reported; {counted(diagnosis.present_findings, 'finding')} present"
    else:
        verb = "explains" if number == 1 else "explain"
        seen = counted(diagnosis.present_findings, "finding")
        text = f"{counted(number, 'cause')} {verb} {diagnosis.explained_findings} of {seen}"
    return f"{text}; {len(names)} unexplained: {left}" if names else text


def _method(diagnosis: Diagnosis) -> str:
    stamp, knowledge = diagnosis.inference, diagnosis.knowledge
    bound = f" (error at most {stamp.error_bound:.2g})" if stamp.error_bound > 0 else ""
    return (
        f"confidence: {printable(stamp.mode)}{bound}, {printable(stamp.calibration)}; "
        f"knowledge {printable(knowledge.version)} ({printable(knowledge.digest[:12])})"
    )
