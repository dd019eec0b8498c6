"""How urgent a cause is: the catalogue's word, raised when no entry point is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactBase, entity_type

from .confidence import CERTAIN_STATE

if TYPE_CHECKING:
    from dotmac_diagnose.inference.belief import Belief, CauseBelief
    from dotmac_diagnose.knowledge.model import Knowledge, Severity

SEVERITIES: tuple[Severity, ...] = ("P0", "P1", "P2", "P3")
"""Most urgent first."""

_EXPLAINED_SHARE = 0.5


def severity_of(knowledge: Knowledge, base: FactBase, belief: Belief, cause: CauseBelief) -> Severity:
    """Return the severity of a cause.

    It is the catalogue's, raised to P0 when the platform has entry points (entities of type ``endpoint``)
    and each of them is down (a state ``edge.*`` of probability .5 or more) because of this cause
    (guide G-13: P0 is "platform down"; contract 3, Severity).
    """
    known = knowledge.causes[cause.cause]
    endpoints = base.entities_of_type("endpoint")
    if known.kind != "incident" or not endpoints:
        return known.severity
    on_chain = set(cause.chain)
    down = set()
    for state in belief.states:
        if entity_type(state.entity) != "endpoint" or not state.state.startswith("edge."):
            continue
        explained = any(
            (other.cause, other.entity) == (cause.cause, cause.entity) and other.probability >= _EXPLAINED_SHARE
            for other in state.explained_by
        )
        if state.probability >= CERTAIN_STATE and (explained or (state.state, state.entity) in on_chain):
            down.add(state.entity)
    return "P0" if down.issuperset(endpoints) else known.severity
