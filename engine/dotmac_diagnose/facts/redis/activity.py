"""Fact kinds of what happens in a Redis server: clients, commands, errors, slow commands, keys.

As in :mod:`.server`: ``recent`` is what happened between two looks, without what this program asked.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues


class Clients(FactValues):
    """Client connections of the whole server."""

    kind: ClassVar[str] = "redis.clients"
    connected: int
    limit: int | None = Field(default=None, description="maxclients")
    used_percent: float | None = None
    blocked: int | None = Field(default=None, description="wait in a blocking command")
    recent_rejected: int | None = Field(default=None, description="connections that maxclients refused")
    recent_buffer_disconnections: int | None = Field(
        default=None, description="clients that were cut off for a full output buffer"
    )


class ClientList(FactValues):
    """What the list of clients shows beside their number."""

    kind: ClassVar[str] = "redis.client_list"
    clients: int
    blocked_on_queues: int = Field(description="in BLPOP, BRPOP, XREAD and the like: consumers by design")
    blocked_elsewhere: int = Field(description="blocked for 5 s or more in another command")
    blocked_command: str | None = Field(default=None, description="of one that is blocked elsewhere")
    subscribers: int
    monitors: int = Field(description="clients in MONITOR: each command is copied to them")
    largest_output_bytes: int = Field(description="output buffer of one client, replicas left out")
    largest_output_client: str | None = Field(default=None, description="its name, else its address without port")


class ClientGroup(FactValues):
    """Clients with one name, or from one address; the largest groups."""

    kind: ClassVar[str] = "redis.client_group"
    grouped_by: str = Field(description="name or address")
    value: str
    connections: int
    percent_of_all: float
    idle: int = Field(description="idle for a minute or more")
    longest_idle_seconds: int
    last_command: str | None = Field(default=None, description="the most frequent one")


class Activity(FactValues):
    """Counters of the whole server."""

    kind: ClassVar[str] = "redis.activity"
    seconds: float | None = Field(default=None, description="between the looks")
    operations_per_second: int | None = None
    hits: int | None = None
    misses: int | None = None
    hit_percent: float | None = Field(default=None, description="since the start")
    recent_hits: int | None = None
    recent_misses: int | None = None
    recent_hit_percent: float | None = None
    reads_per_second: float | None = Field(default=None, description="lookups between the looks")
    evicted: int | None = Field(default=None, description="since the start")
    recent_evicted: int | None = None
    recent_expired: int | None = Field(default=None, description="keys that ended by their TTL: no evictions")
    errors: int | None = Field(default=None, description="error replies since the start")


class ErrorCount(FactValues):
    """Error replies of one class."""

    kind: ClassVar[str] = "redis.error"
    error: str = Field(description="first word of the reply: OOM, MISCONF, NOAUTH, NOPERM, READONLY, ERR …")
    count: int = Field(description="since the start or the last CONFIG RESETSTAT")
    recent: int | None = None


class SlowCommand(FactValues):
    """One entry of the slow log; arguments are never kept."""

    kind: ClassVar[str] = "redis.slow_command"
    command: str = Field(description="in capitals, with its subcommand")
    milliseconds: float
    age_seconds: float | None = None
    arguments: int | None = Field(default=None, description="number of arguments")
    linear: bool = Field(description="its work grows with the number of keys, or of members of one key")
    client: str | None = Field(default=None, description="name, else address without port")
    own: bool = Field(description="of this program")


class LatencyEvent(FactValues):
    """One kind of stall that the latency monitor saw; not known while latency-monitor-threshold is 0."""

    kind: ClassVar[str] = "redis.latency_event"
    event: str = Field(description="command, fork, aof-fsync-always, expire-cycle …")
    latest_milliseconds: int
    worst_milliseconds: int
    age_seconds: float | None = Field(default=None, description="of the latest")


class KeyDatabase(FactValues):
    """One numbered database with keys."""

    kind: ClassVar[str] = "redis.database"
    database: int
    keys: int
    keys_with_expiry: int
    without_expiry_percent: float | None = None
    average_expiry_seconds: float | None = None


class KeySample(FactValues):
    """At most 2,000 keys of one database that SCAN gave."""

    kind: ClassVar[str] = "redis.key_sample"
    database: int
    keys: int = Field(description="in the sample")
    database_keys: int | None = None
    without_expiry: int
    without_expiry_percent: float | None = None
    perishable: int = Field(description="keys whose prefix names a session, a cache entry, a token or a rate limit")
    perishable_without_expiry_percent: float | None = Field(default=None, description="of these")
    sessions: int = Field(description="keys whose prefix names a session or token")
    cache_entries: int = Field(description="keys whose prefix names a cache")
    perishable_prefix: str | None = Field(default=None, description="of the most perishable keys without TTL")
    memory_used_percent: float | None = Field(default=None, description="as redis.memory")
    memory_growth_bytes: int | None = Field(default=None, description="as redis.memory")
    policy: str | None = Field(default=None, description="as redis.memory")
    evicts: bool | None = Field(default=None, description="as redis.memory")
    recent_evicted: int | None = Field(default=None, description="as redis.activity")


class KeyPrefix(FactValues):
    """Keys of the sample with one prefix: what stands before the first colon."""

    kind: ClassVar[str] = "redis.key_prefix"
    database: int
    prefix: str = Field(description="*: keys without a readable prefix")
    keys: int
    percent: float
    without_expiry: int


ACTIVITY_KINDS: tuple[type[FactValues], ...] = (
    Clients,
    ClientList,
    ClientGroup,
    Activity,
    ErrorCount,
    SlowCommand,
    LatencyEvent,
    KeyDatabase,
    KeySample,
    KeyPrefix,
)
