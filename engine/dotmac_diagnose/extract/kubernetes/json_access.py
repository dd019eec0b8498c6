"""Typed access to raw JSON of unknown origin.

Every function takes anything and returns the asked type, or None (or an empty
container) when the value is not of it. Nothing here raises.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

Json = Mapping[str, Any]

EMPTY: Json = MappingProxyType({})
TEXT_LIMIT = 4000
"""Longest text that is kept, in characters."""
_INTEGER_LIMIT = 2**63 - 1
_DIGITS_LIMIT = 19
_EPOCH_YEAR, _LAST_YEAR = 1970, 9000


def mapping(value: object) -> Json:
    """Return the value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else EMPTY


def sequence(value: object) -> Sequence[Any]:
    """Return the value when it is a JSON array, else an empty one."""
    return value if isinstance(value, (list, tuple)) else ()


def mappings(value: object) -> list[Json]:
    """Return the JSON objects of a JSON array; members of other types are left out."""
    return [member for member in value if isinstance(member, dict)] if isinstance(value, (list, tuple)) else []


def texts(value: object) -> list[str]:
    """Return the non-empty texts of a JSON array."""
    return [member for member in (text(item) for item in sequence(value)) if member is not None]


def at(value: object, *path: str) -> Any:
    """Return what lies at a path of keys, or None where the path breaks off."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Return a non-empty text of at most ``limit`` characters that UTF-8 can write."""
    if not isinstance(value, str) or not value:
        return None
    if value.isascii() and len(value) <= limit:
        return value
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    return _writable(value)


def scalar_text(value: object) -> str | None:
    """Return a text or a number (ports may be either) as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) <= _INTEGER_LIMIT else None
    return text(value)


def integer(value: object) -> int | None:
    """Return a whole number, also of a text of digits; None beyond 64 bits."""
    if isinstance(value, str):
        digits = value.strip()
        body = digits.removeprefix("-")
        number = int(digits) if len(body) <= _DIGITS_LIMIT and body.isascii() and body.isdigit() else None
    elif isinstance(value, bool):
        return None
    elif isinstance(value, int):
        number = value
    elif isinstance(value, float) and math.isfinite(value) and value.is_integer():
        number = int(value)
    else:
        return None
    return number if number is not None and -_INTEGER_LIMIT <= number <= _INTEGER_LIMIT else None


def count(value: object) -> int | None:
    """Return a whole number that is not negative."""
    number = integer(value)
    return number if number is not None and number >= 0 else None


def boolean(value: object) -> bool | None:
    """Return a truth value, also of the texts ``true`` and ``false`` in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def moment(value: object) -> datetime | None:
    """Return an RFC 3339 time in UTC; None for anything else and for the zero times of Go and Unix."""
    if not isinstance(value, str) or not 19 <= len(value) <= 40:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is not UTC:
            parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if _EPOCH_YEAR < parsed.year < _LAST_YEAR else None


def label_map(value: object) -> dict[str, str]:
    """Return the entries of a JSON object whose values are texts (labels, annotations, ConfigMap data)."""
    if not isinstance(value, dict):
        return {}
    found = {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, str)}
    if all(key.isascii() and item.isascii() for key, item in found.items()):
        return found
    return {_writable(key): _writable(item) for key, item in found.items()}


def _writable(value: str) -> str:
    """Return a text that UTF-8 can write: without lone surrogates."""
    return value.encode("utf-8", "replace").decode("utf-8")


def conditions(status: Json) -> dict[str, Json]:
    """Return ``status.conditions`` by type; of two with one type the later in the list."""
    found: dict[str, Json] = {}
    for condition in mappings(status.get("conditions")):
        kind = condition.get("type")
        if isinstance(kind, str) and kind:
            found[kind] = condition
    return found


def condition_is(condition: Json | None, status: str) -> bool | None:
    """Tell whether a condition has a status; None when there is no such condition."""
    if condition is None:
        return None
    return condition.get("status") == status
