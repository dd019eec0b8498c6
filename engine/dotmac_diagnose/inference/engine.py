"""From observations to belief: ground, solve, take apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .assembly import Assembly
from .belief import Belief
from .calibration import UNCALIBRATED, Calibration, fitting
from .grounding import Ground
from .leaks import Leaks
from .neighbourhood import Neighbourhood
from .posterior import solve
from .results import Results
from .scale import Scale, prior_scale
from .type_graph import compile_arrows
from .verdicts import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.rules.observation import Observation, Observations

    from .belief import CauseBelief, Pair
    from .type_graph import Arrows

FOCUS_LIMIT = 50
"""Entities on which a cause is explained when none is named."""


def infer(
    knowledge: Knowledge,
    base: FactBase,
    observations: Observations,
    *,
    expect: Literal["incident", "healthy"] = "incident",
    max_width: int = 20,
    calibration: Calibration | None = None,
    focus: Sequence[tuple[str, str | None]] = (),
    arrows: Arrows | None = None,
) -> Belief:
    """Compute what is believed about every cause and state.

    Args:
        knowledge: causes, states, findings and the numbers behind the words.
        base: entities and relations.
        observations: what is present, absent and unknown.
        expect: how many faults to expect: one in an incident, a tenth in a routine look.
        max_width: widest table, in binary axes; beyond it the mode is ``approximate``.
        calibration: map to confidences; used when it was fitted with this knowledge.
        focus: causes (with an entity, or None for all) to explain however improbable they are.
        arrows: :func:`compile_arrows` of this knowledge, when it is used many times.

    Returns:
        The belief; the same for the same observations in any order.

    Raises:
        KnowledgeError: the knowledge names words, targets or paths that do not exist.
    """
    hood = Neighbourhood(knowledge, compile_arrows(knowledge) if arrows is None else arrows, base)
    kappa = prior_scale(knowledge, hood.placement, expect)
    scale = Scale(knowledge, kappa)
    present = _known_and_sorted(knowledge, observations)
    focused = _focused(hood, focus)
    grounded = Ground(hood, observations, present, focused)
    leaks = Leaks(hood, scale)
    assembly = Assembly(grounded, hood, leaks, scale, present, focused)
    solution = solve(assembly, max_width=max_width)
    usable, notes = fitting(calibration, knowledge.digest)
    results = Results(hood, observations, scale, leaks, solution, assembly.refutations, usable)
    verdicts = decide(knowledge, base, hood.placement, scale, present)
    decided = {pair for verdict in verdicts for pair in verdict.explains}
    return Belief(
        mode=solution.mode,
        error_bound=solution.error_bound,
        causes=tuple(sorted([*results.causes(focused), *verdicts], key=_order)),
        states=results.states(),
        unexplained=tuple(pair for pair in results.unexplained(grounded.unconnected, present) if pair not in decided),
        checks=results.checks(),
        prior_scale=round(kappa, 9),
        width=solution.width,
        nodes=assembly.size,
        expect=expect,
        calibration=usable.label if usable is not None else UNCALIBRATED,
        notes=tuple(sorted([*grounded.notes(), *notes, *results.notes()])),
    )


def _order(cause: CauseBelief) -> tuple[float, int, str, str]:
    return (-cause.probability, -len(cause.explains), cause.cause, cause.entity)


def _known_and_sorted(knowledge: Knowledge, observations: Observations) -> list[Observation]:
    known = [item for item in observations.present() if item.finding in knowledge.findings]
    return sorted(known, key=lambda item: (item.finding, item.entity))


def _focused(hood: Neighbourhood, focus: Sequence[tuple[str, str | None]]) -> set[Pair]:
    found: set[Pair] = set()
    for cause_id, entity in focus:
        cause = hood.knowledge.causes.get(cause_id)
        if cause is None or cause_id not in hood.arrows.outgoing:
            continue
        if entity is None:
            found.update((cause_id, place) for place in hood.placement.entities(cause_id, cause)[:FOCUS_LIMIT])
        elif hood.placement.takes(cause_id, cause, entity):
            found.add((cause_id, entity))
    return found
