"""Fact kinds of a Redis server as a whole: login, version, memory, persistence, replication, cluster, settings.

Every fact is about one server, ``redis/<instance>``. Ages are seconds on the server's own clock. A field
that is None was not seen: this version does not have it, or the user may not read it. What is called
``recent`` happened between the two looks of one run and is None when there was one.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues


class Login(FactValues):
    """One connection as an ordinary client makes it, followed by PING."""

    kind: ClassVar[str] = "redis.login"
    outcome: str = Field(
        description="ok, refused, timeout, silent (connected, no answer), unresolved, unreachable, closed, "
        "password_required, password_rejected, command_denied, tls_rejected, protected_mode, client_limit, loading, "
        "busy (a script runs), misconf, master_down, cluster_down, other"
    )
    message: str | None = Field(default=None, description="first line of the error, at most 300 characters, no secret")
    answered: bool = Field(description="a Redis process answered, with success or an error of its own")
    host: str
    port: int
    user: str | None = Field(default=None, description="None: the default user")
    database: int | None = None
    milliseconds: float | None = Field(default=None, description="from the start of the connect to the answer")
    encrypted: bool | None = Field(default=None, description="TLS is in use")


class Server(FactValues):
    """One server that let us in."""

    kind: ClassVar[str] = "redis.server"
    version: str = Field(description="for example 7.0.15")
    major: int
    mode: str | None = Field(default=None, description="standalone, cluster or sentinel")
    role: str | None = Field(default=None, description="master or slave, as Redis says")
    uptime_seconds: int | None = None
    configuration_file: bool | None = Field(default=None, description="started with a file, so CONFIG REWRITE works")
    keys: int | None = Field(default=None, description="of all databases")
    keys_with_expiry: int | None = None


class Memory(FactValues):
    """Memory of the server against its limit."""

    kind: ClassVar[str] = "redis.memory"
    used_bytes: int = Field(description="used_memory")
    resident_bytes: int | None = Field(default=None, description="used_memory_rss")
    peak_bytes: int | None = None
    dataset_bytes: int | None = None
    limit_bytes: int = Field(description="maxmemory; 0: none")
    used_percent: float | None = Field(default=None, description="of maxmemory, what eviction does not count left out")
    at_limit: bool | None = Field(default=None, description="99 % of maxmemory or more")
    policy: str | None = Field(default=None, description="maxmemory-policy")
    evicts: bool | None = Field(
        default=None, description="the policy finds keys: not noeviction, and not volatile-* without a key with TTL"
    )
    resident_ratio: float | None = Field(default=None, description="resident over used memory")
    growth_bytes: int | None = Field(default=None, description="of used memory between the looks; below 0: shrinks")
    host_bytes: int | None = Field(default=None, description="memory of the machine")
    roomy_limit_bytes: int = Field(description="1.5 times the used memory, in whole MiB: a limit with room")


class MemoryReport(FactValues):
    """What MEMORY STATS and MEMORY DOCTOR say."""

    kind: ClassVar[str] = "redis.memory_report"
    normal_clients_bytes: int | None = None
    replicas_bytes: int | None = None
    append_only_buffer_bytes: int | None = None
    overhead_bytes: int | None = None
    dataset_bytes: int | None = None
    bytes_per_key: int | None = None
    allocator_fragmentation_ratio: float | None = None
    allocator_fragmentation_bytes: int | None = None
    advice: str | None = Field(default=None, description="first 300 characters of MEMORY DOCTOR")


class Persistence(FactValues):
    """Saving and loading."""

    kind: ClassVar[str] = "redis.persistence"
    loading: bool
    loading_percent: float | None = None
    loading_left_seconds: int | None = Field(default=None, description="as Redis estimates")
    save_failed: bool | None = Field(default=None, description="rdb_last_bgsave_status is not ok")
    stops_writes: bool | None = Field(
        default=None, description="stop-writes-on-bgsave-error with save points: a failed save refuses writes"
    )
    save_running: bool | None = None
    changes_since_save: int | None = None
    last_save_seconds: int | None = Field(default=None, description="since the last good save, or since the start")
    append_only: bool | None = None
    append_failed: bool | None = Field(default=None, description="aof_last_write_status is not ok")
    rewrite_failed: bool | None = Field(default=None, description="aof_last_bgrewrite_status is not ok")
    fsync_policy: str | None = Field(default=None, description="appendfsync")
    delayed_fsyncs: int | None = Field(default=None, description="since the start; None without append-only file")
    recent_delayed_fsyncs: int | None = None
    fork_milliseconds: float | None = Field(default=None, description="the latest fork")


class Replication(FactValues):
    """Role and links."""

    kind: ClassVar[str] = "redis.replication"
    role: str = Field(description="master or slave")
    master_host: str | None = None
    master_port: int | None = None
    link_up: bool | None = Field(default=None, description="of a replica to its master")
    link_down_seconds: int | None = Field(default=None, description="-1: never was up")
    syncing: bool | None = Field(default=None, description="a full copy of the master runs")
    read_only: bool | None = Field(default=None, description="of a replica")
    replicas: int | None = Field(default=None, description="connected to this server")
    good_replicas: int | None = Field(default=None, description="with a lag below min-replicas-max-lag")
    minimum_replicas: int | None = Field(default=None, description="min-replicas-to-write; 0: none needed")
    too_few_replicas: bool | None = Field(default=None, description="fewer good ones than needed: writes are refused")
    replication_id: str | None = Field(default=None, description="of the history that this server writes or follows")
    former_replication_id: str | None = Field(default=None, description="of the master that it followed before")


class Cluster(FactValues):
    """Redis Cluster as this node sees it."""

    kind: ClassVar[str] = "redis.cluster"
    enabled: bool
    state: str | None = Field(default=None, description="ok or fail")
    slots_assigned: int | None = Field(default=None, description="of 16384")
    slots_failed: int | None = None
    slots_unserved: int | None = Field(default=None, description="not assigned or failed")
    nodes: int | None = None
    full_coverage_needed: bool | None = Field(default=None, description="cluster-require-full-coverage")


class Setting(FactValues):
    """One setting that matters for a diagnosis."""

    kind: ClassVar[str] = "redis.setting"
    name: str
    value: str = Field(description="at most 300 characters; empty where Redis has an empty text")
    number: float | None = Field(default=None, description="value when it is a number")


SERVER_KINDS: tuple[type[FactValues], ...] = (
    Login,
    Server,
    Memory,
    MemoryReport,
    Persistence,
    Replication,
    Cluster,
    Setting,
)
