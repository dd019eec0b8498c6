"""The same observations for facts in any order, for both engines, in every process; and in time."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotmac_diagnose.facts import Fact, FactBase, Relation, fact_kinds
from dotmac_diagnose.rules import Observations, compile_rules, observe_compiled

from .building import container, event, finding, listed, message, named, pod, rules, workload

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Finding

NODES = ("n1", "n2", None)


def random_facts(random: Random, count: int) -> list[Fact]:
    facts: list[Fact] = [listed("pods")] if random.random() < 0.5 else []
    for _ in range(count):
        entity, name = f"deployment/shop/d{random.randrange(4)}", f"shop/p{random.randrange(6)}"
        ready, code = random.choice((True, False, None)), random.choice((0, 1, 137, None))
        facts.append(
            random.choice(
                (
                    pod(entity, name, ready=ready, node=random.choice(NODES)),
                    container(entity, name, exit_code=code, ready=ready),
                    workload(entity, desired=random.choice((0, 1, None)), ready=random.choice((0, 1, None))),
                )
            )
        )
    return facts


def random_relations(random: Random) -> list[Relation]:
    ends = [f"deployment/shop/d{number}" for number in range(4)]
    return [Relation("uses", random.choice(ends), random.choice(ends)) for _ in range(random.randrange(5))]


def random_pattern(random: Random, join: dict[str, str]) -> dict[str, Any]:
    kind, where = random.choice(
        (
            ("kubernetes.pod", {"ready": random.choice((True, False))}),
            ("kubernetes.container", {"exit_code": random.choice((0, 137, {"gt": 0}))}),
            ("kubernetes.container", {"ready": {"exists": True}}),
        )
    )
    return {"fact": kind, "where": where, "join": join}


def random_finding(random: Random, earlier: list[str]) -> Finding:
    first = random_pattern(random, {}) | {"as": "a"}
    rest: list[dict[str, Any]] = []
    for _ in range(random.randrange(3)):
        own = random.choice(("pod", "entity"))
        choice = random.randrange(3 if earlier else 2)
        if choice == 0:
            rest.append(random_pattern(random, {own: f"a.{own}"}))
        elif choice == 1:
            rest.append({"relation": "uses", "join": {random.choice(("source", "target")): "a.entity"}})
        else:
            rest.append({"finding": random.choice(earlier), "join": {"entity": "a.entity"}})
    cut = random.randint(0, len(rest))
    join = {"all": [first, *rest[:cut]], "none": rest[cut:]}
    single = {key: value for key, value in random_pattern(random, {}).items() if key != "join"}
    when: list[dict[str, Any]] = random.choice(([join], [join, single], [single]))
    more: dict[str, Any] = {"subsumes": [random.choice(earlier)]} if earlier and random.random() < 0.2 else {}
    if random.random() < 0.3:
        more |= {"source_group": "g", "general": random.random() < 0.5}
    return finding(when, **more)


def random_findings(random: Random) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for number in range(random.randint(1, 6)):
        found[f"test.f{number}"] = random_finding(random, sorted(found))
    return found


def described(seen: Observations) -> list[Any]:
    entities = [f"deployment/shop/d{number}" for number in range(4)]
    lazy = [
        (item.finding, item.entity, item.presence.value, item.reason)
        for entity in entities
        for item in seen.all_for(entity)
    ]
    listed_ones = [
        (
            *(item.finding, item.entity, item.presence.value, item.reason, item.detail, item.rule, item.affected),
            *(item.premises, sorted(item.bindings.items()), [repr(fact) for fact in item.facts]),
        )
        for item in seen.items
    ]
    return [lazy, listed_ones]


@pytest.mark.parametrize("seed", range(150))
def test_both_engines_observe_the_same(seed: int) -> None:
    pytest.importorskip("durable_rules_engine")
    random = Random(seed)
    compiled = compile_rules(random_findings(random), fact_kinds())
    assert compiled.problems == ()
    base = FactBase(random_facts(random, 12), random_relations(random))
    in_rete = observe_compiled(compiled, base, engine="durable")
    on_indexes = observe_compiled(compiled, base, engine="python")
    assert described(in_rete) == described(on_indexes)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_facts_and_findings_is_of_no_consequence(seed: int, order: Random) -> None:
    random = Random(seed)
    findings, facts, relations = random_findings(random), random_facts(random, 12), random_relations(random)
    expected = described(observe_compiled(compile_rules(findings, fact_kinds()), FactBase(facts, relations)))
    names = list(findings)
    order.shuffle(names)
    order.shuffle(facts)
    order.shuffle(relations)
    shuffled = compile_rules({name: findings[name] for name in names}, fact_kinds())
    assert described(observe_compiled(shuffled, FactBase(facts, relations))) == expected


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_asking_in_another_order_changes_no_answer(seed: int) -> None:
    random = Random(seed)
    compiled = compile_rules(random_findings(random), fact_kinds())
    base = FactBase(random_facts(random, 12), random_relations(random))
    seen, asked_backwards = observe_compiled(compiled, base), observe_compiled(compiled, base)
    for name in reversed(list(compiled.findings)):
        for number in reversed(range(4)):
            asked_backwards.get(name, f"deployment/shop/d{number}")
    assert described(seen) == described(asked_backwards)


PROGRAM = """
from random import Random
from rules.test_determinism import *
random = Random(11)
for _ in range(20):
    compiled = compile_rules(random_findings(random), fact_kinds())
    print(described(observe_compiled(compiled, FactBase(random_facts(random, 12), random_relations(random)))))
"""


def test_every_process_observes_the_same() -> None:
    outputs = set()
    for hash_seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        outputs.add(child.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1_000


def many_findings() -> dict[str, Finding]:
    """Return 500 findings over five kinds, a third of them with a text."""
    reasons = [f"Reason{number}" for number in range(60)]
    made: dict[str, Finding] = {}
    for number in range(500):
        pattern: dict[str, Any] = (
            {"fact": "kubernetes.pod", "where": {"restarts": {"gt": 20 + number % 7}, "phase": "Pending"}},
            {"fact": "kubernetes.container", "where": {"exit_reason": reasons[number % 60], "exit_code": 137}},
            {"fact": "kubernetes.event", "where": {"reason": reasons[number % 60], "current": True}},
            {"fact": "log.message", "where": {"current": True, "text": {"contains": [f"code {number} failed"]}}},
            {"fact": "kubernetes.workload", "where": {"desired": {"gt": 10 + number % 3}, "ready": {"gte": 1}}},
        )[number % 5]
        made[f"f{number}"] = finding([pattern])
    return named(**made)


def many_facts() -> list[Fact]:
    return [one_of_many(number, Random(number)) for number in range(20_000)]


def one_of_many(number: int, random: Random) -> Fact:
    entity, name = f"deployment/n{number % 50}/a{number % 2500}", f"n{number % 50}/a{number}"
    match number % 5:
        case 0:
            return pod(entity, name, phase="Running", restarts=number % 9, ready=True)
        case 1:
            return container(entity, name, exit_code=number % 140, exit_reason=f"Reason{number % 70}")
        case 2:
            return event(f"{name} failed", entity, reason=f"Reason{number % 70}", current=True)
        case 3:
            text = f"code {random.randrange(999)} failed in {name} " + "lorem ipsum " * 10
            return message(text, entity)
        case _:
            return workload(entity, desired=number % 4, ready=number % 3, age_seconds=float(number))


def test_twenty_thousand_facts_and_five_hundred_findings() -> None:
    compiled, base = compile_rules(many_findings(), fact_kinds()), FactBase(many_facts())
    assert len(base.facts) == 20_000
    assert len(observe_compiled(compiled, base).present()) > 500


def test_one_compiled_rule_set_serves_many_bases() -> None:
    compiled = rules(a=finding([{"all": [{"as": "p", "fact": "kubernetes.pod", "where": {"ready": False}}]}]))
    sizes = [len(observe_compiled(compiled, FactBase([pod(ready=ready)])).present()) for ready in (True, False, True)]
    assert sizes == [0, 1, 0]
