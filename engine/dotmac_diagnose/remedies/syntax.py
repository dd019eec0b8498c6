"""Just enough of the grammar of sh, SQL and JSON to tell whether a position is inside quotes.

A placeholder brings its own quotes. One that the author put between quotes would end them
and let the value run as code, so such a place is refused.
"""

from __future__ import annotations

import re
import shlex
from enum import Enum, auto
from itertools import pairwise


class Grammar(Enum):
    """Whose quotes count."""

    SHELL = auto()
    SQL = auto()
    JSON = auto()


def open_quote(prefix: str, grammar: Grammar) -> str | None:
    """Return the quote (or backslash) that is open after ``prefix``, None when there is none."""
    if grammar is Grammar.SHELL:
        return _shell_quote(prefix)
    if grammar is Grammar.SQL:
        return _sql_quote(prefix)
    return _json_quote(prefix)


def _shell_quote(prefix: str) -> str | None:
    state: str | None = None
    position = 0
    while position < len(prefix):
        character = prefix[position]
        if character == "\\" and state != "'":
            if position + 1 == len(prefix):
                return "\\"
            position += 1
        elif state is None and character == "#" and (position == 0 or prefix[position - 1].isspace()):
            end = prefix.find("\n", position)
            if end < 0:
                return None
            position = end
        elif state is None and character in "'\"`":
            state = character
        elif state == character:
            state = None
        position += 1
    if state is None and prefix.endswith("$"):
        return "$"
    return "<<" if state is None and re.search(r"(?<!<)<<(?!<)[^\n]*\n", prefix) else state


def _sql_quote(prefix: str) -> str | None:
    state: str | None = None
    position = 0
    while position < len(prefix):
        character = prefix[position]
        if state is None and prefix.startswith("--", position):
            end = prefix.find("\n", position)
            if end < 0:
                return "--"
            position = end
        elif state is None and character in "'\"":
            # E'…' knows backslashes; our own literals are written that way.
            escapes = character == "'" and re.search(r"(?:^|[^A-Za-z0-9_])[eE]$", prefix[:position])
            state = "E" if escapes else character
        elif state == "E" and character == "\\":
            position += 1
        elif character == ("'" if state == "E" else state):
            state = None
        position += 1
    return "'" if state == "E" else state


def _json_quote(prefix: str) -> str | None:
    inside = False
    position = 0
    while position < len(prefix):
        character = prefix[position]
        if inside and character == "\\":
            position += 1
        elif character == '"':
            inside = not inside
        position += 1
    return '"' if inside else None


_VALUE_OPTIONS = frozenset(
    {
        *("-n", "--namespace", "-c", "--container", "--context", "-l", "--selector", "-p", "--patch", "-o", "--type"),
        *("-d", "--dbname", "-U", "--username", "-h", "--host", "--port", "--command", "-f", "--filename"),
        *("--field-selector", "--subresource", "--pattern", "-u", "--unit", "--cert-name", "--image", "-a", "--user"),
    }
)
_REDIS_VALUE_OPTIONS = frozenset({"-h", "-p", "-n", "-a", "-u", "-s", "--user", "--pass", "--pattern", "--count"})
_INNER_COMMAND = frozenset({"exec", "run", "debug"})


def may_be_option(prefix: str) -> bool:
    """Tell whether a word with a leading ``-`` would be read as an option after ``prefix``.

    It is not when it is glued to text, when it is the value of a known option, after ``--``
    (after a second one when ``kubectl exec … --`` starts an inner command), or when it is an
    argument of a Redis command.
    """
    if prefix and not prefix[-1].isspace():
        return False
    tokens = _command_tokens(prefix)
    if not tokens:
        return True
    if tokens[-1] in _VALUE_OPTIONS:
        return False
    needed = 2 if _INNER_COMMAND.intersection(tokens) else 1
    ends = sum(token == "--" and before not in _VALUE_OPTIONS for before, token in pairwise(tokens))
    if ends >= needed:
        return False
    return not ("redis-cli" in tokens and _redis_command_began(tokens[tokens.index("redis-cli") + 1 :]))


def _command_tokens(prefix: str) -> list[str]:
    """Return the words of the simple command that is still open at the end of ``prefix``; none when unclear."""
    lexer = shlex.shlex(prefix.rpartition("\n")[2], posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    tokens: list[str] = []
    try:
        for token in lexer:
            tokens = [] if token.strip("|&;()") == "" else [*tokens, token]
    except ValueError:
        return []
    return tokens


def _redis_command_began(tokens: list[str]) -> bool:
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif token in _REDIS_VALUE_OPTIONS:
            skip = True
        elif not token.startswith("-"):
            return True
    return False
