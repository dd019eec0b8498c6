"""Entries of the slow log without their arguments: only the name of the command is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OWN_NAME = "diagnose"
"""Name that the collector gives its connection, so that it can leave itself out."""
_SUBCOMMANDS = frozenset(
    {"ACL", "CLIENT", "CLUSTER", "CONFIG", "DEBUG", "LATENCY", "MEMORY", "OBJECT", "SCRIPT", "SLOWLOG", "XINFO"}
)
_LONGEST_NAME = 30


def slow_entry(entry: Sequence[Any]) -> dict[str, Any]:
    """Return one entry as a row.

    Args:
        entry: number, seconds since 1970, microseconds, words of the command, address, name of the client;
            the last two are missing before Redis 4.
    """
    words = entry[3] if isinstance(entry[3], list) else []
    address, name = (*entry[4:6], None, None)[:2]
    return {
        "at": entry[1],
        "microseconds": entry[2],
        "command": command_of(words),
        "arguments": max(0, len(words) - 1),
        "client": client_name(_text(name), _text(address)),
        "own": name == OWN_NAME,
    }


def command_of(words: Sequence[Any]) -> str | None:
    """Return the name of a command with its subcommand, no argument; None when it is none."""
    first = _text(words[0]) if words else None
    if first is None or len(first) > _LONGEST_NAME or not first.replace(".", "").replace("_", "").isalnum():
        return None
    second = _text(words[1]) if len(words) > 1 else None
    if first.upper() in _SUBCOMMANDS and second is not None and second.isalpha() and len(second) <= _LONGEST_NAME:
        return f"{first} {second}".upper()
    return first.upper()


def client_name(name: str | None, address: str | None) -> str | None:
    """Return the name of a client, else its address without port; None without either."""
    return (name or (address or "").rpartition(":")[0])[:100] or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
