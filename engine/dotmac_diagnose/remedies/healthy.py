"""What was examined and found well. "Not seen" is never well."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactBase, Status, entity_type, is_a
from dotmac_diagnose.rules.observation import Observations, Presence

from .confidence import CERTAIN_STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotmac_diagnose import diagnosis as report
    from dotmac_diagnose.knowledge.model import Knowledge

_NAMED_TYPES = frozenset(
    {
        "alertmanager",
        "certificate",
        "cluster",
        "endpoint",
        "external_api",
        "grafana",
        "host",
        "nginx",
        "pgbouncer",
        "postgres",
        "prometheus",
        "redis",
        "resolver",
    }
)
_MOST_NAMED = 6
_PLURALS = {
    "compose_service": "compose services",
    "custom_resource": "custom resources",
    "external_api": "external APIs",
    "horizontalpodautoscaler": "autoscalers",
    "ingress": "ingresses",
    "networkpolicy": "network policies",
    "persistentvolume": "volumes",
    "persistentvolumeclaim": "volume claims",
    "pgbouncer": "PgBouncers",
    "poddisruptionbudget": "disruption budgets",
    "registry": "registries",
    "scrape_target": "scrape targets",
    "systemd_unit": "systemd units",
}
_SINGULARS = {
    "compose_service": "compose service",
    "custom_resource": "custom resource",
    "horizontalpodautoscaler": "autoscaler",
    "networkpolicy": "network policy",
    "persistentvolume": "volume",
    "persistentvolumeclaim": "volume claim",
    "poddisruptionbudget": "disruption budget",
    "scrape_target": "scrape target",
    "systemd_unit": "systemd unit",
}


def counts_as_trouble(knowledge: Knowledge, *, posture: bool) -> frozenset[str]:
    """Return the findings that count: not informational, and no mere weakness unless ``posture``."""
    weak = {
        cause.verdict for cause in knowledge.causes.values() if cause.kind == "posture" and cause.verdict is not None
    }
    other = {cause.verdict for cause in knowledge.causes.values() if cause.kind != "posture"}
    return frozenset(
        identifier
        for identifier, finding in knowledge.findings.items()
        if finding.informational is None and (posture or identifier not in weak - other)
    )


class Examination:
    """Which entities have at least one decided finding, answered lazily."""

    def __init__(self, knowledge: Knowledge, base: FactBase, observations: Observations) -> None:
        self._knowledge = knowledge
        self._observations = observations
        self._findings: dict[str, list[str]] = {}
        self.seen = frozenset(fact.entity for fact in base.facts if fact.status in (Status.OK, Status.EMPTY))
        """Entities with a fact of their own."""
        self._entities = base.entities

    def found_absent(self, entity: str) -> bool:
        """Tell whether a finding was looked for on the entity and is not there."""
        findings = self._of_type(entity_type(entity))
        for position, finding in enumerate(findings):
            observation = self._observations.get(finding, entity)
            if observation is not None and observation.presence is Presence.ABSENT:
                # What was decided here is most likely decided on the next entity of the type too.
                findings.insert(0, findings.pop(position))
                return True
        return False

    def anything_known(self) -> bool:
        """Tell whether any finding is present or absent on any entity (contract 2, exit code 3)."""
        if self._observations.present():
            return True
        return bool(self.seen) and any(self.found_absent(entity) for entity in self._entities)

    def _of_type(self, concrete: str) -> list[str]:
        if concrete not in self._findings:
            self._findings[concrete] = [
                identifier
                for identifier, finding in sorted(self._knowledge.findings.items())
                if is_a(concrete, finding.entity)
            ]
        return self._findings[concrete]


def well_systems(
    examination: Examination,
    present: Iterable[str],
    causes: Iterable[report.Cause],
    states: Iterable[report.StateResult],
) -> list[str]:
    """Return what was examined and found well.

    Servers and addresses by id (``postgres/db``), the rest by number (``3 of 4 deployments``). Well is an
    entity with a fact of its own and an absent finding, without a present finding, a reported cause or a
    state of probability .5 or more.

    Args:
        examination: what was decided.
        present: entities of the present findings that count.
        causes: of the report.
        states: of the report.
    """
    unwell = set(present)
    unwell.update(cause.entity.id for cause in causes if cause.reported and cause.kind != "posture")
    unwell.update(state.entity for state in states if state.probability >= CERTAIN_STATE)
    examined: dict[str, set[str]] = defaultdict(set)
    well: dict[str, set[str]] = defaultdict(set)
    for entity in sorted(examination.seen):
        concrete = entity_type(entity)
        if entity in unwell:
            examined[concrete].add(entity)
        elif examination.found_absent(entity):
            examined[concrete].add(entity)
            well[concrete].add(entity)
    return _lines(examined, well)


def _lines(examined: Mapping[str, set[str]], well: Mapping[str, set[str]]) -> list[str]:
    named: list[str] = []
    counted: list[str] = []
    for concrete in sorted(well):
        entities, total = well[concrete], len(examined[concrete])
        if concrete in _NAMED_TYPES and len(entities) <= _MOST_NAMED:
            named += sorted(entities)
            continue
        word = _plural(concrete) if total != 1 else _SINGULARS.get(concrete, concrete)
        counted.append(f"{len(entities)} {word}" if len(entities) == total else f"{len(entities)} of {total} {word}")
    return [*named, *counted]


def _plural(concrete: str) -> str:
    return _PLURALS.get(concrete, f"{concrete}s")
