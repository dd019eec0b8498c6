"""States of the belief as the report lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report

from .confidence import LISTED_FROM, as_confidence

if TYPE_CHECKING:
    from dotmac_diagnose.inference.belief import Belief
    from dotmac_diagnose.knowledge.model import Knowledge


def state_results(knowledge: Knowledge, belief: Belief) -> list[report.StateResult]:
    """Return the states of probability .05 or more, most upstream first, with the causes that explain them."""
    return [
        report.StateResult(
            id=state.state,
            entity=state.entity,
            title=knowledge.states[state.state].title,
            probability=as_confidence(state.probability),
            explained_by=[
                report.ExplainedBy(cause=other.cause, entity=other.entity, confidence=as_confidence(other.probability))
                for other in sorted(
                    state.explained_by, key=lambda item: (-round(item.probability, 6), item.cause, item.entity)
                )
            ],
        )
        for state in belief.states
        if state.probability >= LISTED_FROM
    ]
