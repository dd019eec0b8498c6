"""Facts from one answer of a server: what it showed, or why it showed nothing."""

from __future__ import annotations

from dataclasses import dataclass

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Fact, FactValues, Status, Vantage, fact


@dataclass(frozen=True, slots=True)
class Source:
    """Which collector looked, and from where."""

    collector: str
    vantage: Vantage


def status_word(answer: ServerAnswer) -> Status:
    """Return the status of an answer; a word that is none counts as unreachable."""
    try:
        return Status(answer.status)
    except ValueError:
        return Status.UNREACHABLE


def status_without_values(answer: ServerAnswer) -> Status:
    """Return the status of an answer that gave no values: one that claims to be well is not understood."""
    status = status_word(answer)
    return Status.UNSUPPORTED if status is Status.OK else status


def seen(answer: ServerAnswer, values: FactValues, source: Source) -> Fact:
    """Return a fact with values."""
    return fact(
        answer.server,
        values,
        vantage=source.vantage,
        observed_at=answer.asked_at,
        collector=source.collector,
        source=answer.source or answer.question,
        evidence=answer.evidence,
    )


def unseen(answer: ServerAnswer, kind: type[FactValues], status: Status, reason: str | None, source: Source) -> Fact:
    """Return a fact that says how the look at a kind ended."""
    return Fact(
        entity=answer.server,
        kind=kind.kind,
        values=None,
        status=status,
        vantage=source.vantage,
        observed_at=answer.asked_at,
        collector=source.collector,
        source=answer.source or answer.question,
        evidence=answer.evidence,
        reason=reason,
    )
