"""What the reader asked to see, and the small phrases that all text formats share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from dotmac_diagnose.facts import entity_namespace, object_name

from .printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotmac_diagnose.diagnosis import Cause, Diagnosis, Entity, Fix

SEVERITIES = ("P0", "P1", "P2", "P3")
RISKS = ("destructive", "disruptive", "reversible", "read_only")
"""Worst first."""

DETAIL_LIMIT = 400


@dataclass(frozen=True, slots=True)
class View:
    """How a diagnosis is to be shown.

    Args:
        width: columns, 60 to 120.
        verbose: every piece of evidence with its source, every fix in full.
        show: causes below this severity are only counted.
        fail_on: what the exit line compares with.
        exit_code: of the run; None leaves the exit line out.
        evidence: where the bundle of a live run lies, or why it lies nowhere.
    """

    width: int = 80
    verbose: bool = False
    show: Literal["P0", "P1", "P2", "P3"] = "P3"
    fail_on: Literal["P0", "P1", "P2", "P3", "never"] = "P2"
    exit_code: int | None = None
    evidence: str | None = None

    def shows(self, cause: Cause) -> bool:
        """Tell whether a cause is printed and not only counted."""
        return SEVERITIES.index(cause.severity) <= SEVERITIES.index(self.show)


def shown_causes(diagnosis: Diagnosis, view: View) -> list[Cause]:
    """Return the reported causes that are printed, in their order."""
    return [cause for cause in diagnosis.causes if cause.reported and view.shows(cause)]


def hidden_causes(diagnosis: Diagnosis, view: View) -> list[Cause]:
    """Return the reported causes that ``--show`` leaves out."""
    return [cause for cause in diagnosis.causes if cause.reported and not view.shows(cause)]


def candidates(diagnosis: Diagnosis) -> list[Cause]:
    """Return the causes below the threshold that are worth a line.

    A quiet system has only those that are nearly as likely as not.
    """
    least = 0.2 if diagnosis.status == "healthy" else 0.05
    return [
        cause
        for cause in diagnosis.causes
        if not cause.reported and cause.kind != "posture" and cause.confidence >= least
    ]


def quiet_weaknesses(diagnosis: Diagnosis) -> list[Cause]:
    """Return the posture causes that were not asked for."""
    return [cause for cause in diagnosis.causes if cause.kind == "posture" and not cause.reported]


def fixes_of(diagnosis: Diagnosis, cause: Cause) -> list[Fix]:
    """Return the fixes of a cause in its own order."""
    order = {fix_id: number for number, fix_id in reversed(list(enumerate(cause.fixes)))}
    found = [
        fix
        for fix in diagnosis.fixes
        if fix.id in order and any((item.cause, item.entity) == (cause.id, cause.entity.id) for item in fix.for_)
    ]
    return sorted(found, key=lambda fix: (order[fix.id], fix.rank))


def percent(probability: float) -> str:
    """Return a probability for people; only a certain verdict is 100 %."""
    if 0.995 <= probability < 1:
        return ">99 %"
    if 0 < probability < 0.005:
        return "<1 %"
    return f"{round(probability * 100)} %"


def decibans(weight: float) -> str:
    """Return a weight of evidence for people, for example ``+ 9 dB``."""
    if abs(weight) < 0.95:
        return f"{weight:+.1f} dB"
    return f"{'+' if weight > 0 else '-'}{abs(round(weight)):>2} dB"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, most: int) -> str:
    """Return a printable text of at most ``most`` characters; an ellipsis tells that there is more."""
    shown = printable(text)
    return shown if len(shown) <= most else f"{shown[: most - 2].rstrip()} …"


def listed(items: Iterable[str], most: int) -> str:
    """Join items with commas; more than ``most`` are counted."""
    everything = list(items)
    kept = everything[:most]
    rest = len(everything) - len(kept)
    return ", ".join([*kept, f"and {rest} more"] if rest else kept)


def short_name(entity: Entity) -> str:
    """Return the name of an entity as people say it: the object where it has a namespace, else the id."""
    return printable(object_name(entity.id) if entity_namespace(entity.id) else entity.id, 120)


def applicability(fix: Fix) -> str:
    """Return how ready the commands of a fix are."""
    return {"exact": "exact", "fill_in": "fill in", "review": "review"}[fix.applicability]


def risk(fix: Fix) -> str:
    """Return the risk class of a fix for people."""
    return fix.risk.replace("_", " ")


def detail_of(title: str, detail: str) -> str:
    """Join title and detail of a piece of evidence without saying a thing twice."""
    name, seen = printable(title, DETAIL_LIMIT), printable(detail, DETAIL_LIMIT)
    if not seen or seen == name:
        return name
    if not name or seen.casefold().startswith(name.casefold()):
        return seen
    return f"{name}: {seen}"


def moment(text: str | None) -> datetime | None:
    """Read an ISO time; None when there is none or it is not one."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def since(first_seen: str | None, captured_at: str | None) -> str:
    """Return ``since 14:02 UTC, 11 min`` for the start of a trouble; empty when unknown."""
    start = moment(first_seen)
    if start is None:
        return ""
    end = moment(captured_at)
    clock = f"{start:%H:%M} UTC" if end is None or end.date() == start.date() else f"{start:%Y-%m-%d %H:%M} UTC"
    if end is None or end < start:
        return f"since {clock}"
    return f"since {clock}, {duration((end - start).total_seconds())}"


def duration(seconds: float) -> str:
    """Return a time span in the one unit that fits."""
    for size, unit in ((86400 * 2, 86400), (3600 * 2, 3600), (120, 60)):
        if seconds >= size:
            return f"{round(seconds / unit)} {({86400: 'days', 3600: 'h', 60: 'min'})[unit]}"
    return f"{round(seconds)} s"


def collector_name(collector: str) -> str:
    """Return the name of a collector, or of a member of a capture, for people."""
    head, colon, member = collector.partition(":")
    return printable(f"{head}: {member}" if colon and head == "import" else collector, 160)


def not_seen(diagnosis: Diagnosis) -> list[str]:
    """Return what could not be read whole, with the reason; never to be shown as healthy.

    What was passed over on purpose comes last.
    """
    lines: list[str] = []
    for item in sorted(diagnosis.collectors, key=lambda item: item.status == "skipped"):
        if item.status == "ok":
            continue
        name = collector_name(item.id)
        reason = shortened(item.reason, 100) if item.reason else ""
        if item.id.startswith("import:") and item.status in {"partial", "failed"}:
            lines.append(f"{name} {reason or item.status}")
        else:
            lines.append(f"{name} ({item.status}: {reason})" if reason else f"{name} ({item.status})")
    return lines


def fix_counts(fixes: Iterable[Fix]) -> str:
    """Return the number of fixes per risk class, the destructive ones first."""
    found = [fix.risk for fix in fixes]
    parts = [f"{found.count('destructive')} destructive"]
    parts += [f"{found.count(name)} {name.replace('_', ' ')}" for name in RISKS[1:] if name in found]
    return ", ".join(parts)


def exit_reason(diagnosis: Diagnosis, view: View) -> str:
    """Return the last line of a report: the exit code and what it means."""
    if view.exit_code == 3:
        return "exit 3 (inconclusive: no finding is known)"
    if view.exit_code == 1:
        worst = min((cause.severity for cause in diagnosis.causes if cause.reported), default="P3")
        return f"exit 1 ({worst} at or above --fail-on {view.fail_on})"
    if view.fail_on == "never":
        return f"exit {view.exit_code} (--fail-on never)"
    return f"exit {view.exit_code} (nothing at or above --fail-on {view.fail_on})"
