"""Facts of what happens in a Redis server."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.extract.kubernetes.json_access import boolean, count, integer, mapping, text
from dotmac_diagnose.extract.rows import percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.redis.activity import (
    Activity,
    ClientGroup,
    ClientList,
    Clients,
    ErrorCount,
    KeyDatabase,
    LatencyEvent,
    SlowCommand,
)

from .answers import RedisAnswers
from .info import databases, error_counts, whole

Values = Iterator[FactValues | None]

_LINEAR = frozenset(
    {
        "DEL", "EVAL", "EVALSHA", "EXEC", "FCALL", "FLUSHALL", "FLUSHDB", "HGETALL", "HKEYS", "HVALS", "KEYS", "LRANGE",
        "LREM", "LINSERT", "MGET", "PFCOUNT", "PFMERGE", "SDIFF", "SDIFFSTORE", "SINTER", "SINTERSTORE", "SMEMBERS",
        "SORT", "SORT_RO", "SUNION", "SUNIONSTORE", "ZDIFF", "ZINTER", "ZINTERSTORE", "ZRANGE", "ZRANGEBYLEX",
        "ZRANGEBYSCORE", "ZREVRANGE", "ZREVRANGEBYSCORE", "ZUNION", "ZUNIONSTORE", "GETRANGE", "SETRANGE", "BITCOUNT",
        "BITOP", "BITPOS", "RESTORE", "DUMP", "MIGRATE", "XRANGE", "XREVRANGE", "GEORADIUS", "GEOSEARCH", "FT.SEARCH",
    }
)  # fmt: skip


def read_clients(answers: RedisAnswers) -> Values:
    """Yield the connections against their limit."""
    info = answers.info
    connected = whole(info, "connected_clients")
    if connected is None:
        return
    limit = whole(info, "maxclients") or answers.number("maxclients")
    # Connections between the nodes of a cluster count against the limit too.
    taken = connected + (whole(info, "cluster_connections") or 0)
    yield Clients(
        connected=connected,
        limit=limit,
        used_percent=percent(taken, limit),
        blocked=whole(info, "blocked_clients"),
        recent_rejected=answers.grown("rejected_connections"),
        recent_buffer_disconnections=answers.grown("client_output_buffer_limit_disconnections"),
    )


def read_client_list(answers: RedisAnswers) -> Values:
    """Yield what the list of clients shows, and its largest groups."""
    row = mapping(answers.data("clients"))
    total = integer(row.get("clients"))
    yield values_of(ClientList, row)
    groups = row.get("groups")
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict):
            share = percent(integer(group.get("connections")), total)
            yield values_of(ClientGroup, group, percent_of_all=share)


def read_activity(answers: RedisAnswers) -> Values:
    """Yield hits, misses, evictions and errors, in all and between the looks."""
    info = answers.info
    hits, misses = whole(info, "keyspace_hits"), whole(info, "keyspace_misses")
    if hits is None or misses is None:
        return
    seconds = _seconds(answers)
    recent_hits, recent_misses = answers.grown("keyspace_hits"), answers.grown("keyspace_misses")
    reads = None if recent_hits is None or recent_misses is None else recent_hits + recent_misses
    yield Activity(
        seconds=seconds,
        operations_per_second=whole(info, "instantaneous_ops_per_sec"),
        hits=hits,
        misses=misses,
        hit_percent=percent(hits, hits + misses),
        recent_hits=recent_hits,
        recent_misses=recent_misses,
        recent_hit_percent=percent(recent_hits, reads),
        reads_per_second=round(reads / seconds, 1) if reads is not None and seconds else None,
        evicted=whole(info, "evicted_keys"),
        recent_evicted=answers.grown("evicted_keys"),
        recent_expired=answers.grown("expired_keys"),
        errors=whole(info, "total_error_replies"),
    )


def _seconds(answers: RedisAnswers) -> float | None:
    before = answers.info_before
    then = whole(before, "server_time_usec") if before is not None else None
    now = whole(answers.info, "server_time_usec")
    return None if then is None or now is None or now <= then else round((now - then) / 1_000_000, 3)


def read_errors(answers: RedisAnswers) -> Values:
    """Yield the error replies by class."""
    before = error_counts(answers.info_before) if answers.info_before is not None else None
    for error, number in sorted(error_counts(answers.info).items()):
        recent = None if before is None else max(0, number - before.get(error, 0))
        yield ErrorCount(error=error, count=number, recent=recent)


def read_slow_commands(answers: RedisAnswers) -> Values:
    """Yield the entries of the slow log."""
    for row in answers.rows("slowlog"):
        command, microseconds = text(row.get("command"), 60), count(row.get("microseconds"))
        if command is None or microseconds is None:
            yield None
            continue
        yield SlowCommand(
            command=command.upper(),
            milliseconds=round(microseconds / 1000, 1),
            age_seconds=answers.age(count(row.get("at"))),
            arguments=count(row.get("arguments")),
            linear=command.upper().partition(" ")[0] in _LINEAR,
            client=text(row.get("client"), 100),
            own=boolean(row.get("own")) or False,
        )


def read_latency(answers: RedisAnswers) -> Values:
    """Yield the stalls that the latency monitor saw."""
    for row in answers.rows("latency"):
        event, latest, worst = text(row.get("event"), 60), count(row.get("latest_ms")), count(row.get("worst_ms"))
        if event is None or latest is None or worst is None:
            yield None
            continue
        age = answers.age(count(row.get("at")))
        yield LatencyEvent(event=event, latest_milliseconds=latest, worst_milliseconds=worst, age_seconds=age)


def read_databases(answers: RedisAnswers) -> Values:
    """Yield the databases with keys."""
    for database, parts in databases(answers.info):
        keys, expiring = count(parts.get("keys")), count(parts.get("expires"))
        if keys is None or expiring is None:
            yield None
            continue
        average = count(parts.get("avg_ttl"))
        yield KeyDatabase(
            database=database,
            keys=keys,
            keys_with_expiry=expiring,
            without_expiry_percent=percent(keys - expiring, keys),
            average_expiry_seconds=None if not average else round(average / 1000, 1),
        )
