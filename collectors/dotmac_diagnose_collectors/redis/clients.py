"""What CLIENT LIST says, in numbers: no arguments, no ports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from dotmac_diagnose.extract.redis.slow_log import OWN_NAME, client_name

_QUEUES = frozenset(
    {
        "blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "xread", "xreadgroup",
    }
)  # fmt: skip
_BLOCKED_SECONDS = 5
_IDLE_SECONDS = 60
_MOST_GROUPS = 10


def summary_of(text: str) -> dict[str, Any]:
    """Return the numbers of a list of clients, replicas and the collector left out.

    Args:
        text: a line of ``name=value`` words for each client.
    """
    clients = [item for item in map(_fields, text.splitlines()) if item and item.get("name") != OWN_NAME]
    ordinary = [item for item in clients if not set(item.get("flags", "")) & {"S", "M"}]
    blocked = [item for item in ordinary if "b" in item.get("flags", "")]
    queues = [item for item in blocked if item.get("cmd", "").lower().partition("|")[0] in _QUEUES]
    elsewhere = [item for item in blocked if item not in queues and _number(item, "idle") >= _BLOCKED_SECONDS]
    largest = max(ordinary, key=lambda item: (_number(item, "omem"), item.get("id", "")), default={})
    return {
        "clients": len(ordinary),
        "blocked_on_queues": len(queues),
        "blocked_elsewhere": len(elsewhere),
        "blocked_command": min((item.get("cmd", "")[:60] for item in elsewhere), default=None) or None,
        "subscribers": sum(_number(item, "sub") + _number(item, "psub") > 0 for item in ordinary),
        "monitors": sum("O" in item.get("flags", "") for item in ordinary),
        "largest_output_bytes": _number(largest, "omem"),
        "largest_output_client": client_name(largest.get("name"), largest.get("addr")),
        "groups": [*_groups(ordinary, "name"), *_groups(ordinary, "address")],
    }


def _fields(line: str) -> dict[str, str]:
    words = (word.partition("=") for word in line.split(" "))
    return {name: value for name, equals, value in words if equals}


def _number(item: Mapping[str, str], name: str) -> int:
    value = item.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else 0


def _groups(clients: Iterable[Mapping[str, str]], by: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for item in clients:
        value = item.get("name", "") if by == "name" else item.get("addr", "").rpartition(":")[0]
        if value:
            groups[value[:100]].append(item)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:_MOST_GROUPS]
    return [
        {
            "grouped_by": by,
            "value": value,
            "connections": len(members),
            "idle": sum(_number(item, "idle") >= _IDLE_SECONDS for item in members),
            "longest_idle_seconds": max(_number(item, "idle") for item in members),
            "last_command": Counter(item.get("cmd", "")[:60] for item in members).most_common(1)[0][0] or None,
        }
        for value, members in largest
    ]
