"""The questions to a Redis server: read commands only, none of which looks at every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotmac_diagnose.extract.redis.slow_log import slow_entry

from .clients import summary_of
from .keys import sample_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .interview import Interview

SETTINGS = (
    "maxmemory", "maxmemory-policy", "maxclients", "save", "appendonly", "appendfsync", "no-appendfsync-on-rewrite",
    "stop-writes-on-bgsave-error", "dir", "dbfilename", "min-slaves-to-write", "min-slaves-max-lag", "slave-read-only",
    "slave-serve-stale-data", "timeout", "slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold",
    "client-output-buffer-limit", "repl-backlog-size", "cluster-require-full-coverage", "protected-mode",
    "activedefrag",
)  # fmt: skip
"""Settings that are asked for by name; none can hold a secret. Redis answers to the older names in every version."""
_NEW_NAMES = {
    "min-slaves-to-write": "min-replicas-to-write",
    "min-slaves-max-lag": "min-replicas-max-lag",
    "slave-read-only": "replica-read-only",
    "slave-serve-stale-data": "replica-serve-stale-data",
}
_SLOW_ENTRIES = 20
_SEVERAL_AT_ONCE = 7


async def ask_settings(interview: Interview) -> dict[str, str]:
    """Return the settings by name; stops at the first refusal."""
    pairs: list[Any] = []
    if interview.major >= _SEVERAL_AT_ONCE:
        pairs = await interview.session.ask("CONFIG", "GET", *SETTINGS)
    else:
        for name in SETTINGS:
            pairs += await interview.session.ask("CONFIG", "GET", name)
    found = _pairs(pairs)
    return {_NEW_NAMES.get(name, name): value for name, value in found.items() if isinstance(value, str)}


async def ask_slow_log(interview: Interview) -> list[dict[str, Any]]:
    """Return the newest entries of the slow log, the command's name in place of its arguments."""
    reply = await interview.session.ask("SLOWLOG", "GET", _SLOW_ENTRIES)
    entries = reply if isinstance(reply, list) else []
    return [slow_entry(entry) for entry in entries if isinstance(entry, list) and len(entry) >= 4]


async def ask_latency(interview: Interview) -> list[dict[str, Any]]:
    """Return the events of the latency monitor."""
    reply = await interview.session.ask("LATENCY", "LATEST")
    entries = [entry for entry in reply if isinstance(entry, list) and len(entry) >= 4]
    return [{"event": item[0], "at": item[1], "latest_ms": item[2], "worst_ms": item[3]} for item in entries]


async def ask_memory(interview: Interview) -> dict[str, Any]:
    """Return the numbers of MEMORY STATS."""
    found = _pairs(await interview.session.ask("MEMORY", "STATS"))
    return {name: _number(value) for name, value in found.items() if _number(value) is not None}


async def ask_doctor(interview: Interview) -> str:
    """Return what MEMORY DOCTOR says."""
    return str(await interview.session.ask("MEMORY", "DOCTOR"))[:2_000]


async def ask_clients(interview: Interview) -> dict[str, Any]:
    """Return the list of clients in numbers."""
    return summary_of(str(await interview.session.ask("CLIENT", "LIST")))


async def ask_cluster(interview: Interview) -> dict[str, str]:
    """Return the fields of CLUSTER INFO."""
    lines = str(await interview.session.ask("CLUSTER", "INFO")).splitlines()[:100]
    return {name: value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


async def ask_keys(interview: Interview) -> dict[str, Any]:
    """Return a sample of the keys of the database that the address names."""
    if interview.database:
        await interview.session.ask("SELECT", interview.database)
    return await sample_keys(interview.session, interview.database)


QUESTIONS: tuple[tuple[str, str, Callable[[Interview], Awaitable[Any]]], ...] = (
    ("config", "CONFIG GET", ask_settings),
    ("slowlog", "SLOWLOG GET 20", ask_slow_log),
    ("latency", "LATENCY LATEST", ask_latency),
    ("memory_stats", "MEMORY STATS", ask_memory),
    ("memory_doctor", "MEMORY DOCTOR", ask_doctor),
    ("clients", "CLIENT LIST", ask_clients),
    ("cluster", "CLUSTER INFO", ask_cluster),
    ("keys", "SCAN, TTL, DBSIZE", ask_keys),
)
"""Name of the answer, what is asked, and who asks it; after INFO, in this order."""


def _pairs(reply: Any) -> dict[str, Any]:
    items = reply if isinstance(reply, list) else []
    return {name: value for name, value in zip(items[::2], items[1::2], strict=False) if isinstance(name, str)}


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if isinstance(value, str) and len(value) <= 30 else None
    except ValueError:
        return None
