"""The text of a finding: ``{field}`` and ``{alias.field}`` filled in with what was seen.

Braces only: a template reads named fields and nothing else, so a pack cannot reach
attributes or formats of Python through it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .comparison import FieldType

MAX_VALUE_LENGTH = 300
"""Characters of one value inside a text; longer values are cut."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_INSIDE = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)(?:\|([a-z]+))?")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A field to be filled in, with the name of its format or None."""

    name: str
    format: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text."""

    parts: tuple[str | Placeholder, ...]

    def render(self, read: Callable[[str], object | None]) -> str:
        """Fill in the fields.

        Args:
            read: returns the value of ``field`` or ``alias.field``; None prints ``unknown``.
        """
        return "".join(
            part if isinstance(part, str) else format_value(read(part.name), part.format) for part in self.parts
        )


def parse_template(text: str, fields: Mapping[str, FieldType], complain: Callable[[str], None]) -> Template:
    """Parse a text and check its placeholders.

    Args:
        text: the text; ``{{`` and ``}}`` stand for braces.
        fields: the names that a placeholder may have, with their types.
        complain: called with a message for every problem.
    """
    parts: list[str | Placeholder] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found[0] in ("{{", "}}"):
            parts.append(found[0][0])
        elif found[1] is None:
            complain(f"a brace at character {found.start() + 1} has no partner")
        else:
            placeholder = _parse_placeholder(found[1], fields, complain)
            parts += [placeholder] if placeholder else []
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part))


def _parse_placeholder(
    inside: str, fields: Mapping[str, FieldType], complain: Callable[[str], None]
) -> Placeholder | None:
    found = _INSIDE.fullmatch(inside)
    if found is None:
        complain(f"{{{inside}}} is not {{field}}, {{alias.field}} or {{field|format}}")
        return None
    name, wanted = found[1], found[2]
    kind = fields.get(name)
    if kind is None:
        complain(f"{{{inside}}} names no field of a matched fact")
    elif wanted is not None and wanted not in _FORMATS:
        complain(f"{{{inside}}}: the formats are {', '.join(sorted(_FORMATS))}")
    elif wanted is not None and kind not in ("integer", "number"):
        complain(f"{{{inside}}}: {wanted} formats numbers, and the field is of type {kind}")
    return Placeholder(name, wanted)


def format_value(value: object | None, wanted: str | None = None) -> str:
    """Return a value as people read it, on one line.

    Args:
        value: None gives ``unknown``.
        wanted: ``seconds``, ``bytes``, ``percent`` or None.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        formatter = _FORMATS.get(wanted or "", _plain_number)
        return formatter(value) if math.isfinite(value) else str(value)
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"


def _plain_number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}".rstrip("0").rstrip(".")


def _seconds(value: float) -> str:
    """Format a duration by its two largest units: ``2 h 5 min``."""
    sign = "-" if value < 0 else ""
    rest = abs(value)
    if rest < 10:
        return f"{sign}{_plain_number(round(rest, 1))} s"
    rest = round(rest)
    words: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}")
        elif words:
            break
    return sign + " ".join(words[:2])


def _bytes(value: float) -> str:
    """Format a size in binary units: ``1.5 GiB``."""
    sign, rest = ("-" if value < 0 else ""), abs(value)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if rest < 1024:
            return f"{sign}{_plain_number(round(rest, 1))} {unit}"
        rest /= 1024
    return f"{sign}{_plain_number(round(rest, 1))} PiB"


def _percent(value: float) -> str:
    return f"{_plain_number(round(value, 1))} %"


_FORMATS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {"seconds": _seconds, "bytes": _bytes, "percent": _percent}
)
