"""Encoders: how one value is written in one language (SQL, JSON, Redis globs, URLs …).

Values come from the targets and are hostile. An encoder either returns text that means
exactly the value in its language, or raises :class:`UnquotableError`. Shell quoting is a
step of its own (:func:`shell_word`), so that languages nest: JSON inside a shell word,
SQL inside a shell word, a Redis glob alone in one.
"""

from __future__ import annotations

import json
import math
import re
import shlex
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .resources import is_resource, namespace_of, object_of, resource_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_LENGTH = 4_000
"""Longest value in characters; names are at most 253, anything near this is no name."""

_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_FIELD_NAME = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u180b\u180c\u180d\u180f\u034f\u17b4\u17b5")
_POSTGRES_NAME_BYTES = 63
_BINARY_UNITS = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


class UnquotableError(ValueError):
    """A value cannot be written into this place. The message ends the sentence "the value …"."""


def plain_text(value: object) -> str:
    """Return a scalar as text.

    Raises:
        UnquotableError: a list, mapping or other object, a number that is not finite, or a text that
            is too long or holds invisible characters (line breaks, controls, bidi marks): what a
            person reads would not be what runs.
    """
    text = _scalar(value)
    if len(text) > MAX_LENGTH:
        raise UnquotableError(f"is longer than {MAX_LENGTH} characters")
    for character in text:
        if _hidden(character):
            raise UnquotableError(_hidden_reason(character))
    return text


_READ_INSIDE_DOUBLE_QUOTES = frozenset('$`\\"!\n')


def shell_word(text: str) -> str:
    """Return the text as one POSIX shell word (IEEE Std 1003.1, 2.2 Quoting).

    A text with single quotes, as SQL has them, is read more easily between double quotes, and is put
    there when it holds nothing that a shell would still read inside them.
    """
    if "'" in text and not _READ_INSIDE_DOUBLE_QUOTES.intersection(text):
        return f'"{text}"'
    return shlex.quote(text)


def prose(value: object) -> str:
    """Return a scalar for a sentence: hidden characters become spaces, runs of blanks one."""
    text = "".join(" " if _hidden(c) else c for c in _scalar(value))
    text = " ".join(text.split())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnquotableError("is not a finite number")
        return _digits(int(value)) if value.is_integer() else format(value, ".12f").rstrip("0").rstrip(".")
    raise UnquotableError("is not a single value")


def _digits(value: int) -> str:
    if abs(value) >= 10**40:
        raise UnquotableError("is a number of more than 40 digits")
    return str(value)


def _hidden(character: str) -> bool:
    """Tell whether a person would not see the character, or take it for a plain space."""
    return not character.isprintable() or character in _BLANK_LETTERS


def _hidden_reason(character: str) -> str:
    if character in "\n\r\x0b\x0c\x85\u2028\u2029":
        return "holds a line break"
    word = "control" if unicodedata.category(character) == "Cc" else "invisible"
    return f"holds the {word} character U+{ord(character):04X}"


def _number(value: object) -> str:
    text = plain_text(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise UnquotableError("is not a number")
    return text


def _sql_number(value: object) -> str:
    text = _number(value)
    # "5 -" before a bare negative number would open a comment.
    return f"({text})" if text.startswith("-") else text


def _quantity(value: object) -> str:
    text = _number(value)
    if "." in text or text.startswith("-"):
        raise UnquotableError("is not a number of bytes")
    size = int(text)
    for unit, factor in _BINARY_UNITS:
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return text


def _sql_identifier(value: object) -> str:
    text = plain_text(value)
    if not text:
        raise UnquotableError("is empty")
    if len(text.encode()) > _POSTGRES_NAME_BYTES:
        raise UnquotableError("is longer than the 63 bytes that PostgreSQL keeps of a name")
    return '"' + text.replace('"', '""') + '"'


def _sql_literal(value: object) -> str:
    text = plain_text(value).replace("'", "''")
    # Right with standard_conforming_strings on and off, like PQescapeLiteral.
    return " E'" + text.replace("\\", "\\\\") + "'" if "\\" in text else f"'{text}'"


def _conninfo_value(value: object) -> str:
    text = plain_text(value)
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(value: object) -> str:
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnquotableError("has no JSON form") from error
    if re.search(r"\\ud[89a-f]", text) and _has_lone_surrogate(text):
        raise UnquotableError("holds half of a character")
    if len(text) > MAX_LENGTH:
        raise UnquotableError(f"is longer than {MAX_LENGTH} characters")
    return text


def _has_lone_surrogate(text: str) -> bool:
    try:
        str(json.loads(text)).encode()
    except UnicodeEncodeError:
        return True
    return False


def _json_document(value: object) -> str:
    if not isinstance(value, str):
        return _json(value)
    try:
        return _json(json.loads(value))
    except (ValueError, RecursionError) as error:
        raise UnquotableError("is not a JSON document") from error


def _json_string(value: object) -> str:
    return _json(_scalar(value))[1:-1]


def _json_pointer(value: object) -> str:
    return _json_string(_scalar(value).replace("~", "~0").replace("/", "~1"))


def _redis_glob(value: object) -> str:
    return re.sub(r"([\\*?\[\]^-])", r"\\\1", plain_text(value))


def _path(value: object) -> str:
    text = plain_text(value)
    if not _FIELD_NAME.fullmatch(text):
        raise UnquotableError("is not the name of a field")
    return re.sub(r"([./])", r"\\\1", text)


def _url(value: object) -> str:
    text = plain_text(value)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UnquotableError("is not a URL") from error
    if "@" in parts.netloc or (not parts.netloc and "@" in text):
        raise UnquotableError("holds a user name or password")
    return quote(text, safe=":/?#[]@!$&()*+,;=%-._~")


def _url_component(value: object) -> str:
    return quote(plain_text(value), safe="")


def _resource(value: object) -> str:
    text = plain_text(value)
    known = resource_of(text)
    if known is not None:
        return known
    if is_resource(text):
        return text
    raise UnquotableError("is not an object that kubectl knows")


def _object(value: object) -> str:
    return object_of(plain_text(value))


def _namespace(value: object) -> str:
    name = namespace_of(plain_text(value))
    if name is None:
        raise UnquotableError("names no namespace")
    return name


ENCODERS: Mapping[str, Callable[[object], str]] = MappingProxyType(
    {
        "word": plain_text,
        "number": _number,
        "quantity": _quantity,
        "resource": _resource,
        "object": _object,
        "namespace": _namespace,
        "sql_identifier": _sql_identifier,
        "sql_literal": _sql_literal,
        "sql_number": _sql_number,
        "conninfo_value": _conninfo_value,
        "json": _json,
        "json_string": _json_string,
        "json_document": _json_document,
        "json_pointer": _json_pointer,
        "redis_glob": _redis_glob,
        "path": _path,
        "url": _url,
        "url_component": _url_component,
        "text": prose,
    }
)
"""The closed set of placeholder types.

``word`` as it is · ``number`` digits · ``quantity`` bytes as 256Mi · ``resource`` kubectl ``type/name`` ·
``object`` and ``namespace`` the parts of ``[type/]namespace/name`` · ``sql_identifier`` ``sql_literal``
``sql_number`` · ``conninfo_value`` value of libpq's ``dbname=…`` · ``json`` any value · ``json_string``
inside a JSON string · ``json_document`` a text that is JSON · ``json_pointer`` one RFC 6901 step inside
a JSON string · ``redis_glob`` text that matches itself · ``path`` field name in a kubectl jsonpath ·
``url`` · ``url_component`` · ``text`` for sentences only.
"""

SHELL_TYPES = frozenset({"word", "resource", "object", "namespace"})
"""Types that are shell words wherever they stand in a command."""


def encode_mark(mark: str, kind: str) -> str:
    """Return a visible mark such as ``<NEW_IMAGE>`` in the language of a type."""
    if kind in ("json", "sql_identifier"):
        return f'"{mark}"'
    return f"'{mark}'" if kind == "sql_literal" else mark
