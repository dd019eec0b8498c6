"""One reported cause: what it is, why, what speaks against it, what it leads to, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fix_block import fix_lines
from .layout import BLANK, INDENT, Line, Span, padded, row, wrap
from .printable import cell_width, printable
from .view import View, decibans, detail_of, fixes_of, listed, percent, short_name, since

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Cause, Diagnosis, Evidence

_MOST_EVIDENCE = 6
_MOST_LINES = 4
_FIXES_IN_FULL = 3


def cause_lines(
    diagnosis: Diagnosis,
    cause: Cause,
    view: View,
    listed_findings: set[tuple[str, str]],
    printed_fixes: set[int],
) -> list[Line]:
    """Return the block of one cause.

    Args:
        diagnosis: where it comes from.
        cause: the cause.
        view: what the reader asked for.
        listed_findings: findings that stand under an earlier cause; completed here, so that a
            symptom is listed once.
        printed_fixes: ranks of fixes that stand under an earlier cause; completed here.
    """
    lines = [*_head(diagnosis, cause, view), BLANK]
    lines += _why(cause, view, listed_findings)
    lines += _against(cause, view)
    lines += _leads_to(cause, view)
    lines += _instead(cause, view)
    lines.append(BLANK)
    lines += _fixes(diagnosis, cause, view, printed_fixes)
    return lines


def _head(diagnosis: Diagnosis, cause: Cause, view: View) -> list[Line]:
    entity, title = printable(cause.entity.id, 300), printable(cause.title, 300)
    right = f"{percent(cause.confidence):>5}  {cause.band}"
    room = view.width - INDENT - cell_width(right) - 2
    severity = Span(padded(cause.severity, INDENT), cause.severity)
    whole = f"{entity}   {title}"
    one_line = cell_width(whole) <= room
    pieces = [whole] if one_line else wrap(f"{short_name(cause.entity)}: {title}", room)
    lines: list[Line] = [(severity, Span(padded(pieces[0], room + 2), "strong"), Span(right, "strong"))]
    lines += [(Span(" " * INDENT), Span(piece, "strong")) for piece in pieces[1:]]
    identity = printable(cause.id) if one_line else f"{printable(cause.id)} on {entity}"
    if cause.kind != "incident":
        identity += f" ({cause.kind})"
    started = since(cause.first_seen, diagnosis.scope.captured_at)
    if started and cell_width(identity) + cell_width(started) + 3 <= view.width - INDENT:
        identity = padded(identity, view.width - INDENT - cell_width(started)) + started
        started = ""
    lines += [(Span(" " * INDENT), Span(piece, "quiet")) for piece in _whole_or_wrapped(identity, view)]
    if started:
        lines.append((Span(" " * INDENT), Span(started, "quiet")))
    return lines


def _whole_or_wrapped(text: str, view: View) -> list[str]:
    room = view.width - INDENT
    return [text] if cell_width(text) <= room else wrap(text, room)


def _evidence_text(item: Evidence, cause: Cause) -> str:
    text = detail_of(item.title or item.finding, item.detail)
    entity = printable(item.entity, 200)
    if item.entity == cause.entity.id or entity in text:
        return text
    return f"{text} ({entity})"


def _source_lines(item: Evidence, view: View) -> list[Line]:
    if not view.verbose:
        return []
    parts = [item.finding, item.source, item.ref or "", item.observed_at or ""]
    return row("", "from " + ", ".join(printable(part, 300) for part in parts if part), width=view.width, style="quiet")


def _why(cause: Cause, view: View, listed_findings: set[tuple[str, str]]) -> list[Line]:
    fresh = [item for item in cause.evidence if (item.finding, item.entity) not in listed_findings]
    again = [item for item in cause.evidence if (item.finding, item.entity) in listed_findings]
    listed_findings.update((item.finding, item.entity) for item in fresh)
    shown = fresh if view.verbose else fresh[:_MOST_EVIDENCE]
    lines: list[Line] = []
    for item in shown:
        most = None if view.verbose else _MOST_LINES
        right = "" if cause.kind != "incident" else decibans(item.weight_db)
        text = _evidence_text(item, cause)
        lines += row("" if lines else "why", text, width=view.width, right=right, most=most)
        lines += _source_lines(item, view)
    rest = fresh[len(shown) :]
    if rest:
        lines += row("", f"and {len(rest)} more, weaker", width=view.width, right=_sum(rest), style="quiet")
    if again:
        lines += row(
            "" if lines else "why",
            f"also {len(again)} listed above",
            width=view.width,
            right=_sum(again),
            style="quiet",
        )
    return lines or row("why", "nothing seen directly; it follows from the causes beside it", width=view.width)


def _sum(items: list[Evidence]) -> str:
    return decibans(sum(item.weight_db for item in items))


def _against(cause: Cause, view: View) -> list[Line]:
    lines: list[Line] = []
    shown = cause.against if view.verbose else cause.against[:3]
    for item in shown:
        said = "was looked for and is not there" if item.status == "absent" else "rules it out"
        text = f"{_evidence_text(item, cause)}: {said}" if not item.detail else _evidence_text(item, cause)
        label = "" if lines else "against"
        right = decibans(item.weight_db)
        lines += row(label, text, width=view.width, right=right, style="against", most=3)
        lines += _source_lines(item, view)
    if len(cause.against) > len(shown):
        rest = cause.against[len(shown) :]
        lines += row("", f"and {len(rest)} more, weaker", width=view.width, right=_sum(rest), style="quiet")
    if not cause.against:
        lines += row("against", "nothing found", width=view.width)
    reasons: dict[str, list[str]] = {}
    for gap in cause.missing:
        where = "" if gap.entity == cause.entity.id else f" of {printable(gap.entity, 160)}"
        reasons.setdefault(gap.reason.replace("_", " "), []).append(printable(gap.finding) + where)
    for reason, names in sorted(reasons.items()):
        label = "not seen" if reason == min(reasons) else ""
        text = f"{listed(names, 100 if view.verbose else 3)} ({printable(reason)})"
        lines += row(label, text, width=view.width, style="quiet")
    return lines


def _leads_to(cause: Cause, view: View) -> list[Line]:
    titles = cause.chain_titles if len(cause.chain_titles) == len(cause.chain) else [step.id for step in cause.chain]
    steps = [
        (printable(step.entity, 200), printable(title, 200))
        for step, title in zip(cause.chain, titles, strict=True)
        if (step.id, step.entity) != (cause.id, cause.entity.id)
    ]
    if not steps:
        return []
    here = printable(cause.entity.id, 200)
    texts = [title if entity == here else f"{title} ({entity})" for entity, title in steps]
    texts[-1] = f"impact: {texts[-1]}"
    if len(texts) > 1:
        texts[0] = f"first: {texts[0]}"
    if not view.verbose and len(texts) > 4:
        texts = [*texts[:2], f"and {len(texts) - 3} more", texts[-1]]
    lines: list[Line] = []
    for text in texts:
        lines += row("" if lines else "leads to", text, width=view.width)
    others = [printable(entity, 200) for entity in cause.affected if entity != cause.entity.id]
    if others:
        lines += row("affects", listed(others, 100 if view.verbose else 3), width=view.width)
    return lines


def _instead(cause: Cause, view: View) -> list[Line]:
    lines: list[Line] = []
    same = [item for item in cause.alternatives if item.indistinguishable]
    others = [item for item in cause.alternatives if not item.indistinguishable]
    for label, items in (("same", same), ("instead", others)):
        names = []
        for item in items:
            where = "" if item.entity == cause.entity.id else f" on {printable(item.entity, 160)}"
            names.append(f"{printable(item.id)}{where} {percent(item.confidence)}")
        if names:
            tail = " cannot be told apart from it by what was seen" if label == "same" else ""
            lines += row(label, listed(names, 100 if view.verbose else 3) + tail, width=view.width)
    return lines


def _fixes(diagnosis: Diagnosis, cause: Cause, view: View, printed: set[int]) -> list[Line]:
    fixes = fixes_of(diagnosis, cause)
    if not fixes:
        return row("fix", "none is known; see the next check", width=view.width)
    lines: list[Line] = []
    full = 0
    rest: list[str] = []
    for fix in fixes:
        if fix.rank in printed:
            lines += row(f"fix {fix.rank}", f"{printable(fix.title)}: see above", width=view.width)
        elif view.verbose or full < _FIXES_IN_FULL:
            printed.add(fix.rank)
            full += 1
            lines += fix_lines(fix, view)
        else:
            rest.append(f"{fix.rank} {printable(fix.title)}")
    if rest:
        lines += row("or fix", f"{'; '.join(rest)} (-v prints them)", width=view.width, style="quiet")
    return lines
