"""How much an input may hold. Inputs are hostile until read."""

from __future__ import annotations

from dataclasses import dataclass, fields

from dotmac_diagnose.errors import LimitExceeded

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused. Every field is an option of the command line (``--max-input-bytes`` …).

    Args:
        max_input_bytes: bytes of one input, as given and after unpacking.
        max_member_bytes: bytes of one file inside an input, after unpacking.
        max_members: files inside one input.
        max_ratio: unpacked bytes per packed byte; counts from :data:`RATIO_FLOOR_BYTES` on.
        max_depth: levels of nesting in JSON and YAML.
        max_line_bytes: bytes of one line of a log.
        max_yaml_aliases: aliases in one YAML file.
        max_yaml_nodes: nodes that the aliases of one YAML file stand for.
    """

    max_input_bytes: int = 2 * GIBIBYTE
    max_member_bytes: int = 512 * MEBIBYTE
    max_members: int = 200_000
    max_ratio: int = 200
    max_depth: int = 200
    max_line_bytes: int = 64 * MEBIBYTE
    max_yaml_aliases: int = 1_000
    max_yaml_nodes: int = 1_000_000


RATIO_FLOOR_BYTES = 128 * MEBIBYTE
"""Up to here no ratio is refused: thousands of equal pods pack better than many a bomb."""


def option_names() -> tuple[str, ...]:
    """Return the option name of every limit, as in ``LimitExceeded.limit``."""
    return tuple(option_name(field.name) for field in fields(Limits))


def option_name(field: str) -> str:
    """Return the option name of a field of :class:`Limits`."""
    return field.replace("_", "-")


def exceeded(what: str, field: str, *, where: str = "") -> LimitExceeded:
    """Return the error for a limit.

    Args:
        what: what is too large, without the limit.
        field: the field of :class:`Limits` that was exceeded.
        where: file or member.
    """
    return LimitExceeded(what, where=where, limit=option_name(field))


def readable_bytes(number: int) -> str:
    """Return a number of bytes for people: ``512 MiB``, ``2 GiB``, ``100 bytes``."""
    for size, unit in ((GIBIBYTE, "GiB"), (MEBIBYTE, "MiB"), (1024, "KiB")):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return f"{number:,} bytes"
