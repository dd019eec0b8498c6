"""Texts of findings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose.rules.template import format_value, parse_template

if TYPE_CHECKING:
    from dotmac_diagnose.rules.comparison import FieldType

FIELDS: dict[str, FieldType] = {"pod": "text", "used": "integer", "c.age": "number", "c.ready": "boolean"}


def rendered(text: str, **values: object) -> str:
    problems: list[str] = []
    template = parse_template(text, FIELDS, problems.append)
    assert problems == []
    return template.render(lambda name: values.get(name.replace(".", "_")))


def test_fields_are_filled_in() -> None:
    text = "{pod} uses {used|bytes}, ready {c.ready}, for {c.age|seconds}, {{literal}}"
    filled = rendered(text, pod="shop/api", used=1536, c_ready=False, c_age=4000.0)
    assert filled == "shop/api uses 1.5 KiB, ready no, for 1 h 6 min, {literal}"


def test_values_that_were_not_seen_are_unknown() -> None:
    assert rendered("{pod} {used|bytes} {c.age}") == "unknown unknown unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{nothing}", "names no field"),
        ("{c.nothing}", "names no field"),
        ("{pod", "no partner"),
        ("pod}", "no partner"),
        ("{pod!r}", "is not {field}"),
        ("{pod.__class__.x}", "is not {field}"),
        ("{}", "is not {field}"),
        ("{used|hex}", "the formats are bytes, percent, seconds"),
        ("{pod|bytes}", "formats numbers"),
        ("{c.ready|percent}", "formats numbers"),
    ],
)
def test_wrong_placeholders_are_named(text: str, said: str) -> None:
    problems: list[str] = []
    parse_template(text, FIELDS, problems.append)
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize(
    ("value", "wanted", "text"),
    [
        (None, None, "unknown"),
        (math.nan, "bytes", "unknown"),
        (math.inf, "seconds", "inf"),
        (True, None, "yes"),
        (12, None, "12"),
        (12.5, None, "12.5"),
        (3.0, None, "3"),
        (1 / 3, None, "0.333"),
        (0, "seconds", "0 s"),
        (1.25, "seconds", "1.2 s"),
        (59.6, "seconds", "1 min"),
        (90, "seconds", "1 min 30 s"),
        (3_600, "seconds", "1 h"),
        (90_061, "seconds", "1 d 1 h"),
        (86_461, "seconds", "1 d"),
        (-7_260, "seconds", "-2 h 1 min"),
        (0, "bytes", "0 B"),
        (536_870_912, "bytes", "512 MiB"),
        (3 * 2**50, "bytes", "3 PiB"),
        (97.25, "percent", "97.2 %"),
        (100, "percent", "100 %"),
        ("two\n lines", None, "two lines"),
    ],
)
def test_values_as_people_read_them(value: object, wanted: str | None, text: str) -> None:
    assert format_value(value, wanted) == text


def test_long_values_are_cut() -> None:
    assert format_value("a" * 301) == "a" * 299 + "…"
    assert format_value("a" * 300) == "a" * 300
