"""Values of people's data that error texts quote: replaced by ``?``."""

from __future__ import annotations

import re

MAX_STATEMENT = 200
"""Characters of a statement that are kept."""

_LITERAL = re.compile(r"'(?:[^']|'')*(?:'|$)|\$(\w*)\$[^$]*(?:\$\1\$|$)|\b\d+(?:\.\d+)?\b", re.ASCII)
_KEY_VALUES = re.compile(r"=\([^()]{0,2000}\)")
_ROW = re.compile(r"(?i)failing row contains \(.*")
_PARAMETER = re.compile(r"\$\d+", re.ASCII)


def mask_statement(statement: str) -> str:
    """Return a statement without its literals, on one line, at most 200 characters long."""
    bound = _PARAMETER.sub("?", statement[:4000])
    return " ".join(_LITERAL.sub("?", bound).split())[:MAX_STATEMENT]


def mask_values(text: str) -> str:
    """Return the text of an error without the row and key values that PostgreSQL quotes in it."""
    if "=(" in text:
        text = _KEY_VALUES.sub("=(?)", text)
    return _ROW.sub("Failing row contains (?)", text) if "ailing row" in text else text
