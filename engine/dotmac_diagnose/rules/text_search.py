"""How ``contains`` finds a text in a field: without regard to case, spacing and names.

A pattern is plain text. Three words in it stand for any name: ``x``, ``N`` and ``CTR``,
alone or in quotes (``secret "x" not found``). Most patterns hold no such word and are
found by a plain substring scan; the others run on RE2, so that every search is linear in
the length of the text, whoever wrote text and pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_PATTERN_LENGTH = 1000
"""Characters of one pattern; a longer one is a mistake of the pack."""

TextMatch = Callable[[str], bool]
"""Takes a text of :func:`normal_text`, tells whether the pattern is in it."""

_NAME_WORD = re.compile(r"""(?P<quote>["'])(?:x|N|CTR)(?P=quote)|(?<![\w.\-/])(?:x|N|CTR)(?![\w\-/])""")
_ANY_NAME = {'"': '"[^"]+"', "'": "'[^']+'", "": r"""[^\s"']+"""}


def normal_text(text: str) -> str:
    r"""Return the form in which texts are compared.

    Case is folded, every run of white space becomes one blank, and quotes that a logger
    has escaped (``\"x\"``) are quotes.
    """
    return " ".join(text.casefold().replace('\\"', '"').split())


class TextCache(dict[str, str]):
    """Normal forms of the texts of one run; ``cache[text]`` normalises each text once."""

    def __missing__(self, text: str) -> str:
        normal = self[text] = normal_text(text)
        return normal


@dataclass(frozen=True, slots=True)
class TextSearch:
    """Compiled entries of ``contains``.

    Args:
        holds: tells whether any entry is in a normal text.
        needles: literals of which at least one is in every text that matches, one per entry.
    """

    holds: TextMatch
    needles: tuple[str, ...]


def compile_entries(entries: Sequence[str | list[str]]) -> TextSearch:
    """Compile the entries of ``contains``, of which any must match.

    Args:
        entries: each one pattern, or several that must all be in the same text.

    Raises:
        ValueError: there is no entry, or a pattern is empty or too long.
    """
    if not entries:
        raise ValueError("the list is empty")
    compiled = [_compile_entry(entry) for entry in entries]
    needles = tuple(needle for needle, _ in compiled)
    matches = tuple(match for _, match in compiled)
    holds = matches[0] if len(matches) == 1 else lambda text: any(match(text) for match in matches)
    return TextSearch(holds, needles)


def _compile_entry(entry: str | list[str]) -> tuple[str, TextMatch]:
    """Return the longest literal of an entry and its match."""
    if entry == []:
        raise ValueError("an entry that is a list needs at least one text")
    parts = [_compile_part(part) for part in (entry if isinstance(entry, list) else [entry])]
    matches = [match for _, match in parts]
    whole = matches[0] if len(matches) == 1 else lambda text: all(match(text) for match in matches)
    return max((needle for needle, _ in parts), key=len), whole


def compile_expression(pattern: str) -> Callable[[str], bool]:
    """Compile a regular expression for RE2; it is searched for anywhere, without regard to case.

    Raises:
        ValueError: RE2 refuses it (look-around, back-references, too large), or it is too long.
    """
    if not pattern or len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"an expression has 1 to {MAX_PATTERN_LENGTH} characters")
    compiled = linear_expression(pattern)
    return lambda text: compiled.search(text.encode("utf-8", "replace")) is not None


def _compile_part(pattern: str) -> tuple[str, TextMatch]:
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"a text has at most {MAX_PATTERN_LENGTH} characters")
    literals, expression = _split_names(pattern)
    if not any(literals):
        raise ValueError("a text must hold more than white space and words for any name")
    needle = max(literals, key=len)
    if len(literals) == 1:
        return needle, lambda text: needle in text
    # The longest literal decides most texts, and a substring scan is 20 times faster than RE2 through Python.
    compiled = linear_expression(expression)
    return needle, lambda text: needle in text and compiled.search(text.encode("utf-8", "replace")) is not None


def _split_names(pattern: str) -> tuple[list[str], str]:
    """Return the normal literals between the name words, and the whole as an expression."""
    plain = " ".join(pattern.replace('\\"', '"').split())
    literals: list[str] = []
    expression: list[str] = []
    end = 0
    for found in _NAME_WORD.finditer(plain):
        literal = plain[end : found.start()].casefold()
        literals.append(literal)
        expression += [re.escape(literal), _ANY_NAME[found["quote"] or ""]]
        end = found.end()
    literal = plain[end:].casefold()
    return [*literals, literal], "".join([*expression, re.escape(literal)])


def linear_expression(pattern: str) -> Any:
    """Return a compiled expression of RE2, without regard to case.

    Raises:
        ValueError: RE2 refuses it.
    """
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "no reason given"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"RE2 refuses the expression: {text}") from error
