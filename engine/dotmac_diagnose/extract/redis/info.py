"""The text that INFO answers, and lines of the same shape in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dotmac_diagnose.extract.kubernetes.json_access import integer

_MOST_LINES = 20_000
_LONGEST_VALUE = 2_000
_ERROR = re.compile(r"errorstat_([A-Z][A-Za-z0-9_-]{0,40})")
_DATABASE = re.compile(r"db(\d{1,6})")


def parse_info(text: object) -> Mapping[str, str]:
    """Return the fields of an INFO text, of all sections.

    Args:
        text: lines ``name:value`` and ``# Section``; hostile.

    Returns:
        Values by name, empty when it is no such text.
    """
    if not isinstance(text, str):
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines()[:_MOST_LINES]:
        name, colon, value = line.partition(":")
        if colon and name and not name.startswith("#") and len(value) <= _LONGEST_VALUE:
            found.setdefault(name.strip(), value.strip())
    return found


def is_info(text: object) -> bool:
    """Tell whether a text is an answer to INFO, whole or of one section."""
    return isinstance(text, str) and bool({"redis_version", "used_memory", "role"} & parse_info(text).keys())


def whole(info: Mapping[str, str], name: str) -> int | None:
    """Return a field as a whole number; a number with decimals is cut."""
    return integer(info.get(name, "").partition(".")[0])


def decimal(info: Mapping[str, str], name: str) -> float | None:
    """Return a field as a number that is not negative."""
    value = info.get(name, "")
    return float(value) if re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", value) else None


def flag(info: Mapping[str, str], name: str) -> bool | None:
    """Return a field that is 0 or 1."""
    return {"0": False, "1": True}.get(info.get(name, ""))


def failed(info: Mapping[str, str], name: str) -> bool | None:
    """Return whether a status field is something else than ok; None when there is none."""
    value = info.get(name)
    return None if not value else value != "ok"


def parts_of(value: str) -> Mapping[str, str]:
    """Return the parts of ``keys=10,expires=2,avg_ttl=0``."""
    pairs = (part.partition("=") for part in value.split(","))
    return {name.strip(): found.strip() for name, equals, found in pairs if equals}


def error_counts(info: Mapping[str, str]) -> Mapping[str, int]:
    """Return the number of error replies by their first word."""
    found: dict[str, int] = {}
    for name, value in info.items():
        match = _ERROR.fullmatch(name)
        count = integer(parts_of(value).get("count"))
        if match is not None and count is not None and count >= 0:
            found[match[1]] = count
    return found


def databases(info: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield number and parts of each database with keys."""
    for name, value in info.items():
        match = _DATABASE.fullmatch(name)
        if match is not None:
            yield int(match[1]), parts_of(value)
