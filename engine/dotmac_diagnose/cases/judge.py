"""Does the knowledge believe what a case expects?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.options import Options
from dotmac_diagnose.pipeline import diagnose_facts
from dotmac_diagnose.rules import observe
from dotmac_diagnose.rules.observation import Presence

from .build import base_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotmac_diagnose.diagnosis import Cause, Diagnosis
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge

    from .model import Case


def judge(case: Case, knowledge: Knowledge) -> tuple[str, ...]:
    """Return what does not hold, one sentence each; empty when the case holds.

    A case about a cause that is always a posture counts postures, as ``--posture`` does.

    Args:
        case: what is given and expected.
        knowledge: what the experts know.

    Raises:
        InputError: the case has a fact of an unknown kind or with wrong values.
    """
    base = base_of(case)
    about = knowledge.causes.get(case.about.partition("@")[0])
    posture = about is not None and about.kind == "posture" and about.incident_when is None
    diagnosis = diagnose_facts(base, knowledge, Options(posture=posture))
    return (*_kind_failures(case, diagnosis), *_cause_failures(case, diagnosis), *_findings(case, base, knowledge))


def _kind_failures(case: Case, diagnosis: Diagnosis) -> Iterator[str]:
    reported = [cause for cause in diagnosis.reported if _is(cause, case.about)]
    if case.is_ == "fires":
        if not diagnosis.causes or not _is(diagnosis.causes[0], case.about) or not reported:
            yield f"{case.about} is not reported first: {_shown(diagnosis)}"
    elif reported:
        yield f"{case.about} is reported: {_shown(diagnosis)}"


def _cause_failures(case: Case, diagnosis: Diagnosis) -> Iterator[str]:
    expect = case.expect
    first = diagnosis.causes[0] if diagnosis.causes else None
    if expect.first is not None and (first is None or not _is(first, expect.first)):
        yield f"first is not {expect.first}: {_shown(diagnosis)}"
    if expect.at_least is not None and (first is None or first.confidence < expect.at_least):
        yield f"the first cause is below {expect.at_least}: {_shown(diagnosis)}"
    if expect.reported is not None:
        missing = [name for name in expect.reported if not any(_is(cause, name) for cause in diagnosis.reported)]
        extra = [cause for cause in diagnosis.reported if not any(_is(cause, name) for name in expect.reported)]
        if missing or extra:
            yield f"reported is not {expect.reported}: {_shown(diagnosis)}"
    for name in expect.not_reported:
        if any(_is(cause, name) for cause in diagnosis.reported):
            yield f"{name} is reported: {_shown(diagnosis)}"
    for name, limit in expect.below.items():
        if any(_is(cause, name) and cause.confidence >= limit for cause in diagnosis.causes):
            yield f"{name} is not below {limit}: {_shown(diagnosis)}"


def _findings(case: Case, base: FactBase, knowledge: Knowledge) -> Iterator[str]:
    expected = {
        Presence.PRESENT: case.expect.present,
        Presence.ABSENT: case.expect.absent,
        Presence.UNKNOWN: case.expect.unknown,
    }
    if not any(expected.values()):
        return
    observations = observe(knowledge, base)
    for presence, names in expected.items():
        for name in names:
            finding, _, entity = name.partition("@")
            observation = observations.get(finding, entity)
            seen = observation.presence if observation is not None else Presence.UNKNOWN
            if seen is not presence:
                yield f"{name} is {seen.value}, not {presence.value}"


def _is(cause: Cause, place: str) -> bool:
    identifier, _, entity = place.partition("@")
    return cause.id == identifier and entity in ("", cause.entity.id)


def _shown(diagnosis: Diagnosis) -> str:
    listed = [f"{cause.id}@{cause.entity.id} {cause.confidence:.2f}" for cause in diagnosis.causes[:4]]
    return ", ".join(listed) or "no cause"
