"""The Rete of durable-rules, driven through its C core.

The engine is correct and fast inside a small subset and crashes outside it, so everything
that reaches it is made here:

* rules come from this compiler alone: ``kind`` first, existence guards, equality joins, and
  an always-true last comparison in every joining pattern (without it a false comparison
  reads past its end, issue 381 of jruizgit/rules);
* fields, sources and values are short names made here (``k1``, ``p2``, ``v3``): no text of
  a target, no number and no null reaches the core;
* facts carry short decimal ids, are asserted one by one, and every return code is checked;
* a boot rule fires before anything else, and the state is deleted after each run;
* one lock per handle; limits on firings and seconds;
* a rule set that could overflow the core's match stack is split over several handles.

``durable.lang`` and ``durable.engine.Host`` are not used: they keep module-wide state and
start threads.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import RuleEngineError

from .matcher import DEFAULT_LIMITS, Limits, MatchResult, MatchRow, MatchRule, check_rules_of_matcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GUARD = "_"
_BOOT_RULE = {"boot": {"all": [{"b": {"boot_": 1}}]}}
_STATE = "0"
_MAX_RULES = 4000
_MAX_CONDITIONS_OF_LEVEL = 480
_MAX_RULES_OF_PATTERN = 200
_MAX_MATCH_STACK = 60
_ACCEPTED, _UNUSED = 0, 1


def import_core() -> Any:
    """Return the C core.

    Raises:
        ImportError: it is not installed, or not built for this Python.
    """
    import durable_rules_engine

    return durable_rules_engine


class DurableBackend:
    """durable-rules in this process.

    Raises:
        ImportError: durable-rules cannot be imported.
    """

    name = "durable-rules"

    def __init__(self) -> None:
        self._core = import_core()

    def compile(self, rules: Sequence[MatchRule]) -> DurableMatcher:
        """Compile rules into one network, or several where one could overflow."""
        problems = check_rules_of_matcher(rules)
        if problems:
            raise RuleEngineError("the matcher refuses a rule", where=problems[0])
        shards = shard(sorted(rules, key=lambda rule: rule.id))
        networks: list[_Network] = []
        try:
            networks.extend(_Network(self._core, part) for part in shards)
        except RuleEngineError:
            for network in networks:
                network.close()
            raise
        return DurableMatcher(networks)


class DurableMatcher:
    """One or more compiled networks."""

    def __init__(self, networks: Sequence[_Network]) -> None:
        self._networks = tuple(networks)

    def infer(self, rows: Sequence[MatchRow], limits: Limits = DEFAULT_LIMITS) -> MatchResult:
        """Return all matches.

        Raises:
            RuleEngineError: the core refused a fact, or the matcher is closed.
        """
        origins = {row.id: row.origin for row in rows}
        matches: dict[str, tuple[tuple[int, ...], ...]] = {}
        truncated: set[str] = set()
        deadline = time.monotonic() + limits.seconds
        for network in self._networks:
            fired, complete = network.run(rows, limits.matches, deadline)
            if not complete:
                truncated.update(network.rule_ids)
            for rule, found in fired.items():
                distinct = [ids for ids in found if len({origins[row] for row in ids}) == len(ids)]
                if distinct:
                    matches[rule] = tuple(sorted(distinct))
        return MatchResult(matches=matches, truncated=frozenset(truncated))

    def close(self) -> None:
        """Delete the networks."""
        for network in self._networks:
            network.close()


class _Names:
    """Short names for the texts of rules and rows."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names: dict[str, str] = {}

    def of(self, text: str) -> str:
        """Return the name of a text; a new one when it is new."""
        return self._names.setdefault(text, f"{self._prefix}{len(self._names) + 1}")

    def known(self, text: str) -> str | None:
        """Return the name of a text that has one."""
        return self._names.get(text)


class _Network:
    """One handle of the core with its rules."""

    def __init__(self, core: Any, rules: Sequence[MatchRule]) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._sources = _Names("k")
        self._fields = _Names("p")
        self.rule_ids = tuple(rule.id for rule in rules)
        self._widths = {f"r{number}": len(rule.patterns) for number, rule in enumerate(rules)}
        definition = compile_definition(rules, self._sources, self._fields)
        try:
            self._handle: int | None = core.create_ruleset("dotmac", json.dumps(definition))
        except Exception as error:
            raise RuleEngineError(f"durable-rules refuses the rules: {error}", where=rules[0].id) from error

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._core.delete_ruleset(self._handle)
                self._handle = None

    def run(
        self, rows: Sequence[MatchRow], max_firings: int, deadline: float
    ) -> tuple[dict[str, list[tuple[int, ...]]], bool]:
        """Return the firings by rule id, and whether they are all."""
        with self._lock:
            if self._handle is None:
                raise RuleEngineError("the matcher is closed", hint="Compile the rules again.")
            offset = self._boot(self._handle)
            try:
                complete = self._assert_rows(self._handle, rows, deadline)
                return self._fire(self._handle, offset, max_firings, deadline) if complete else ({}, False)
            except RuleEngineError:
                raise
            except Exception as error:
                raise RuleEngineError(f"durable-rules failed: {error}") from error
            finally:
                # Frees facts and pending firings; safe because the boot rule has fired.
                self._core.delete_state(self._handle, _STATE)

    def _boot(self, handle: int) -> int:
        """Fire the boot rule; return where the core keeps the state."""
        offset: int
        _, offset = self._core.assert_fact(handle, '{"boot_":1,"id":"boot"}')
        self._core.start_action_for_state(handle, offset)
        self._core.complete_and_start_action(handle, offset)
        return offset

    def _assert_rows(self, handle: int, rows: Sequence[MatchRow], deadline: float) -> bool:
        """Assert the rows that a rule can use; tell whether the time was enough."""
        values = _Names("v")
        for row in rows:
            source = self._sources.known(row.source)
            if source is None:
                continue
            named = ((self._fields.known(field), text) for field, text in sorted(row.values.items()))
            fields = {field: values.of(text) for field, text in named if field is not None}
            fact = json.dumps({"kind": source, **fields, "id": str(row.id + 1), _GUARD: 1})
            code, _ = self._core.assert_fact(handle, fact)
            if code not in (_ACCEPTED, _UNUSED):
                raise RuleEngineError(f"durable-rules rejects a fact with code {code}", where=f"row {row.id}")
            if time.monotonic() > deadline:
                return False
        return True

    def _fire(
        self, handle: int, offset: int, max_firings: int, deadline: float
    ) -> tuple[dict[str, list[tuple[int, ...]]], bool]:
        fired: dict[str, list[tuple[int, ...]]] = {}
        count = 0
        begun = self._core.start_action_for_state(handle, offset)
        message = begun and begun[1]
        while message:
            if count >= max_firings or time.monotonic() > deadline:
                self._core.complete_and_start_action(handle, offset)
                return fired, False
            count += 1
            ((rule, frame),) = json.loads(message).items()
            ids = tuple(int(frame[f"a{position}"]["id"]) - 1 for position in range(self._widths[rule]))
            fired.setdefault(self.rule_ids[int(rule[1:])], []).append(ids)
            message = self._core.complete_and_start_action(handle, offset)
        return fired, True


def compile_definition(rules: Sequence[MatchRule], sources: _Names, fields: _Names) -> dict[str, Any]:
    """Return the rule set as the core reads it."""
    definition: dict[str, Any] = dict(_BOOT_RULE)
    for number, rule in enumerate(rules):
        definition[f"r{number}"] = {"all": _compile_patterns(rule, sources, fields)}
    return definition


def _compile_patterns(rule: MatchRule, sources: _Names, fields: _Names) -> list[dict[str, Any]]:
    read: dict[int, set[str]] = {}
    for pattern in rule.patterns:
        for join in pattern.joins:
            read.setdefault(join.pattern, set()).add(join.field)
    compiled: list[dict[str, Any]] = []
    for position, pattern in enumerate(rule.patterns):
        conditions: list[dict[str, Any]] = [{"kind": sources.of(pattern.source)}]
        conditions += [{"$ex": {fields.of(field): 1}} for field in sorted(read.get(position, ()))]
        conditions += [{fields.of(join.own): {f"a{join.pattern}": fields.of(join.field)}} for join in pattern.joins]
        if pattern.joins:
            conditions.append({_GUARD: {"a0": _GUARD}})
        compiled.append({f"a{position}": {"$and": conditions}})
    return compiled


def shard(rules: Sequence[MatchRule]) -> list[Sequence[MatchRule]]:
    """Split rules so that no part can overflow the core.

    Raises:
        RuleEngineError: one rule alone is too wide.
    """
    if not rules:
        return []
    problem = overflow(compile_definition(rules, _Names("k"), _Names("p")))
    if problem is None:
        return [rules]
    if len(rules) == 1:
        raise RuleEngineError(f"durable-rules cannot hold the rule: {problem}", where=rules[0].id)
    middle = len(rules) // 2
    return [*shard(rules[:middle]), *shard(rules[middle:])]


def overflow(definition: Mapping[str, Any]) -> str | None:
    """Return which limit of the core a rule set could exceed, or None."""
    root: dict[Any, Any] = {}
    ends: Counter[tuple[Any, ...]] = Counter()
    for name, rule in definition.items():
        for pattern in rule["all"]:
            (condition,) = pattern.values()
            node = root
            path: tuple[Any, ...] = ()
            for part in condition.get("$and", [condition]):
                step = _step(name, part)
                node = node.setdefault(step, {})
                path += (step,)
            ends[path] += 1
    if len(definition) > _MAX_RULES:
        return f"more than {_MAX_RULES} rules"
    if max(ends.values()) > _MAX_RULES_OF_PATTERN:
        return f"more than {_MAX_RULES_OF_PATTERN} rules end in the same pattern"
    if _widest(root) > _MAX_CONDITIONS_OF_LEVEL:
        return f"more than {_MAX_CONDITIONS_OF_LEVEL} conditions at one level"
    if _match_stack(root) > _MAX_MATCH_STACK:
        return "one fact could match too many branches at once"
    return None


def _step(rule: str, condition: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return a node of the alpha tree: condition, owner (joins are not shared), constant field."""
    ((key, value),) = condition.items()
    inner = value if key.startswith("$") else condition
    joined = any(isinstance(item, dict) for item in inner.values())
    return (json.dumps(condition), rule if joined else "", "" if joined or key.startswith("$") else key)


def _widest(node: Mapping[Any, Any]) -> int:
    return max([len(node), *map(_widest, node.values())])


def _match_stack(node: Mapping[Any, Any]) -> int:
    """Return a pessimistic depth of the core's stack: equal tests on one field exclude each other."""
    if not node:
        return 1
    fields = {step[2] for step in node if step[2]}
    return len(fields) + sum(not step[2] for step in node) - 1 + max(map(_match_stack, node.values()))
