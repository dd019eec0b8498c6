"""What was seen: entities, typed facts, relations, outcomes, and the base that indexes them."""

from .base import Coverage, FactBase
from .entity import entity_id, entity_name, entity_namespace, entity_type, is_a, object_name
from .fact import Change, Fact, FactValues, Outcome, OutcomeStatus, Relation, Status, Vantage, fact
from .kinds import fact_kinds

__all__ = [
    "Change",
    "Coverage",
    "Fact",
    "FactBase",
    "FactValues",
    "Outcome",
    "OutcomeStatus",
    "Relation",
    "Status",
    "Vantage",
    "entity_id",
    "entity_name",
    "entity_namespace",
    "entity_type",
    "fact",
    "fact_kinds",
    "is_a",
    "object_name",
]
