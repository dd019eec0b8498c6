from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotmac_diagnose.knowledge import yaml_tree
from dotmac_diagnose.knowledge.yaml_tree import parse_yaml

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (BOMB, "KB004", "aliases"),
        ("a: " + "[" * 100_000, "KB004", "deeper"),
        ("".join("  " * n + f"k{n}:\n" for n in range(100)), "KB004", "deeper"),
        ("a: &x [[[[[[[[[[1]]]]]]]]]]\nb: &y [[[[[[*x]]]]]]\nc: [[[[[[[[[[*y]]]]]]]]]]\n", "KB004", "deeper"),
        ("a: !!python/object/apply:os.system [x]\n", "KB004", "tags"),
        ("a: !!str 5\n", "KB004", "tags"),
        ("a: &x [*x]\n", "KB004", "anchor"),
        ("a: *nowhere\n", "KB004", "anchor"),
        ("? [a, b]\n: c\n", "KB004", "key"),
        ("1: a\n", "KB004", "must be a text"),
        ("a: .nan\n", "KB004", "not finite"),
        ("a: 1e999\n", "KB004", "not finite"),
        ("a: " + "9" * 5000 + "\n", "KB004", "too long"),
        ("a: 1\n---\nb: 2\n", "KB004", "second"),
        ("a: b\nc: \x07\n", "KB002", "not allow"),
        ('a: "\\ud800"\n', "KB004", "half a character"),
        (b"a: b\nc: \xff\n", "KB001", "UTF-8"),
        (b"a: " + b"x" * yaml_tree.MAX_FILE_BYTES, "KB001", "MiB"),
        ("a:\n" + "  - *x\n" * 200, "KB004", "anchor"),
        ("x: &x 1\na:\n" + "  - *x\n" * 200, "KB004", "aliases"),
    ],
)
@pytest.mark.timeout(60)
def test_it_is_refused(data: str | bytes, code: str, says: str):
    _, problems = parse_yaml(data if isinstance(data, bytes) else data.encode(), "f.yaml")
    assert any(problem.code == code and says in problem.message for problem in problems), problems


def test_plain_words_stay_texts():
    root, problems = parse_yaml(
        b"on: yes\noff: 12:30\nnumber: 0x10\ntruth: true\nnone: ~\ntext: '5'\nday: 2024-01-01\n", "f"
    )
    assert not problems
    expected = {
        "on": "yes",
        "off": "12:30",
        "number": 16,
        "truth": True,
        "none": None,
        "text": "5",
        "day": "2024-01-01",
    }
    assert root.data() == expected


def test_places_count_from_one_and_characters_count_once():
    root, _ = parse_yaml("é: {ü: [1, 2]}\n".encode(), "f")
    assert root.place(("é", "ü", 1)) == (1, 12)
    assert root.place(("é", "ü"), key=True) == (1, 5)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{},#&*!|>'\"%@ \n\t?~é\u2028", max_size=60))
def test_no_text_makes_it_fail(text: str):
    root, problems = parse_yaml(text.encode(), "f")
    assert all(problem.line >= 1 and problem.column >= 1 and problem.code.startswith("KB00") for problem in problems)
    if root is not None:
        json.dumps(root.data())


SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=8)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES)
def test_json_is_read_as_it_is_by_both_parsers(value: object):
    data = json.dumps({"v": value}, ensure_ascii=True).encode()
    expected = {"v": value}
    root, problems = parse_yaml(data, "f")
    assert (root.data(), problems) == (expected, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_tree, "_libyaml_events", lambda _: None)
        root, problems = parse_yaml(data, "f")
    assert (root.data(), problems) == (expected, [])
