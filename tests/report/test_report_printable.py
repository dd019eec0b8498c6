from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotmac_diagnose.report.printable import cell_width, command_lines, printable
from report.samples import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;196mred\x1b[m", "red"),
        ("\x1b]8;;http://evil/\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1b]8;;http://evil/\x07click\x1b]8;;\x07", "click"),
        ("\x1b]0;title\x07text", "text"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x9b31mred", "red"),
        ("\x1bPpayload\x1b\\text", "text"),
        ("a\x1b]0;never ends", "a0;never ends"),
        ("a\x1bcb", "ab"),
        ("a\x1b", "a"),
        ("one\ntwo\r\nthree\u2028four", "one ⏎ two ⏎ three ⏎ four"),
        ("a\tb", "a b"),
        ("a\u00a0b", "a b"),
        ("bell\x07 nul\x00 del\x7f", "bell\\x07 nul\\x00 del\\x7f"),
        ("abc\u202edef", "abc\\u202edef"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("blank\u3164", "blank\\u3164"),
        ("lone \ud800 half", "lone \\ud800 half"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("Müller 東京 🚀", "Müller 東京 🚀"),
        ("end\n", "end"),
    ],
)
def test_a_text_is_shown_without_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_and_its_length_is_told() -> None:
    shown = printable("x" * 10_000, 100)
    assert len(shown) <= 110
    assert shown.endswith("… (10000 characters)")


def test_piled_up_accents_are_limited() -> None:
    assert printable("a" + "\u0301" * 50).count("\u0301") == 3


@given(st.text(st.characters(), max_size=300))
def test_nothing_invisible_is_left_of_any_text(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(character)[0] not in "CZ" or character == " " for character in shown)
    shown.encode("utf-8")
    assert printable(shown) == shown


@pytest.mark.parametrize("piece", ["\x1b]8;;", "\x1b[", " ", "\u0301", "\x9d", "\x1b[0;", "\n", "\x1bP"])
@pytest.mark.timeout(60)
def test_a_long_text_does_not_hang(piece: str) -> None:
    assert len(printable(piece * 400_000, 20_000)) < 200_000


def test_a_command_keeps_its_lines_and_its_length() -> None:
    command = "kubectl patch x -p '\n  {\"a\": 1}\n'\n" + "y" * 5000
    shown, exact = command_lines(command)
    assert exact
    assert "\n".join(shown) == command


def test_a_command_with_invisible_characters_says_that_it_is_not_the_command() -> None:
    shown, exact = command_lines("kubectl delete pod 'a\u202eb'")
    assert not exact
    assert shown == ["kubectl delete pod 'a\\u202eb'"]


def test_wide_characters_take_two_columns() -> None:
    assert cell_width("東京 a\u0301") == 6


def test_the_hostile_sample_is_hostile() -> None:
    assert printable(HOSTILE) != HOSTILE
