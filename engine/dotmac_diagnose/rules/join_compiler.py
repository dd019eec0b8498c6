"""Compiles a :class:`JoinRule` and checks what it joins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from dotmac_diagnose.knowledge.model import FactPattern, FindingPattern, JoinRule, Pattern

from .comparison import FieldType, field_types
from .fact_test import FactTest, FactTests
from .join_rule import CompiledJoin, FindingSource, JoinedPattern, RelationSource, Slot, Source

Complain = Callable[[str, str], None]
"""Called with a path inside the rule and a message."""

_RELATION_FIELDS: Mapping[str, FieldType] = {"source": "text", "target": "text"}


def source_fields(source: Source) -> Mapping[str, FieldType]:
    """Return the fields that joins and texts can read from a source."""
    if isinstance(source, FactTest):
        return {**field_types(source.model), "entity": "text"}
    return _RELATION_FIELDS if isinstance(source, RelationSource) else {"entity": "text"}


class JoinCompiler:
    """Compiles the joins of one knowledge base.

    Args:
        tests: compiles the fact patterns.
        findings: all finding ids.
        relations: all relation types; None accepts any.
    """

    def __init__(self, tests: FactTests, findings: Collection[str], relations: Collection[str] | None) -> None:
        self._tests = tests
        self._findings = findings
        self._relations = relations

    def compile(self, finding: str, alternative: int, rule: JoinRule, complain: Complain) -> CompiledJoin | None:
        """Compile one join; None when it has a problem.

        Args:
            finding: id of the finding.
            alternative: position in ``when``.
            rule: the join.
            complain: called for every problem.
        """
        known: dict[str, Source] = {}
        patterns = self._patterns("all", rule.all, known, complain)
        if patterns is None:
            return None
        negative = self._patterns("none", rule.none, dict(known), complain)
        on = _entity_slot(rule, patterns, known, complain)
        if negative is None or on is None:
            return None
        return CompiledJoin(finding, alternative, tuple(patterns), tuple(negative), on)

    def _patterns(
        self, key: str, patterns: Sequence[Pattern], known: dict[str, Source], complain: Complain
    ) -> list[JoinedPattern] | None:
        """Compile ``all`` (each pattern sees the earlier ones) or ``none`` (each sees only ``all``)."""
        compiled: list[JoinedPattern] = []
        refused = False

        def refuse(path: str, message: str) -> None:
            nonlocal refused
            refused = True
            complain(path, message)

        visible = dict(known)
        for position, pattern in enumerate(patterns):
            place = f"{key}.{position}"
            alias = pattern.as_ or (f"p{position}" if key == "all" else f"n{position}")
            if alias in known:
                refuse(f"{place}.as", f"the alias {alias!r} is taken")
            source = self._source(place, pattern, refuse)
            if source is None:
                continue
            joins = tuple(
                _join(place, source, own, slot, visible, refuse) for own, slot in sorted(pattern.join.items())
            )
            if not joins and (key == "none" or position > 0):
                refuse(place, "the pattern needs a join with an earlier one")
            known[alias] = source
            if key == "all":
                visible[alias] = source
            compiled.append(JoinedPattern(alias, source, joins))
        return None if refused else compiled

    def _source(self, place: str, pattern: Pattern, complain: Complain) -> Source | None:
        if isinstance(pattern, FactPattern):
            return self._tests.compile(pattern, lambda path, message: complain(f"{place}.{path}", message))
        if isinstance(pattern, FindingPattern):
            if pattern.finding in self._findings:
                return FindingSource(pattern.finding)
            complain(f"{place}.finding", f"there is no finding {pattern.finding!r}")
            return None
        if self._relations is None or pattern.relation in self._relations:
            return RelationSource(pattern.relation)
        complain(f"{place}.relation", f"there is no relation {pattern.relation!r}")
        return None


def _join(
    place: str, source: Source, own: str, slot: str, visible: Mapping[str, Source], complain: Complain
) -> tuple[str, Slot]:
    path = f"{place}.join.{own}"
    own_type = source_fields(source).get(own)
    if own_type is None:
        complain(path, f"the pattern has no field {own!r}; it has {', '.join(sorted(source_fields(source)))}")
    other = _slot(path, slot, visible, complain)
    if other is None:
        return own, ("", "")
    other_type = source_fields(visible[other[0]])[other[1]]
    if own_type is not None and (own_type == "boolean") is not (other_type == "boolean"):
        complain(path, f"{own} is of type {own_type} and {slot} of type {other_type}: they are never equal")
    return own, other


def _slot(path: str, text: str, visible: Mapping[str, Source], complain: Complain) -> Slot | None:
    alias, dot, field = text.partition(".")
    if not dot:
        complain(path, f"{text!r} is not alias.field")
    elif alias not in visible:
        complain(path, f"no earlier pattern has the alias {alias!r}")
    elif field not in source_fields(visible[alias]):
        complain(path, f"{alias} has no field {field!r}; it has {', '.join(sorted(source_fields(visible[alias])))}")
    else:
        return alias, field
    return None


def _entity_slot(
    rule: JoinRule, patterns: Sequence[JoinedPattern], known: Mapping[str, Source], complain: Complain
) -> Slot | None:
    if rule.on is not None:
        slot = _slot("on", rule.on, known, complain)
        if slot is not None and source_fields(known[slot[0]])[slot[1]] != "text":
            complain("on", f"{rule.on} does not hold an entity")
            return None
        return slot
    first = patterns[0]
    if isinstance(first.source, RelationSource):
        complain("on", f"a rule that begins with a relation says `on: {first.alias}.source` or `.target`")
        return None
    return first.alias, "entity"
