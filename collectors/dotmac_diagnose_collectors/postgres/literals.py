"""Takes the values out of SQL statements, so that no data of users leaves the server's log of statements."""

from __future__ import annotations

import re
from typing import Any

KEPT_CHARACTERS = 200
_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*|)\$.*?(?:\$(?P=tag)\$|\Z))
  | (?P<escaped>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z|\\\Z))
  | (?P<plain>(?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z))
  | (?P<parameter>\$\d+)
  | (?P<number>(?<![\w$])(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    """,
    re.VERBOSE | re.DOTALL,
)


def without_literals(statement: str) -> str:
    """Return a statement with ``?`` for each text and number, without comments, at most 200 characters.

    A text with a backslash before a quote may end in two places, depending on a setting: everything
    behind it is left out.
    """
    kept: list[str] = []
    end = 0
    for match in _TOKEN.finditer(statement):
        kept.append(statement[end : match.start()])
        end = match.end()
        if match["plain"] and "\\'" in match["plain"]:
            kept.append("? …")
            end = len(statement)
            break
        kept.append(_replacement(match))
    kept.append(statement[end:])
    text = re.sub(r"\s+", " ", "".join(kept)).strip()
    return text if len(text) <= KEPT_CHARACTERS else text[: KEPT_CHARACTERS - 1] + "…"


def _replacement(match: re.Match[str]) -> str:
    if match["comment"]:
        return " "
    if match["name"] or match["parameter"]:
        return match[0]
    return "?"


def clean_row(row: dict[str, Any], texts: tuple[str, ...]) -> dict[str, Any]:
    """Return a row with the literals taken out of the named columns."""
    return {
        name: without_literals(value) if name in texts and isinstance(value, str) else value
        for name, value in row.items()
    }
