"""Encoders: the value comes back, or is refused with the reason."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest
from evil_names import EVIL, HIDDEN
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from dotmac_diagnose.remedies import ENCODERS, UnquotableError

NAMES = [name for name in EVIL if name]


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
@pytest.mark.parametrize("kind", ["word", "sql_identifier", "sql_literal", "redis_glob", "url", "conninfo_value"])
def test_invisible_characters_are_refused(kind: str, name: str) -> None:
    with pytest.raises(UnquotableError, match=r"holds (a line break|the (control|invisible|) ?character U\+)"):
        ENCODERS[kind](name)


@pytest.mark.parametrize("name", NAMES)
def test_sql_texts_are_those_of_libpq(name: str) -> None:
    assert ENCODERS["sql_literal"](name) == sql.Literal(name).as_string(None)
    assert ENCODERS["sql_identifier"](name) == sql.Identifier(name).as_string(None)


@pytest.mark.parametrize("name", [name for name in NAMES if "\\" not in name])
def test_sql_texts_mean_the_name_to_another_parser(name: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE {ENCODERS['sql_identifier'](name)} (x)")
        (table,) = connection.execute("SELECT name FROM sqlite_master").fetchone()
        (text,) = connection.execute(f"SELECT {ENCODERS['sql_literal'](name)}").fetchone()
    assert (table, text) == (name, name)


def test_a_name_that_postgres_would_cut_is_refused() -> None:
    assert ENCODERS["sql_identifier"]("a" * 63)
    with pytest.raises(UnquotableError, match="63 bytes"):
        ENCODERS["sql_identifier"]("é" * 32)
    with pytest.raises(UnquotableError, match="empty"):
        ENCODERS["sql_identifier"]("")


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5))
def test_json_means_the_value_in_ascii(value: object) -> None:
    try:
        text = ENCODERS["json"](value)
    except UnquotableError:
        assert any(0xD800 <= ord(c) < 0xE000 for c in str(value)) or len(str(value)) > 500
        return
    assert text.isascii()
    assert json.loads(text) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_json_inside_a_string_and_in_a_pointer(text: str) -> None:
    assert json.loads(f'"prefix-{ENCODERS["json_string"](text)}"') == f"prefix-{text}"
    pointer = json.loads(f'"/data/{ENCODERS["json_pointer"](text)}"')
    step = pointer.removeprefix("/data/")
    assert "/" not in step
    assert step.replace("~1", "/").replace("~0", "~") == text


def test_a_json_document_is_written_anew() -> None:
    assert ENCODERS["json_document"]('{"b": 1,\n "a": ["x"]}') == '{"a":["x"],"b":1}'
    for bad in ("{", '{"a": NaN}', "x" * 3, "[" * 5000):
        with pytest.raises(UnquotableError):
            ENCODERS["json_document"](bad)


@pytest.mark.parametrize("name", NAMES)
def test_a_redis_glob_matches_only_itself(name: str) -> None:
    glob = ENCODERS["redis_glob"](name)
    assert re.sub(r"\\(.)", r"\1", glob) == name
    assert not re.search(r"[*?\[\]]", re.sub(r"\\.", "", glob))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 3, "3"),
        ("number", "12.5", "12.5"),
        ("number", 3.0, "3"),
        ("number", -5, "-5"),
        ("sql_number", -5, "(-5)"),
        ("number", 1e-7, "0.0000001"),
        ("quantity", 268435456, "256Mi"),
        ("quantity", 2**40, "1Ti"),
        ("quantity", 1000, "1000"),
        ("quantity", 0, "0"),
        ("word", True, "true"),
        ("json", True, "true"),
        ("json", "5", '"5"'),
        ("path", "tls.crt", r"tls\.crt"),
        ("url", "https://a.example/x?y='z'&\u00e9", "https://a.example/x?y=%27z%27&%C3%A9"),
        ("url_component", "a/b c", "a%2Fb%20c"),
        ("conninfo_value", "shop", "shop"),
        ("conninfo_value", "x host=evil", "'x host=evil'"),
        ("conninfo_value", "it's\\", "'it\\'s\\\\'"),
        ("resource", "deployment/shop/api", "deployment/api"),
        ("resource", "custom_resource/shop/cluster.postgresql.cnpg.io/db", "cluster.postgresql.cnpg.io/db"),
        ("resource", "certificate/shop/shop-tls", "secret/shop-tls"),
        ("resource", "node/n1", "node/n1"),
        ("resource", "rolebinding/-/view", "clusterrolebinding/view"),
        ("resource", "secret/shop-tls", "secret/shop-tls"),
        ("object", "shop/api-0", "api-0"),
        ("namespace", "shop/api-0", "shop"),
        ("namespace", "pod/shop/api-0", "shop"),
        ("namespace", "certificate/shop/shop-tls", "shop"),
        ("text", "a\n\u202eb\x1b[0m", "a b [0m"),
    ],
)
def test_what_each_type_writes(kind: str, value: object, text: str) -> None:
    assert ENCODERS[kind](value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "1; DROP"),
        ("number", "0x10"),
        ("number", "١٢"),
        ("number", True),
        ("number", ""),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**50),
        ("number", "1e5"),
        ("quantity", "1.5"),
        ("quantity", -1),
        ("word", ["a"]),
        ("word", {"a": 1}),
        ("word", "x" * 5000),
        ("json", float("nan")),
        ("json", object()),
        ("path", "a'b"),
        ("path", "a}{b"),
        ("url", "https://user:secret@db.example/x"),
        ("url", "//["),
        ("resource", "shop/api-0"),
        ("resource", "postgres/db.internal"),
        ("resource", "deployment/shop/a/b"),
        ("namespace", "node/n1"),
    ],
)
def test_what_each_type_refuses(kind: str, value: object) -> None:
    with pytest.raises(UnquotableError):
        ENCODERS[kind](value)
