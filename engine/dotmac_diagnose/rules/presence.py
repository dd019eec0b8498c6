"""Turns the matches of a finding on an entity into one observation."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Fact, Relation, entity_id

from .compiler import Alternative, CompiledFinding, FactAlternative
from .element import Element, Match, Premise, read_field
from .observation import Observation, Presence
from .template import format_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def present(finding: CompiledFinding, entity: str, matches: Sequence[Match], order: Mapping[int, int]) -> Observation:
    """Return the observation that some matches support.

    Args:
        finding: the finding.
        entity: the entity.
        matches: at least one, in canonical order; the first or the worst gives text and bindings.
        order: position of each fact in the base, by ``id``.
    """
    first = _telling(finding.definition.worst, matches)
    alternative = next(item for item in finding.alternatives if item.alternative == first.alternative)
    unique = {id(fact): fact for match in matches for fact in match.facts}
    facts = tuple(unique[key] for key in sorted(unique, key=order.__getitem__))
    return Observation(
        finding=finding.id,
        entity=entity,
        presence=Presence.PRESENT,
        detail=_detail(finding, alternative, first, _others(matches)),
        facts=facts,
        premises=tuple(sorted({premise for match in matches for premise in match.premises})),
        rule=f"{finding.id}#{first.alternative}",
        bindings={**_bindings(first), **finding.captures.of(_bindings(match) for match in matches)},
        affected=affected_pods(facts),
        observed_at=earliest(facts),
    )


def _telling(worst: str | None, matches: Sequence[Match]) -> Match:
    """Return the match with the greatest number in a field; the first one without such a field."""
    if worst is None:
        return matches[0]

    def size(match: Match) -> float:
        values = (read_field(element, worst) for _, element in match.elements if isinstance(element, Fact))
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        return max(numbers, default=-math.inf)

    return max(matches, key=size)


def unknown(finding: CompiledFinding, entity: str, reason: str, match: Match) -> Observation:
    """Return the observation of a join that holds but for a ``none`` pattern that nobody could check.

    Args:
        finding: the finding.
        entity: the entity.
        reason: why the pattern could not be checked.
        match: the join.
    """
    return Observation(
        finding=finding.id,
        entity=entity,
        presence=Presence.UNKNOWN,
        reason=reason,
        facts=match.facts,
        premises=match.premises,
        rule=f"{finding.id}#{match.alternative}",
        affected=affected_pods(match.facts),
        observed_at=earliest(match.facts),
    )


def affected_pods(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return the pods that facts name in their field ``pod``, as entity ids."""
    named = (read_field(fact, "pod") for fact in facts)
    return tuple(sorted({entity_id("pod", pod) for pod in named if isinstance(pod, str) and pod}))


def earliest(facts: Iterable[Fact]) -> datetime | None:
    """Return the earliest time of some facts; a time without a zone counts as UTC."""
    moments = (fact.observed_at for fact in facts if fact.observed_at is not None)
    return min((moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in moments), default=None)


def _others(matches: Sequence[Match]) -> int:
    """Return the number of matches beside the first; one fact that fits two alternatives counts once."""
    distinct = {tuple(_identity(element) for _, element in match.elements) for match in matches}
    return len(distinct) - 1


def _identity(element: Element) -> object:
    return element if isinstance(element, Premise) else id(element)


def _detail(finding: CompiledFinding, alternative: Alternative, match: Match, others: int) -> str:
    template = finding.details.get(alternative.alternative, finding.detail)
    if template is not None:
        text = template.render(lambda name: _read(match, name))
    else:
        text = _seen_values(alternative, match)
    return f"{text} (and {others} more)" if others else text


def _read(match: Match, name: str) -> object | None:
    alias, dot, field = name.rpartition(".")
    return match.read(alias, field) if dot else match.read("", name)


def _seen_values(alternative: Alternative, match: Match) -> str:
    """Return the tested fields with their values, for a finding without a text of its own."""
    if isinstance(alternative, FactAlternative):
        tested = [("", alternative.test.fields)]
    else:
        tested = [(pattern.alias, getattr(pattern.source, "fields", ())) for pattern in alternative.patterns]
    values = [(field, match.read(alias, field)) for alias, fields in tested for field in fields]
    # "superseded: no" tells a reader nothing beside "exit_reason: OOMKilled".
    telling = [(field, value) for field, value in values if not isinstance(value, bool)] or values
    return ", ".join(f"{field}: {format_value(value)}" for field, value in telling) or _entities(match)


def _entities(match: Match) -> str:
    """Return the entities that a match joins, for one that tests no field."""
    names = ("entity", "source", "target")
    found = (read_field(element, name) for _, element in match.elements for name in names)
    return ", ".join(dict.fromkeys(str(value) for value in found if value is not None))


def _bindings(match: Match) -> Mapping[str, object]:
    """Return what was seen, by ``alias.field``, and by ``field`` from the first element that has it."""
    bindings: dict[str, object] = {}
    for alias, element in match.elements:
        values = _values(element)
        if alias:
            bindings.update({f"{alias}.{field}": value for field, value in values.items()})
        for field, value in values.items():
            if field not in ("entity", "source", "target"):
                bindings.setdefault(field, value)
    return bindings


def _values(element: Element) -> dict[str, object]:
    if isinstance(element, Relation):
        return {"source": element.source, "target": element.target}
    # The instance dictionary of a pydantic model holds its fields; reading it is ten times faster than attributes.
    fields = vars(element.values) if isinstance(element, Fact) and element.values is not None else {}
    return {"entity": element.entity, **{field: value for field, value in fields.items() if value is not None}}
