"""Kubernetes quantities (``150m``, ``1.5Gi``, ``1e3``) as exact numbers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

_NUMBER = re.compile(r"([+-]?)(\d{1,30})(?:\.(\d{0,30}))?(?:[eE]([+-]?\d{1,2}))?([numkMGTPE]|[KMGTPE]i)?", re.ASCII)
_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_LIMIT = 2**63 - 1
_LENGTH = 80


def quantity(value: object) -> Fraction | None:
    """Return the exact value of a quantity, or None when it is none."""
    if isinstance(value, str):
        return _parsed(value) if len(value) <= _LENGTH else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(value) if isinstance(value, float) and math.isfinite(value) else None


def _parsed(value: str) -> Fraction | None:
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        return None
    sign, whole_part, fraction, exponent, suffix = match.groups()
    fraction = fraction or ""
    number = Fraction(int(whole_part + fraction), 10 ** len(fraction)) * Fraction(10) ** int(exponent or 0)
    if suffix:
        number *= _SUFFIXES[suffix]
    return -number if sign == "-" else number


def whole(value: object) -> int | None:
    """Return a quantity rounded up to a whole number (bytes, pods); None when negative or beyond 64 bits."""
    if isinstance(value, str) and len(value) <= _LENGTH:
        return _scaled(value, 1)
    return _rounded(quantity(value), 1)


def millicores(value: object) -> int | None:
    """Return a CPU quantity in thousandths of a core, rounded up."""
    if isinstance(value, str) and len(value) <= _LENGTH:
        return _scaled(value, 1000)
    return _rounded(quantity(value), 1000)


@lru_cache(maxsize=4096)  # thousands of pods share a few sizes
def _scaled(value: str, factor: int) -> int | None:
    return _rounded(_parsed(value), factor)


def _rounded(number: Fraction | None, factor: int) -> int | None:
    return math.ceil(number * factor) if number is not None and 0 <= number * factor <= _LIMIT else None


def percent(part: object, total: object) -> float | None:
    """Return how many percent of the total a part is; None when one is no quantity or the total is zero."""
    used, hard = quantity(part), quantity(total)
    if used is None or hard is None or hard <= 0:
        return None
    share = used * 100 / hard
    return round(float(share), 2) if abs(share) < 10**9 else None
