"""One reported cause: what it is, why, what speaks against it, what it leads to, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fix_block import fix_lines
from .layout import BLANK, INDENT, LABEL, Line, Span, Style, padded, row, wrap
from .printable import cell_width, printable
from .view import DETAIL_LIMIT, View, decibans, detail_of, fixes_of, listed, percent, short_name, since

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Cause, Diagnosis, Evidence

_MOST_EVIDENCE = 6
_COUNTED_ELSEWHERE = "subsumed"
"""A finding that a more special one stands for was seen; it is no gap."""
_MOST_AGAINST = 3
_LIGHT_DB = 1.0
_MOST_LINES = 3
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
    identity = printable(cause.id) + (f" ({cause.kind})" if cause.kind != "incident" else "")
    started = since(cause.first_seen, diagnosis.scope.captured_at)
    return [*lines, *_identity(identity, "" if one_line else entity, started, view)]


def _identity(identity: str, entity: str, started: str, view: View) -> list[Line]:
    """Return id, place and begin of a cause, on one line where they fit."""
    room = view.width - INDENT - (cell_width(started) + 2 if started else 0)
    whole = f"{identity} on {entity}" if entity else identity
    texts = [whole] if cell_width(whole) <= room else [identity, *([f"on {entity}"] if entity else [])]
    lines: list[Line] = []
    for text in texts:
        for piece in wrap(text, room):
            shown = padded(piece, view.width - INDENT - cell_width(started)) + started if started else piece
            lines.append((Span(" " * INDENT), Span(shown, "quiet")))
            room, started = view.width - INDENT, ""
    return lines


def _evidence(item: Evidence, cause: Cause, label: str, view: View, style: Style = "plain") -> list[Line]:
    """Return one piece of evidence: what it is with its weight, and below it what was seen."""
    title, seen = printable(item.title or item.finding, DETAIL_LIMIT), printable(item.detail, DETAIL_LIMIT)
    where = "" if item.entity == cause.entity.id else f" ({printable(item.entity, 200)})"
    right = decibans(item.weight_db) if cause.kind == "incident" else ""
    whole = detail_of(item.title or item.finding, item.detail) + where
    room = view.width - INDENT - LABEL - (cell_width(right) + 2 if right else 0)
    if not seen or cell_width(whole) <= room:
        return row(label, whole, width=view.width, right=right, style=style)
    lines = row(label, title + where, width=view.width, right=right, style=style)
    return [*lines, *row("", seen, width=view.width, style="quiet", most=None if view.verbose else _MOST_LINES)]


def _source_lines(item: Evidence, view: View) -> list[Line]:
    if not view.verbose:
        return []
    parts = [item.finding, item.source, item.ref or "", item.observed_at or ""]
    return row("", "from " + ", ".join(printable(part, 300) for part in parts if part), width=view.width, style="quiet")


def _why(cause: Cause, view: View, listed_findings: set[tuple[str, str]]) -> list[Line]:
    fresh = [item for item in cause.evidence if (item.finding, item.entity) not in listed_findings]
    again = [item for item in cause.evidence if (item.finding, item.entity) in listed_findings]
    listed_findings.update((item.finding, item.entity) for item in fresh)
    shown = _heaviest(fresh, _MOST_EVIDENCE, view)
    lines: list[Line] = []
    for item in shown:
        lines += _evidence(item, cause, "" if lines else "why", view)
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


def _heaviest(items: list[Evidence], most: int, view: View) -> list[Evidence]:
    """Return what is worth a line: the heaviest, and of the very light ones only the first."""
    if view.verbose:
        return items
    heavy = [item for item in items if abs(item.weight_db) >= _LIGHT_DB]
    return heavy[:most] or items[:1]


def _sum(items: list[Evidence]) -> str:
    return decibans(sum(item.weight_db for item in items))


def _against(cause: Cause, view: View) -> list[Line]:
    lines: list[Line] = []
    shown = _heaviest(cause.against, _MOST_AGAINST, view)
    for item in shown:
        said = "looked for, not there" if item.status == "absent" else "speaks against it"
        told = item.model_copy(update={"title": f"{item.title or item.finding}: {said}"})
        lines += _evidence(told, cause, "" if lines else "against", view, "against")
        lines += _source_lines(item, view)
    if len(cause.against) > len(shown):
        rest = cause.against[len(shown) :]
        lines += row("", f"and {len(rest)} more, weaker", width=view.width, right=_sum(rest), style="quiet")
    if not cause.against:
        lines += row("against", "nothing found", width=view.width)
    reasons: dict[str, list[str]] = {}
    for gap in cause.missing:
        if gap.reason == _COUNTED_ELSEWHERE and not view.verbose:
            continue
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
    affected = sorted(set(cause.affected) - {cause.entity.id}, key=lambda entity: (entity.startswith("pod/"), entity))
    others = [printable(entity, 200) for entity in affected]
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
            said = {text for other in diagnosis.fixes if other.rank in printed for text in other.preconditions}
            printed.add(fix.rank)
            full += 1
            lines += fix_lines(fix, view, said)
        else:
            rest.append(f"{fix.rank} {printable(fix.title)}")
    if rest:
        lines += row("or fix", f"{'; '.join(rest)} (-v prints them)", width=view.width, style="quiet")
    return lines
