"""No value of a statement leaves: texts, numbers and comments are taken out, then the rest is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotmac_diagnose_collectors.postgres.literals import KEPT_CHARACTERS, without_literals


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM users WHERE email = 'a@b.c' AND id=42", "SELECT * FROM users WHERE email = ? AND id=?"),
        ("SELECT 'it''s' , x", "SELECT ? , x"),
        (r"SELECT E'a\'b' , x", "SELECT ? , x"),
        ("ALTER ROLE app PASSWORD 'hush'", "ALTER ROLE app PASSWORD ?"),
        ("DO $body$ secret $$ 'x' $body$", "DO ?"),
        ("SELECT $$ secret $$, $1", "SELECT ?, $1"),
        ('SELECT "Column 1" FROM t1 WHERE a = -1.5e3', 'SELECT "Column 1" FROM t1 WHERE a = -?'),
        ("SELECT 1 -- token=hush\n, x", "SELECT ? , x"),
        ("/* route=/a?token=hush */ SELECT x", "SELECT x"),
        ("INSERT INTO t VALUES ('open", "INSERT INTO t VALUES (?"),
        ("SELECT B'101', X'ff', N'n', U&'d'", "SELECT ?, ?, ?, ?"),
        (r"SELECT 'a\' , 'hush' , x", "SELECT ? …"),
        ("SELECT\n\t x", "SELECT x"),
        ("", ""),
    ],
)
def test_values_are_taken_out(statement: str, expected: str):
    assert without_literals(statement) == expected


def test_the_rest_is_cut():
    text = without_literals("SELECT " + ", ".join(f"column_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 3))
    assert len(text) == KEPT_CHARACTERS
    assert text.endswith("…")


QUOTED = st.text(alphabet='ab c;-/*$"\n', max_size=12).map(lambda inner: "'" + "hush" + inner + "'")
PARTS = st.one_of(QUOTED, st.sampled_from(["SELECT ", ", ", "x", '"name"', " -- note\n", "/* note */", "$1", " = "]))


@given(st.lists(PARTS, max_size=12))
def test_no_quoted_text_survives_in_any_order(parts: list[str]):
    assert "hush" not in without_literals("".join(f" {part}" for part in parts))


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str):
    assert len(without_literals(text)) <= KEPT_CHARACTERS
