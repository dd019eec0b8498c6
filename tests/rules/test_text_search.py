"""How ``contains`` and ``matches`` find a text."""

from __future__ import annotations

import pytest

from dotmac_diagnose.rules.text_search import compile_entries, compile_expression, normal_text


def found(entry: str | list[str], text: str) -> bool:
    return compile_entries([entry]).holds(normal_text(text))


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("connection refused", "dial tcp: Connection  Refused"),
        ("no space  left", "write: no space\n\tleft on device"),
        ('secret "x" not found', 'secret "dotmac-secrets" not found'),
        ('secret "x" not found', 'Error: secret \\"dotmac-secrets\\" not found'),
        ("role 'x' is missing", "ROLE 'a b' is missing"),
        ("pod x in N failed", "pod api-7bcc5f-d772t in shop failed"),
        ("container CTR: killed", "container main: killed"),
        (["quota", "exceeded"], "exceeded quota: compute"),
        ("Ünïcode", "ÜNÏCODE"),
        ("100% of (a|b)[c]", "at 100% of (a|b)[c] now"),
    ],
)
def test_finds(entry: str | list[str], text: str) -> None:
    assert found(entry, text)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("connection refused", "connectionrefused"),
        ('secret "x" not found', 'secret "" not found'),
        ('secret "x" not found', 'secret "a" was not found'),
        ("pod x failed", "pod a b failed"),
        ("HTTP 1.x reply", "HTTP 1.1 reply"),
        ("max N/CTR", "max a/b"),
        (["quota", "exceeded"], "quota"),
        ("a.c", "abc"),
    ],
)
def test_does_not_find(entry: str | list[str], text: str) -> None:
    assert not found(entry, text)


def test_words_inside_words_are_literal() -> None:
    assert found("0x1F exit N", "0x1f exit 7")
    assert not found("0x1F exit", "0a1f exit")
    assert found("max-x", "max-x")
    assert not found("max-x", "max-a")


@pytest.mark.parametrize("entry", ["", "   ", "x", '"N"', [], ["fine", ""], "a" * 1001])
def test_refuses_patterns_that_match_everything(entry: str | list[str]) -> None:
    with pytest.raises(ValueError, match="text"):
        compile_entries([entry])


def test_any_entry_is_enough() -> None:
    search = compile_entries(["one", ["two", "three"], "pod x ended"])
    texts = ("one", "three and two", "pod a ended", "two", "pod ended", "")
    assert [search.holds(text) for text in texts] == [True, True, True, False, False, False]


@pytest.mark.parametrize("text", ["one", "three and two", "pod a ended"])
def test_a_needle_is_in_every_text_that_matches(text: str) -> None:
    search = compile_entries(["one", ["two", "three"], "pod x ended"])
    assert len(search.needles) == 3
    assert any(needle in text for needle in search.needles)


def test_refuses_no_entry() -> None:
    with pytest.raises(ValueError, match="empty"):
        compile_entries([])


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "(", "", "a{1,100000}", "a" * 1001])
def test_refuses_expressions_that_are_not_linear(pattern: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        compile_expression(pattern)


def test_expression_is_searched_without_case() -> None:
    assert compile_expression(r"error \d+\b")("An ERROR 53300 came")
    assert not compile_expression(r"^error")("an error")


@pytest.mark.timeout(60)
def test_a_hostile_text_does_not_hang() -> None:
    search, entry = compile_expression(r"(a+)+$"), compile_entries(["a x a x a x b"]).holds
    text = "a " * 200_000
    assert not search(text + "!")
    assert not entry(normal_text(text))


def test_a_lone_surrogate_is_only_a_character() -> None:
    assert compile_expression("end")("\ud800 end")
    assert found("pod x ended", "\ud800 pod a ended")
