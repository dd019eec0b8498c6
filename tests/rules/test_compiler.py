"""What the compiler refuses, and that it names finding and place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dotmac_diagnose.errors import RuleEngineError
from dotmac_diagnose.facts import FactBase, fact_kinds
from dotmac_diagnose.rules import check_rules, compile_rules, observe

from .building import finding, knowledge, named, problems, rules

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Knowledge

PENDING = {"fact": "kubernetes.pod", "where": {"phase": "Pending"}}
POD = {"as": "p", "fact": "kubernetes.pod"}
CONTAINER = {"as": "c", "fact": "kubernetes.container", "join": {"pod": "p.pod"}}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"fact": "kubernetes.none"}, "when.0.fact: there is no fact kind 'kubernetes.none'"),
        ({"fact": "kubernetes.pod", "where": {"fase": "a"}}, "when.0.where.fase: the kind has no field 'fase'"),
        ({"fact": "kubernetes.pod", "where": {"phase": {"gt": 1}}}, "when.0.where.phase.gt: gt compares numbers"),
        ({"fact": "kubernetes.pod", "join": {"pod": "a.b"}}, "when.0.join: a pattern that joins belongs into `all`"),
        ({"all": [POD, {"fact": "kubernetes.pod"}]}, "when.0.all.1: the pattern needs a join"),
        ({"all": [POD], "none": [{"fact": "kubernetes.pod"}]}, "when.0.none.0: the pattern needs a join"),
        ({"all": [POD, {**CONTAINER, "as": "p"}]}, "when.0.all.1.as: the alias 'p' is taken"),
        ({"all": [POD, {**CONTAINER, "join": {"pod": "q.pod"}}]}, "when.0.all.1.join.pod: no earlier pattern"),
        ({"all": [POD, {**CONTAINER, "join": {"pod": "pod"}}]}, "when.0.all.1.join.pod: 'pod' is not alias.field"),
        ({"all": [POD, {**CONTAINER, "join": {"pod": "p.pood"}}]}, "when.0.all.1.join.pod: p has no field 'pood'"),
        ({"all": [POD, {**CONTAINER, "join": {"pood": "p.pod"}}]}, "when.0.all.1.join.pood: the pattern has no field"),
        ({"all": [POD, {**CONTAINER, "join": {"ready": "p.pod"}}]}, "when.0.all.1.join.ready: ready is of type"),
        ({"all": [{**CONTAINER, "as": "p"}]}, "when.0.all.0.join.pod: no earlier pattern has the alias 'p'"),
        ({"all": [{"relation": "runs"}]}, "when.0.on: a rule that begins with a relation says"),
        ({"all": [POD], "on": "q.entity"}, "when.0.on: no earlier pattern has the alias 'q'"),
        ({"all": [POD], "on": "p.ready"}, "when.0.on: p.ready does not hold an entity"),
        ({"all": [{"finding": "test.none"}]}, "when.0.all.0.finding: there is no finding 'test.none'"),
        (
            {"all": [POD], "none": [{**CONTAINER, "where": {"exit_code": "1"}}]},
            "when.0.none.0.where.exit_code.eq: a field of type integer",
        ),
        (
            {"all": [POD], "none": [CONTAINER, {"fact": "kubernetes.pod", "join": {"pod": "c.pod"}}]},
            "when.0.none.1.join.pod: no earlier pattern has the alias 'c'",
        ),
    ],
)
def test_wrong_rules_are_named(when: dict[str, Any], said: str) -> None:
    (problem,) = problems(a=finding([when]))
    assert problem.startswith(f"test.a: {said}")


def test_a_wrong_text_of_an_alternative_is_named() -> None:
    (problem,) = problems(a=finding([{"fact": "kubernetes.pod", "where": {"phase": "Pending"}, "detail": "{fase}"}]))
    assert problem.startswith("test.a: when.0.detail: {fase} names no field")


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ({"detail": "{fase}"}, "detail: {fase} names no field"),
        ({"absent": {"attempted": [{"fact": "no.kind"}]}}, "absent.attempted.0.fact: there is no fact kind"),
        ({"subsumes": ["test.none"]}, "subsumes: there is no finding 'test.none'"),
        ({"subsumes": ["test.a"]}, "subsumes: a circle: test.a -> test.a"),
        ({"subsumes": ["test.other"]}, "subsumes: test.other is on node, not on workload: name a path"),
        ({"subsumes_via": {"test.other": "no path"}}, "subsumes_via.test.other: 'no path' is not an entity type"),
        (
            {"subsumes_via": {"test.other": "service -uses-> node"}},
            "subsumes_via.test.other: the path starts at service",
        ),
        ({"subsumes_via": {"test.other": "workload -uses-> host"}}, "subsumes_via.test.other: test.other is on node"),
    ],
)
def test_wrong_findings_are_named(rest: dict[str, Any], said: str) -> None:
    (problem,) = problems(a=finding([PENDING], **rest), other=finding(entity="node"))
    assert problem.startswith(f"test.a: {said}")


def test_every_problem_is_listed_and_sound_findings_stay() -> None:
    broken = finding([{"fact": "no.kind"}, {"fact": "kubernetes.pod", "where": {"a": 1, "phase": 2}}])
    compiled = compile_rules(named(z=broken, a=finding([PENDING]), b=broken), fact_kinds())
    assert len(compiled.problems) == 6
    assert [problem.finding for problem in compiled.problems] == ["test.b"] * 3 + ["test.z"] * 3
    assert list(compiled.findings) == ["test.a"]


def on_finding(name: str) -> dict[str, Any]:
    return {"all": [{"as": "f", "finding": f"test.{name}"}]}


def test_strata_follow_the_findings() -> None:
    compiled = rules(a=finding([on_finding("b")]), b=finding([on_finding("c")]), c=finding([PENDING]), d=finding())
    assert compiled.strata == (("test.c", "test.d"), ("test.b",), ("test.a",))


def test_circles_of_findings_are_refused() -> None:
    chain = {"a": finding([on_finding("b")]), "b": finding([on_finding("c")]), "c": finding([on_finding("a")])}
    (problem,) = problems(**chain, d=finding([PENDING]))
    assert problem == "test.a: when: a circle of findings: test.a -> test.b -> test.c -> test.a"
    negative = {"all": [POD], "none": [{"finding": "test.a", "join": {"entity": "p.entity"}}]}
    (problem,) = problems(a=finding([negative]))
    assert problem == "test.a: when: a circle of findings: test.a -> test.a"


def test_circles_of_composites_are_refused() -> None:
    (problem,) = problems(b=finding([PENDING], subsumes=["test.a"]), a=finding([PENDING], subsumes=["test.b"]))
    assert problem == "test.a: subsumes: a circle: test.a -> test.b -> test.a"


def test_equal_patterns_are_one_test() -> None:
    again = {"fact": "kubernetes.pod", "where": {"phase": {"eq": "Pending"}}}
    other = {"fact": "kubernetes.pod", "where": {"phase": "Running"}}
    assert len(rules(a=finding([PENDING]), b=finding([again]), c=finding([other])).tests) == 2


def test_relations_are_checked_where_they_are_known() -> None:
    rule = {"all": [{"as": "r", "relation": "runs"}], "on": "r.source"}
    found = compile_rules(named(a=finding([rule])), fact_kinds(), relations=["uses"]).problems
    assert [str(problem) for problem in found] == ["test.a: when.0.all.0.relation: there is no relation 'runs'"]


def test_observe_refuses_a_broken_knowledge_base() -> None:
    broken: Knowledge = knowledge(a=finding([{"fact": "no.kind"}]), b=finding([{"fact": "no.kind"}]))
    assert [problem.finding for problem in check_rules(broken)] == ["test.a", "test.b"]
    with pytest.raises(RuleEngineError, match=r"2 problems .*no fact kind 'no.kind' \(test.a, when.0.fact\).*kb lint"):
        observe(broken, FactBase())
