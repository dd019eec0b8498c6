"""Three-valued comparisons on the fields of one fact."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotmac_diagnose.facts import FactValues, fact_kinds
from dotmac_diagnose.facts.kubernetes import Container
from dotmac_diagnose.knowledge import model
from dotmac_diagnose.knowledge.model import FactPattern
from dotmac_diagnose.rules.comparison import Truth, conjunction, field_types, negation
from dotmac_diagnose.rules.fact_test import FactTests
from dotmac_diagnose.rules.text_search import TextCache

TRUTHS: list[Truth] = [True, False, None]


def values(**fields: Any) -> FactValues:
    return Container(pod="shop/api-1", container="main", role="main", **fields)


def truth(where: dict[str, Any], **fields: Any) -> Truth:
    pattern = FactPattern.model_validate({"fact": "kubernetes.container", "where": where})
    problems: list[str] = []
    test = FactTests(fact_kinds()).compile(pattern, lambda path, message: problems.append(f"{path}: {message}"))
    assert problems == []
    assert test is not None
    return test.evaluate(values(**fields), TextCache())


def complaints(where: dict[str, Any]) -> list[str]:
    pattern = FactPattern.model_validate({"fact": "kubernetes.container", "where": where})
    problems: list[str] = []
    FactTests(fact_kinds()).compile(pattern, lambda path, message: problems.append(f"{path}: {message}"))
    return problems


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ({"eq": 137}, 137, True),
        ({"eq": 137}, 1, False),
        ({"eq": 137.0}, 137, True),
        ({"ne": 0}, 0, False),
        ({"ne": 0}, 1, True),
        ({"gt": 2}, 3, True),
        ({"gt": 2}, 2, False),
        ({"gte": 2}, 2, True),
        ({"lt": 2}, 2, False),
        ({"lt": 2.5}, 2, True),
        ({"lte": 2}, 2, True),
        ({"in": [137, 143]}, 143, True),
        ({"in": [137, 143]}, 1, False),
        ({"not_in": [137, 143]}, 1, True),
        ({"gte": 2, "lt": 5}, 4, True),
        ({"gte": 2, "lt": 5}, 5, False),
    ],
)
def test_numbers(test: dict[str, Any], value: int, expected: bool) -> None:
    assert truth({"exit_code": test}, exit_code=value) is expected
    assert truth({"exit_code": test}) is None


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ({"eq": "OOMKilled"}, "oomkilled", True),
        ({"ne": "oomkilled"}, "OOMKilled", False),
        ({"in": ["Error", "OOMKilled"]}, "error", True),
        ({"not_in": ["Error"]}, "ERROR", False),
        ({"contains": ["kill", ["no", "match"]]}, "OOMKilled", True),
        ({"contains": [["oom", "kill"]]}, "OOMKilled", True),
        ({"contains": [["oom", "error"]]}, "OOMKilled", False),
        ({"lacks": ["kill"]}, "OOMKilled", False),
        ({"lacks": ["kill"]}, "Error", True),
        ({"matches": "^oom"}, "OOMKilled", True),
        ({"matches": "^killed"}, "OOMKilled", False),
    ],
)
def test_texts(test: dict[str, Any], value: str, expected: bool) -> None:
    assert truth({"exit_reason": test}, exit_reason=value) is expected
    assert truth({"exit_reason": test}) is None


def test_a_constant_is_a_shorthand() -> None:
    assert truth({"exit_code": 137, "ready": False}, exit_code=137, ready=False) is True
    assert truth({"ready": False}, ready=True) is False


def test_exists_is_never_undecided() -> None:
    assert truth({"exit_code": {"exists": True}}) is False
    assert truth({"exit_code": {"exists": False}}) is True
    assert truth({"exit_code": {"exists": True}}, exit_code=0) is True


def test_two_fields_of_one_fact() -> None:
    where = {"memory_limit_bytes": {"field": "memory_request_bytes"}}
    assert truth(where, memory_limit_bytes=5, memory_request_bytes=5) is True
    assert truth(where, memory_limit_bytes=5, memory_request_bytes=6) is False
    assert truth(where, memory_limit_bytes=5) is None


def test_not_a_number_is_no_value() -> None:
    for test in ({"gt": 1}, {"lt": 1}, {"eq": 1.0}, {"ne": 1.0}, {"in": [1.0]}):
        assert truth({"exit_seconds": test}, exit_seconds=math.nan) is None


def test_one_false_field_decides_whatever_the_others_are() -> None:
    assert truth({"exit_code": 137, "ready": True}, ready=False) is False
    assert truth({"exit_code": 137, "ready": True}, ready=True) is None


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"exit_cod": 137}, "exit_cod: the kind has no field"),
        ({"exit_code": "137"}, "exit_code.eq: a field of type integer is never equal to '137'"),
        ({"exit_code": True}, "exit_code.eq"),
        ({"exit_code": 1.5}, "exit_code.eq"),
        ({"ready": 1}, "ready.eq"),
        ({"exit_reason": {"gt": 1}}, "exit_reason.gt: gt compares numbers"),
        ({"exit_code": {"contains": ["1"]}}, "exit_code.contains"),
        ({"exit_code": {"matches": "1"}}, "exit_code.matches"),
        ({"exit_reason": {"matches": "(?=a)"}}, "exit_reason.matches: RE2 refuses"),
        ({"exit_reason": {"contains": []}}, "exit_reason.contains: the list is empty"),
        ({"exit_code": {"in": []}}, "exit_code.in: the list is empty"),
        ({"exit_code": {"in": [1, "a"]}}, "exit_code.in"),
        ({"exit_code": {}}, "exit_code: a test needs at least one comparison"),
        ({"exit_code": {"field": "nothing"}}, "exit_code.field: the kind has no field"),
        ({"exit_code": {"field": "exit_reason"}}, "exit_code.field"),
        ({"exit_code": {"gt": math.nan}}, "exit_code.gt"),
    ],
)
def test_wrong_comparisons_are_named(where: dict[str, Any], said: str) -> None:
    (problem,) = complaints(where)
    assert f"where.{said}" in problem


def test_every_field_of_every_kind_can_be_tested() -> None:
    for kind in fact_kinds().values():
        assert field_types(kind).keys() == kind.model_fields.keys()


def constant(value: Truth) -> Any:
    return lambda _values, _texts: value


@given(st.lists(st.sampled_from(TRUTHS), min_size=1, max_size=6))
def test_conjunction_is_kleene_and_order_is_of_no_consequence(truths: list[Truth]) -> None:
    expected = False if False in truths else None if None in truths else True
    for order in (truths, truths[::-1], sorted(truths, key=str)):
        assert conjunction([constant(item) for item in order])(values(), TextCache()) is expected


@given(st.lists(st.sampled_from(TRUTHS), min_size=1, max_size=6))
def test_de_morgan(truths: list[Truth]) -> None:
    negated = negation(conjunction([constant(item) for item in truths]))(values(), TextCache())
    flipped = [negation(constant(item))(values(), TextCache()) for item in truths]
    disjunction = True if True in flipped else None if None in flipped else False
    assert negated is disjunction


@given(
    value=st.none() | st.integers(-5, 5),
    bound=st.integers(-5, 5),
    pair=st.sampled_from([("eq", "ne"), ("gt", "lte"), ("gte", "lt")]),
)
def test_opposite_comparisons_are_negations(value: int | None, bound: int, pair: tuple[str, str]) -> None:
    one, other = (truth({"exit_code": {key: bound}}, exit_code=value) for key in pair)
    assert one is (None if other is None else not other)


@given(value=st.none() | st.text(max_size=12), entries=st.lists(st.sampled_from(["a", "b c", "é"]), min_size=1))
def test_lacks_is_the_negation_of_contains(value: str | None, entries: list[str]) -> None:
    one, other = (truth({"exit_reason": {key: entries}}, exit_reason=value) for key in ("contains", "lacks"))
    assert one is (None if other is None else not other)


def test_a_test_of_the_model_is_the_same_as_its_mapping() -> None:
    assert model.Test(eq=137).eq == 137
    assert truth({"exit_code": model.Test(eq=137)}, exit_code=137) is True
