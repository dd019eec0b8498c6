"""The report for an issue or a chat that renders Markdown. Every text of a target is escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .printable import command_lines, printable
from .view import (
    View,
    applicability,
    candidates,
    collector_name,
    counted,
    decibans,
    detail_of,
    exit_reason,
    fix_counts,
    fixes_of,
    hidden_causes,
    percent,
    risk,
    shown_causes,
    since,
)

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Cause, Diagnosis, Fix

_SPECIAL = re.compile(r"[\\`*\[\]<>|~#&$@]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_LIST_START = re.compile(r"^([-+=]|\d{1,9}[.)])")
_LINK = re.compile(r"(?i)(?<=[a-z])://|www(?=\.)|(?<=mailto):")


def escaped(text: str) -> str:
    """Return a text that Markdown and HTML show as it is: no markup, link, mention or list starts in it."""
    shown = _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", printable(text))
    shown = _LINK.sub(lambda match: "".join(f"&#{ord(character)};" for character in match.group()), shown)
    return _LIST_START.sub(lambda match: "".join(f"&#{ord(character)};" for character in match.group()), shown)


def _code_block(commands: list[str]) -> list[str]:
    runs = [len(run) for text in commands for run in re.findall("`+", text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    return [f"{fence}sh", *commands, fence]


def render(diagnosis: Diagnosis, view: View) -> str:
    """Return the diagnosis as Markdown."""
    lines = [f"# {escaped(diagnosis.headline)}", "", f"Status: **{diagnosis.status}**", ""]
    for cause in shown_causes(diagnosis, view):
        lines += _cause(diagnosis, cause)
    maybe = candidates(diagnosis)[:3]
    if maybe:
        lines += ["## Below the threshold", ""]
        lines += [f"- {_name(cause)}, {percent(cause.confidence)}" for cause in maybe]
        lines.append("")
    if diagnosis.next_checks:
        lines += ["## Look next", ""]
        for check in diagnosis.next_checks[:3]:
            lines.append(f"- {escaped(check.title or check.finding)} ({escaped(check.entity)}): {escaped(check.how)}")
        lines.append("")
    return "\n".join([*lines, *_examined(diagnosis), *_sum(diagnosis, view)]) + "\n"


def _name(cause: Cause) -> str:
    return f"{escaped(cause.title)} on {escaped(cause.entity.id)}"


def _cause(diagnosis: Diagnosis, cause: Cause) -> list[str]:
    started = since(cause.first_seen, diagnosis.scope.captured_at)
    lines = [
        f"## {cause.severity} {_name(cause)}",
        "",
        f"{escaped(cause.id)}, {percent(cause.confidence)} {cause.band}{', ' + started if started else ''}",
        "",
    ]
    for sign, items in (("For", cause.evidence), ("Against", cause.against)):
        if items:
            lines += [f"{sign}:", ""]
            for item in items:
                text = detail_of(item.title or item.finding, item.detail)
                lines.append(f"- {escaped(text)} ({escaped(item.entity)}), {decibans(item.weight_db)}")
            lines.append("")
    if cause.missing:
        lines += ["Not seen:", ""]
        lines += [f"- {escaped(gap.finding)} ({escaped(gap.entity)}): {escaped(gap.reason)}" for gap in cause.missing]
        lines.append("")
    for fix in fixes_of(diagnosis, cause):
        lines += _fix(fix)
    return lines


def _fix(fix: Fix) -> list[str]:
    approve = ", needs approval" if fix.requires_approval else ""
    relief = ", relief" if fix.effect == "relief" else ""
    kind = f"{risk(fix)}, {applicability(fix)}{approve}{relief}"
    lines = [f"### Fix {fix.rank}: {escaped(fix.title)} ({kind})", ""]
    lines += [f"- First: {escaped(text)}" for text in fix.preconditions]
    lines += [f"- Careful: {escaped(text)}" for text in fix.warnings]
    if fix.preconditions or fix.warnings:
        lines.append("")
    for step in fix.steps:
        if step.tool == "manual":
            lines += [escaped(step.run), ""]
            continue
        shown, exact = command_lines(step.run)
        note = (
            [] if exact else ["This command holds characters that cannot be shown; take it from the JSON report.", ""]
        )
        lines += [*_code_block(shown), "", *note]
    return lines


def _examined(diagnosis: Diagnosis) -> list[str]:
    lines = ["## Examined", ""]
    lines += [f"- well: {escaped(name)}" for name in diagnosis.healthy]
    lines += [
        f"- not seen: {escaped(collector_name(item.id))}, {escaped(item.reason or item.status)}"
        for item in diagnosis.collectors
        if item.status != "ok"
    ]
    lines += [
        f"- unexplained: {escaped(detail_of(item.title or item.finding, item.detail))} ({escaped(item.entity)})"
        for item in diagnosis.unexplained
    ]
    return [*lines, ""] if len(lines) > 2 else []


def _sum(diagnosis: Diagnosis, view: View) -> list[str]:
    text = f"{diagnosis.explained_findings} of {counted(diagnosis.present_findings, 'finding')} explained"
    lines = [f"{text}; fixes: {fix_counts(diagnosis.fixes)}; {escaped(diagnosis.inference.calibration)}"]
    hidden = hidden_causes(diagnosis, view)
    if hidden:
        lines.append(f"{counted(len(hidden), 'cause')} below {view.show} not shown")
    if view.exit_code is not None:
        lines += ["", exit_reason(diagnosis, view)]
    return lines
