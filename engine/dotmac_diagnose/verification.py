"""Whether the fixes of a report have cured: its verifications, decided on facts that were read afterwards.

A verification is a finding that must be gone. Silence of a log or of an event list proves nothing,
so a finding that can also be seen in a state (a lock tree, a pool, a login) is decided by the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dotmac_diagnose.knowledge.model import FactPattern, FindingPattern, JoinRule, Knowledge, SingleRule
from dotmac_diagnose.rules import observe
from dotmac_diagnose.rules.observation import Observation, Observations, Presence

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis, Fix
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Finding

Result = Literal["cured", "not_cured", "not_seen"]

PASSING = frozenset({"log.message", "kubernetes.event"})
"""Kinds of facts that tell of a moment: when they are silent, the trouble may go on."""

_UNKNOWN_FINDING = "unsupported"


@dataclass(frozen=True, slots=True)
class Check:
    """One verification.

    Args:
        finding: id of the finding that must be gone.
        entity: id of the entity on which it must be gone.
        presence: what the second look says.
        reason: why it is not known.
        detail: what was seen when it is still present.
        was_seen: the report had seen it; such checks decide, the others may only refute.
    """

    finding: str
    entity: str
    presence: Presence
    reason: str | None
    detail: str
    was_seen: bool


@dataclass(frozen=True, slots=True)
class VerifiedFix:
    """One fix of reported causes with its checks."""

    id: str
    title: str
    causes: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        """Not cured as soon as one check is present; cured when all that the report had seen is gone."""
        if any(check.presence is Presence.PRESENT for check in self.checks):
            return "not_cured"
        deciding = self.deciding
        return "cured" if deciding and all(check.presence is Presence.ABSENT for check in deciding) else "not_seen"

    @property
    def deciding(self) -> tuple[Check, ...]:
        """The checks that must be absent: those that the report had seen, else all."""
        return tuple(check for check in self.checks if check.was_seen) or self.checks


@dataclass(frozen=True, slots=True)
class Verification:
    """All fixes of the reported causes of a report, in its order.

    Args:
        fixes: the fixes.
        causes: the reported causes, also those without a fix.
    """

    fixes: tuple[VerifiedFix, ...]
    causes: tuple[tuple[str, str], ...]

    @property
    def result(self) -> Result:
        """Cured when each cause has a fix that cured and no fix did not; not seen when nothing was decided."""
        results = {fix.result for fix in self.fixes}
        if self.causes and results <= {"not_seen"}:
            return "not_seen"
        cured = {cause for fix in self.fixes if fix.result == "cured" for cause in fix.causes}
        return "cured" if "not_cured" not in results and cured.issuperset(self.causes) else "not_cured"


def verify(report: Diagnosis, base: FactBase, knowledge: Knowledge) -> Verification:
    """Decide the verifications of a report on new facts.

    Args:
        report: the earlier diagnosis.
        base: what was seen since then.
        knowledge: its findings are the rules; one that it does not hold is not known.

    Returns:
        One result per fix of a reported cause; the same for the same facts in any order.
    """
    wanted = closure(knowledge, (finding for fix in fixes_to_verify(report) for finding, _ in pairs_of(fix)))
    narrow = knowledge.model_copy(update={"findings": {name: knowledge.findings[name] for name in sorted(wanted)}})
    states = {name: _by_state(narrow, finding) for name, finding in narrow.findings.items()}
    seen, lasting = observe(narrow, base), observe(narrow.model_copy(update={"findings": states}), base)
    before = {(item.finding, item.entity) for cause in report.reported for item in cause.evidence}

    def check(finding: str, entity: str) -> Check:
        decided = _decided(seen, lasting, finding, entity) if finding in wanted else None
        presence = decided.presence if decided else Presence.UNKNOWN
        reason = decided.reason if decided else _UNKNOWN_FINDING
        detail = decided.detail if decided and presence is Presence.PRESENT else ""
        return Check(finding, entity, presence, reason, detail, (finding, entity) in before)

    return Verification(
        causes=tuple((cause.id, cause.entity.id) for cause in report.reported),
        fixes=tuple(
            VerifiedFix(
                id=fix.id,
                title=fix.title,
                causes=tuple((item.cause, item.entity) for item in fix.for_),
                checks=tuple(check(*pair) for pair in pairs_of(fix)),
            )
            for fix in fixes_to_verify(report)
        ),
    )


def _decided(seen: Observations, lasting: Observations, finding: str, entity: str) -> Observation | None:
    first, second = seen.get(finding, entity), lasting.get(finding, entity)
    if first is not None and first.presence is Presence.UNKNOWN and second is not None:
        return second
    return first


def fixes_to_verify(report: Diagnosis) -> list[Fix]:
    """Return the fixes of the reported causes, in the order of the report."""
    reported = {(cause.id, cause.entity.id) for cause in report.reported}
    return [fix for fix in report.fixes if any((item.cause, item.entity) in reported for item in fix.for_)]


def pairs_of(fix: Fix) -> list[tuple[str, str]]:
    """Return the findings of a fix with their entities."""
    split = (text.partition("@") for text in fix.verify)
    return [(finding, entity) for finding, _, entity in split]


def needed_kinds(report: Diagnosis, knowledge: Knowledge) -> frozenset[str]:
    """Return the kinds of facts that the verifications of a report read."""
    names = closure(knowledge, (finding for fix in fixes_to_verify(report) for finding, _ in pairs_of(fix)))
    kinds: set[str] = set()
    for name in names:
        finding = knowledge.findings[name]
        kinds.update(*(_kinds(rule) for rule in finding.when))
        kinds.update(pattern.fact for pattern in (finding.absent.attempted if finding.absent else ()))
    return frozenset(kinds)


def closure(knowledge: Knowledge, findings: Iterable[str]) -> frozenset[str]:
    """Return findings with all on which their rules or their parts rest; ids that are not known are left out."""
    found: set[str] = set()
    waiting = [name for name in findings if name in knowledge.findings]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            premises = (pattern.finding for rule in knowledge.findings[name].when for pattern in _premises(rule))
            waiting += [item for item in (*premises, *knowledge.findings[name].subsumes) if item in knowledge.findings]
    return frozenset(found)


def collectors_for(kinds: Collection[str], provided: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return the collectors that give some kinds of facts.

    Args:
        kinds: of facts.
        provided: id and ``provides`` of each collector.
    """
    return tuple(
        sorted(
            name for name, parts in provided if any(kind == part or kind.startswith(f"{part}.")
                                                    for kind in kinds for part in parts)
        )
    )  # fmt: skip


def _by_state(knowledge: Knowledge, finding: Finding) -> Finding:
    """Return a finding that only its lasting alternatives decide, where it has such."""
    lasting = [rule for rule in finding.when if not _is_passing(knowledge, rule)]
    if not lasting:
        return finding
    absent = finding.absent.model_copy(update={"never": None}) if finding.absent else None
    # Texts and captures may name fields of the alternatives that are left out.
    return finding.model_copy(update={"when": lasting, "absent": absent, "detail": None, "capture": {}})


def _is_passing(knowledge: Knowledge, rule: SingleRule | JoinRule) -> bool:
    if _kinds(rule) & PASSING:
        return True
    premises = (knowledge.findings.get(pattern.finding) for pattern in _premises(rule))
    return any(all(_is_passing(knowledge, inner) for inner in found.when) for found in premises if found is not None)


def _kinds(rule: SingleRule | JoinRule) -> set[str]:
    if isinstance(rule, SingleRule):
        return {rule.fact}
    return {pattern.fact for pattern in (*rule.all, *rule.none) if isinstance(pattern, FactPattern)}


def _premises(rule: SingleRule | JoinRule) -> Iterator[FindingPattern]:
    if isinstance(rule, JoinRule):
        yield from (pattern for pattern in (*rule.all, *rule.none) if isinstance(pattern, FindingPattern))
