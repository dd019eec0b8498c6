"""Why a cause is believed on an entity, or why not: gathered from rules and inference, not yet rendered."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.inference import infer
from dotmac_diagnose.inference.neighbourhood import Neighbourhood
from dotmac_diagnose.inference.type_graph import compile_arrows
from dotmac_diagnose.remedies.checks import how_to_look
from dotmac_diagnose.remedies.values import EntityValues
from dotmac_diagnose.rules import Presence, observe

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.inference import CauseBelief, Pair
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.options import Options
    from dotmac_diagnose.rules import Observation, Observations

_DEPTH = 8
_WIDTH = 50


@dataclass(frozen=True, slots=True)
class Support:
    """An observation with what it rests on, down to the facts.

    Args:
        weight_db: its weight for the cause; None for one that only supports another.
        premises: findings of earlier rules that it rests on.
    """

    observation: Observation
    weight_db: float | None
    premises: tuple[Support, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A finding of the cause that could not be decided, why, and how to look."""

    finding: str
    entity: str
    reason: str
    how: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause on one entity.

    Args:
        probability: None where the cause is not weighed (a verdict whose finding is not present).
        evidence: what speaks for it, heaviest first.
        against: what speaks against it, heaviest first.
        gaps: what could not be decided.
        silent: findings that the cause can show, looked for and not there, without a weight of their own.
    """

    cause: str
    entity: str
    probability: float | None
    chain: tuple[Pair, ...]
    evidence: tuple[Support, ...]
    against: tuple[Support, ...]
    gaps: tuple[Gap, ...]
    alternatives: tuple[tuple[str, str, float, bool], ...]
    silent: tuple[Pair, ...]


def require_cause(knowledge: Knowledge, cause: str) -> None:
    """Refuse an id that is no cause.

    Raises:
        UsageError: with the nearest ids.
    """
    if cause in knowledge.causes:
        return
    near = difflib.get_close_matches(cause, sorted(knowledge.causes), n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`diagnose kb list` prints the causes."
    raise UsageError(f"there is no cause {cause!r}", where="CAUSE", hint=hint)


def explain(
    knowledge: Knowledge, base: FactBase, options: Options, cause: str, entity: str | None
) -> list[Explanation]:
    """Explain a cause on one entity, or on all entities that may have it, the most probable first.

    Args:
        knowledge: what the experts know.
        base: what was seen.
        options: expectation and rule engine.
        cause: id of a cause.
        entity: id, or the last part of its name where that names one; None for all.

    Raises:
        UsageError: there is no such cause, or no such entity for it.
    """
    require_cause(knowledge, cause)
    hood = Neighbourhood(knowledge, compile_arrows(knowledge), base)
    places = hood.placement.entities(cause, knowledge.causes[cause])
    wanted = _resolve(entity, cause, places, knowledge.causes[cause].entity)
    observations = observe(knowledge, base, engine=options.rule_engine)
    focus = [(cause, place) for place in wanted] if entity is not None else [(cause, None)]
    belief = infer(knowledge, base, observations, expect=options.expect, focus=focus)
    known = {item.entity: item for item in belief.causes if item.cause == cause}
    found = [_explained(hood, base, observations, cause, place, known.get(place)) for place in wanted]
    return sorted(found, key=lambda item: (-(item.probability or 0.0), item.entity))


def _resolve(entity: str | None, cause: str, places: tuple[str, ...], entity_type: str) -> tuple[str, ...]:
    if not places:
        raise UsageError(
            f"the input holds no {entity_type} on which {cause} could sit",
            where="--in",
            hint="Was it captured? `diagnose facts PATH` prints what was seen.",
        )
    if entity is None or entity in places:
        return places if entity is None else (entity,)
    ends = tuple(place for place in places if place.endswith(f"/{entity}"))
    if len(ends) == 1:
        return ends
    near = ends or tuple(difflib.get_close_matches(entity, places, n=3, cutoff=0.4)) or places[:3]
    raise UsageError(
        f"there is no entity {entity!r} on which {cause} could sit", where="ENTITY", hint=f"Try {' or '.join(near)}."
    )


def _explained(
    hood: Neighbourhood,
    base: FactBase,
    observations: Observations,
    cause: str,
    entity: str,
    belief: CauseBelief | None,
) -> Explanation:
    knowledge = hood.knowledge
    below = _findings_below(hood, cause, entity)
    decided = {pair: observations.get(*pair) for pair in below}
    weights = {(item.finding, item.entity): item.weight_db for item in belief.contributions} if belief else {}
    supports = [
        Support(observation, weight, _premises(observations, observation, _DEPTH))
        for pair, weight in weights.items()
        if (observation := observations.get(*pair)) is not None
    ]
    missing = {(item.finding, item.entity): item.reason for item in belief.missing} if belief else {}
    for pair, item in decided.items():
        if item is not None and item.presence is Presence.UNKNOWN:
            missing.setdefault(pair, item.reason or "not_collected")
    return Explanation(
        cause=cause,
        entity=entity,
        probability=belief.probability if belief else None,
        chain=belief.chain if belief else ((cause, entity),),
        evidence=tuple(item for item in supports if (item.weight_db or 0.0) > 0),
        against=tuple(item for item in supports if (item.weight_db or 0.0) < 0),
        gaps=tuple(
            Gap(finding, place, reason, how_to_look(knowledge.findings[finding], EntityValues(base, place)))
            for (finding, place), reason in sorted(missing.items(), key=lambda item: (item[0][1] != entity, item[0]))
            if finding in knowledge.findings
        ),
        alternatives=tuple(
            (other.cause, other.entity, other.probability, other.indistinguishable)
            for other in (belief.alternatives if belief else ())
        ),
        silent=tuple(
            pair
            for pair, item in sorted(decided.items(), key=lambda item: (item[0][1] != entity, item[0]))
            if item is not None and item.presence is Presence.ABSENT and pair not in weights
        ),
    )


def _findings_below(hood: Neighbourhood, cause: str, entity: str) -> list[Pair]:
    """Return the findings that the cause can show, on the entities where it would show them."""
    verdict = hood.knowledge.causes[cause].verdict
    found: set[Pair] = {(verdict, entity)} if verdict is not None else set()
    waiting: list[Pair] = [(cause, entity)]
    visited: set[Pair] = set()
    while waiting:
        node = waiting.pop()
        if node in visited:
            continue
        visited.add(node)
        for link in hood.children(node, _WIDTH):
            if hood.is_state(link.key[0]):
                waiting.append(link.key)
            else:
                found.add(link.key)
    return sorted(found)


def _premises(observations: Observations, item: Observation, depth: int) -> tuple[Support, ...]:
    if depth == 0:
        return ()
    below = (observations.get(*pair) for pair in sorted(item.premises))
    return tuple(
        Support(found, None, _premises(observations, found, depth - 1)) for found in below if found is not None
    )
