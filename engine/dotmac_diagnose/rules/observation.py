"""What the rules decide: every finding is present, absent or unknown on an entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dotmac_diagnose.facts import Fact


class Presence(StrEnum):
    """The three values of a finding."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """One finding on one entity.

    Args:
        finding: id of the finding.
        entity: id of the entity.
        presence: present, absent or unknown.
        reason: why it is unknown (contract ``missing``: denied, not_collected, expired …).
        detail: one line with the seen values, for people. Raw text: not yet made printable.
        facts: the facts that support it (justification), sorted.
        premises: (finding, entity) of earlier strata that support it.
        rule: which alternative of ``when`` matched, for example ``kubernetes.oom_killed#0``.
        bindings: values of the matched fact or join by ``field`` and ``alias.field``; fixes are filled from them.
        affected: pods that the supporting facts name (``pod/ns/name``), sorted.
        observed_at: earliest time of the supporting facts.
        weight_factor: 1 for a full look; below 1 when a partial look saw nothing (detector quality).
    """

    finding: str
    entity: str
    presence: Presence
    reason: str | None = None
    detail: str = ""
    facts: tuple[Fact, ...] = ()
    premises: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    bindings: Mapping[str, object] = field(default_factory=dict)
    affected: tuple[str, ...] = ()
    observed_at: datetime | None = None
    weight_factor: float = 1.0


class Decisions(Protocol):
    """Who decides a pair that is not listed."""

    def decide(self, finding: str, entity: str) -> Observation | None:
        """Return the observation, or None when the finding does not fit the entity."""
        ...

    def findings_of(self, entity: str) -> Sequence[str]:
        """Return the ids of the findings that fit an entity, sorted."""
        ...

    def undecided_pairs(self) -> Iterable[tuple[str, str]]:
        """Yield the pairs that may be unknown because of something that was seen."""
        ...


class Observations:
    """All observations of one run.

    Present ones are listed. There are as many absent and unknown ones as findings times
    entities, so :meth:`get` decides those when asked and remembers the answer.

    Args:
        items: the listed ones, in any order.
        index: further ones by (finding, entity).
        backend: what matched the joins, for reports.
        truncated: why the listed ones are not complete; None when they are.
        decisions: decides the pairs that are not listed; None: they were never evaluated.
    """

    def __init__(
        self,
        items: Iterable[Observation] = (),
        index: Mapping[tuple[str, str], Observation] | None = None,
        backend: str = "python",
        truncated: str | None = None,
        *,
        decisions: Decisions | None = None,
    ) -> None:
        self.backend = backend
        self.truncated = truncated
        listed = {**(index or {}), **{(item.finding, item.entity): item for item in items}}
        self._listed = {pair: listed[pair] for pair in sorted(listed)}
        self._decisions = decisions
        self._decided: dict[tuple[str, str], Observation | None] = {}

    @cached_property
    def items(self) -> tuple[Observation, ...]:
        """The present ones, and those unknown because of a field, a join or a composite that was seen; sorted."""
        found = dict(self._listed)
        for finding, entity in self._decisions.undecided_pairs() if self._decisions else ():
            item = self.get(finding, entity)
            if item is not None and item.presence is Presence.UNKNOWN:
                found[finding, entity] = item
        return tuple(found[pair] for pair in sorted(found))

    def present(self) -> tuple[Observation, ...]:
        """Return the present ones, sorted by finding and entity."""
        return tuple(item for item in self._listed.values() if item.presence is Presence.PRESENT)

    def get(self, finding: str, entity: str) -> Observation | None:
        """Return the observation of a finding on an entity, or None when the finding does not fit the entity."""
        pair = (finding, entity)
        listed = self._listed.get(pair)
        if listed is not None or self._decisions is None:
            return listed
        if pair not in self._decided:
            self._decided[pair] = self._decisions.decide(finding, entity)
        return self._decided[pair]

    def all_for(self, entity: str) -> tuple[Observation, ...]:
        """Return every finding that fits an entity, decided, sorted by finding."""
        if self._decisions is None:
            return tuple(item for item in self._listed.values() if item.entity == entity)
        found = (self.get(finding, entity) for finding in self._decisions.findings_of(entity))
        return tuple(item for item in found if item is not None)
