"""Names inside messages become values for fixes."""

from __future__ import annotations

from dotmac_diagnose.rules.capture import compile_captures


def complaints(written: dict[str, list[str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    compile_captures(written, lambda place, message: found.append((place, message)))
    return found


def test_the_first_text_with_a_name_gives_it() -> None:
    captures = compile_captures({"text": [r'cannot (?P<verb>[a-z]+) "(?P<what>[^"]+)"']}, lambda *_: None)
    seen = [{"text": "nothing"}, {"text": 'he cannot get "pods"'}, {"text": 'he cannot list "nodes"'}]
    assert captures.of(seen) == {"verb": "get", "what": "pods"}


def test_numbers_and_missing_fields_hold_no_names() -> None:
    captures = compile_captures({"text": ["(?P<all>.*)"]}, lambda *_: None)
    assert captures.of([{"text": 5}, {"other": "x"}]) == {}


def test_an_expression_without_a_name_or_beyond_re2_is_refused() -> None:
    assert complaints({"text": ["[a-z]+", r"(?P<x>a)(?=b)"]}) == [
        ("capture.text.0", "no named group such as (?P<name>...)"),
        ("capture.text.1", complaints({"text": [r"(?P<x>a)(?=b)"]})[0][1]),
    ]
