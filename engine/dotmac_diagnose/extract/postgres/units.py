"""Values of settings as plain numbers: bytes and milliseconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_UNITS: Mapping[str, float] = MappingProxyType(
    {
        "B": 1, "kB": 1024, "8kB": 8192, "16kB": 16384, "32kB": 32768, "4kB": 4096, "1kB": 1024, "2kB": 2048,
        "MB": 1024**2, "16MB": 16 * 1024**2, "GB": 1024**3, "TB": 1024**4,
        "us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    }
)  # fmt: skip
_SPECIAL = (-1.0, 0.0)
_WRITTEN = re.compile(r"(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def in_base_unit(value: str, unit: str | None) -> float | None:
    """Return a setting in bytes or milliseconds, or as it is without a unit.

    Args:
        value: as ``pg_settings.setting``.
        unit: as ``pg_settings.unit``.

    Returns:
        None when it is no number. -1 and 0 stand for "none" or "off" and keep their value.
    """
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number in _SPECIAL else number * _UNITS.get(unit or "", 1)


def milliseconds_of(written: str) -> int | None:
    """Return a time as people write it (``5s``, ``1min``, ``2000``: ms) in milliseconds."""
    match = _WRITTEN.fullmatch(written.strip())
    if match is None or (match[2] and match[2] not in _UNITS):
        return None
    return round(float(match[1]) * (_UNITS[match[2]] if match[2] else 1))
