"""The near word: what the writer of an unknown name most likely meant."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'near'?``, or an empty text when nothing is near.

    Args:
        word: the unknown name, of any length.
        known: the names that exist.
    """
    near = difflib.get_close_matches(word[:100], sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def foreign_letters(word: str) -> str:
    """Name the first character of a word that is not ASCII, empty when there is none.

    A Cyrillic letter that looks like a Latin one makes two ids that no reader can tell apart.
    """
    for character in word[:200]:
        if ord(character) > 127:
            name = unicodedata.name(character, "unnamed character")
            return f"U+{ord(character):04X} {name}"
    return ""
