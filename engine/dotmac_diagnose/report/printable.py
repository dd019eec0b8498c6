"""The one border between texts of a target and the eyes of a person.

Whatever came from a cluster, a log or a file may hold terminal escapes, links that lie (OSC 8),
characters that turn the reading direction (Trojan Source, CVE-2021-42574) or that have no width.
Sequences that only change the look are removed; every other character that cannot be seen is
shown as an escape, so that two names that differ stay different.
"""

from __future__ import annotations

import re
import unicodedata

DEFAULT_LIMIT = 2000
_COMMAND_LIMIT = 200_000
_COMBINING_RUN = 3

_STRING_SEQUENCE = re.compile(
    "(?:\x1b[\\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c\x9d\x9e\x9f]*(?:\x07|\x9c|\x1b\\\\)"
)
"""OSC, DCS, SOS, PM and APC with their end (ECMA-48 section 5.6). Without an end only the start is taken."""
_CONTROL_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]")
_OTHER_ESCAPE = re.compile("\x1b[ -/]*[0-~]|\x1b")
_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u180b\u180c\u180d\u180f\u034f\u17b4\u17b5")
"""Characters that count as letters or marks and yet show nothing."""


def _without_sequences(text: str) -> str:
    if "\x1b" not in text and not any("\x80" <= character <= "\x9f" for character in text):
        return text
    text = _STRING_SEQUENCE.sub("", text)
    text = _CONTROL_SEQUENCE.sub("", text)
    return _OTHER_ESCAPE.sub("", text)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _visible(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in text:
        if character.isascii() and character.isprintable():
            marks = 0
            shown.append(character)
            continue
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if character == "\t" or category == "Zs":
            shown.append(" ")
        elif character in _BLANK_LETTERS or not character.isprintable() or marks > _COMBINING_RUN:
            shown.append(_escaped(character))
        else:
            shown.append(character)
    return "".join(shown)


def printable(text: str, limit: int = DEFAULT_LIMIT) -> str:
    """Return a text as one line that is safe to show on a terminal.

    Args:
        text: anything; hostile.
        limit: greatest number of characters; what is cut is counted at the end.

    Returns:
        The text without escape sequences, with line breaks as a visible mark, white space as
        plain spaces, and invisible characters by their escapes (U+202E as backslash, u, 202e).
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    window = text[: limit * 8]
    shown = _visible(_LINE_BREAK.sub(" \u23ce ", _without_sequences(window).strip("\r\n")))
    if len(shown) <= limit and len(window) == len(text):
        return shown
    kept = shown[: max(0, limit - 20)].rstrip()
    return f"{kept} … ({len(text)} characters)"


def command_lines(command: str) -> tuple[list[str], bool]:
    """Return the lines of a command as they can be shown, never wrapped and never cut.

    Args:
        command: the rendered command; names in it are quoted already.

    Returns:
        The lines, and whether they are exactly the command: False when a character had to be
        escaped, so that the shown text must not be pasted.
    """
    wanted = [line.replace("\t", "    ") for line in command.replace("\r\n", "\n").strip("\n").split("\n")]
    shown = [printable(line, _COMMAND_LIMIT) for line in wanted]
    return shown, shown == wanted


def cell_width(text: str) -> int:
    """Return the number of terminal columns of a printable text (wide East Asian characters take two)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(character) in {"Mn", "Me"} else 2 if _is_wide(character) else 1 for character in text
    )


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}
