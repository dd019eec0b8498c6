"""JSON as captures hold it: one document, many one after the other, or a damaged one.

The standard parser does the work; before it a linear scan refuses deep nesting, after it
nothing is left that would break later: integers of more than 64 bits and numbers that are
not finite become texts, lone surrogates become U+FFFD. Of equal keys the last one counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from .limits import Limits, exceeded
from .parsed import Parsed, without_collection

_SPACE = re.compile(r"[ \t\r\n,\x1e]*")
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_LONG_INTEGER = re.compile(r"[0-9]{19}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NEXT_DOCUMENT = re.compile(r"\n(?:[{\[]|==== START logs for container )")
_BRACKETS = bytes(code for code in range(256) if code not in b'[]{}"')
_STRING = re.compile(rb'"[^"]*"')
_STEPS = bytes(2 if code in b"[{" else 0 if code in b"]}" else 1 for code in range(256))
_MOST_DAMAGED = 100
_INT64 = 2**63


def depth_of(data: bytes) -> int:
    """Return the deepest nesting of brackets outside of strings, in linear time."""
    data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = data.translate(None, _BRACKETS).replace(b'""', b"")
    outside = _STRING.sub(b"", brackets).replace(b'"', b"")
    deepest = max(accumulate(outside.translate(_STEPS), lambda depth, step: depth + step - 1, initial=0))
    return int(deepest)


def parse_json(text: str, limits: Limits, sections: Callable[[str, int], int] | None = None) -> Parsed:
    """Parse all JSON documents of a text.

    Args:
        text: one document, or several with or without white space between them.
        limits: ``max_depth`` counts.
        sections: reads what is not JSON at a position and returns where it ends (the
            position itself when it knows nothing there).

    Returns:
        The documents. Of a list that breaks off, the items before the break.

    Raises:
        LimitExceeded: the nesting is too deep.
    """
    if depth_of(text.encode("utf-8", "surrogatepass")) > limits.max_depth:
        raise exceeded(f"nested deeper than {limits.max_depth} levels", "max_depth")
    with without_collection():
        parsed = _Parser(text, sections).parse()
    if _SURROGATE.search(text) is not None:
        clean = [_without_surrogates(value) for value in parsed.values]
        parsed.partial = {id(new) for new, old in zip(clean, parsed.values, strict=True) if id(old) in parsed.partial}
        parsed.values = clean
    return parsed


class _Parser:
    def __init__(self, text: str, sections: Callable[[str, int], int] | None) -> None:
        self._text = text
        self._sections = sections
        self._decoder = json.JSONDecoder(
            parse_int=safe_integer if _LONG_INTEGER.search(text) is not None else None,
            parse_float=safe_number,
            parse_constant=str,
        )
        self._parsed = Parsed()

    def parse(self) -> Parsed:
        text, position = self._text, 0
        while True:
            position = self._skip(_SPACE, position)
            if self._sections is not None:
                after = self._sections(text, position)
                if after > position:
                    position = after
                    continue
            if position >= len(text):
                return self._parsed
            try:
                value, position = self._decoder.raw_decode(text, position)
            except json.JSONDecodeError as error:
                self._save(position, error)
                position = self._resume(max(error.pos, position + 1))
                if len(self._parsed.problems) >= _MOST_DAMAGED:
                    self._parsed.problems.append("the rest was not read: too much of it is damaged")
                    return self._parsed
            else:
                self._parsed.values.append(value)

    def _skip(self, pattern: re.Pattern[str], position: int) -> int:
        match = pattern.match(self._text, position)
        return match.end() if match is not None else position

    def _resume(self, position: int) -> int:
        """Return where the next document starts: at a bracket that opens a line, or at the mark of a log."""
        match = _NEXT_DOCUMENT.search(self._text, position - 1)
        return match.start() + 1 if match is not None else len(self._text)

    def _save(self, position: int, error: json.JSONDecodeError) -> None:
        """Take the items of a list that breaks off or holds a broken item."""
        place = f"not valid JSON at line {error.lineno}, column {error.colno}"
        if self._text[position] == "[":
            items = self._items(position)
            value: Any = items
        else:
            value = self._members(position)
            items = value.get("items", []) if isinstance(value.get("items"), list) else []
        if items:
            self._parsed.add_partial(value, f"{place}; {len(items)} items before it were kept")
        else:
            self._parsed.problems.append(place)

    def _members(self, position: int) -> dict[str, Any]:
        """Return the members of a damaged object up to the damage."""
        found: dict[str, Any] = {}
        text, position = self._text, position + 1
        try:
            while True:
                position = self._skip(_SPACE, position)
                if text[position] != '"':
                    return found
                key, position = self._decoder.raw_decode(text, position)
                position = self._skip(_JSON_SPACE, position)
                if text[position] != ":":
                    return found
                position = self._skip(_JSON_SPACE, position + 1)
                if key == "items" and text[position] == "[":
                    found[key] = self._items(position)
                    return found
                found[key], position = self._decoder.raw_decode(text, position)
        except (json.JSONDecodeError, IndexError):
            return found

    def _items(self, position: int) -> list[Any]:
        items: list[Any] = []
        position += 1
        try:
            while True:
                position = self._skip(_SPACE, position)
                if self._text[position] == "]":
                    return items
                item, position = self._decoder.raw_decode(self._text, position)
                items.append(item)
        except (json.JSONDecodeError, IndexError):
            return items


def safe_integer(digits: str) -> int | str:
    """Return an integer of 64 bits, or the digits: Python refuses thousands of them, and so do rules."""
    if len(digits) > 20:
        return digits
    number = int(digits)
    return number if -_INT64 <= number < _INT64 else digits


def safe_number(digits: str) -> float | str:
    """Return a finite number, or the digits."""
    number = float(digits)
    return number if abs(number) != float("inf") else digits


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode("utf-8").replace("?", "\ufffd")
        return value
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value
