"""Fact kinds of PostgreSQL replication, as the primary and as the standby sees it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues


class ReplicationSlot(FactValues):
    """One replication slot."""

    kind: ClassVar[str] = "postgres.replication_slot"
    slot: str
    slot_type: str = Field(description="physical or logical")
    database: str | None = None
    active: bool
    active_pid: int | None = None
    consumer: str | None = Field(default=None, description="application name of the connected consumer")
    consumer_address: str | None = None
    retained_bytes: int | None = Field(default=None, description="WAL from restart_lsn to now; None: it holds none")
    wal_status: str | None = Field(default=None, description="reserved, extended, unreserved, lost (13 and newer)")
    safe_wal_bytes: int | None = Field(default=None, description="that may be written before it is lost")
    inactive_seconds: float | None = Field(default=None, description="17 and newer")
    xmin_age: int | None = Field(default=None, description="transactions; the older of xmin and catalog_xmin")
    invalidation_reason: str | None = Field(default=None, description="17 and newer")
    temporary: bool


class Standby(FactValues):
    """One connected standby, as its primary sees it."""

    kind: ClassVar[str] = "postgres.standby"
    pid: int
    application: str
    client_address: str | None = None
    state: str | None = Field(default=None, description="startup, catchup, streaming, backup, stopping")
    sync_state: str | None = Field(default=None, description="async, potential, sync, quorum")
    send_lag_bytes: int | None = Field(default=None, description="WAL not yet sent")
    replay_lag_bytes: int | None = Field(default=None, description="WAL not yet replayed")
    flush_lag_bytes: int | None = None
    replay_lag_seconds: float | None = Field(default=None, description="None: none measured lately")
    connected_seconds: float | None = None


class SynchronousReplication(FactValues):
    """Whether commits wait for standbys, and whether such standbys are there."""

    kind: ClassVar[str] = "postgres.synchronous_replication"
    names: str | None = Field(default=None, description="synchronous_standby_names; None: not set")
    configured: bool = Field(description="synchronous_standby_names is set and synchronous_commit waits for it")
    standbys: int = Field(description="connected standbys, backups not counted")
    synchronous_standbys: int = Field(description="of these: sync or quorum")
    waiting_sessions: int = Field(description="on SyncRep, in the newest look")
    waiting_sessions_before: int | None = None
    longest_wait_seconds: float | None = None


class Recovery(FactValues):
    """A standby, as it sees itself. On a primary ``in_recovery`` is false and the rest None."""

    kind: ClassVar[str] = "postgres.recovery"
    in_recovery: bool
    receiver: str | None = Field(default=None, description="status of the WAL receiver; None: none runs")
    primary: str | None = Field(default=None, description="host:port of the sender, configured or connected")
    replay_paused: bool | None = None
    waiting_bytes: int | None = Field(default=None, description="received and not yet replayed")
    current: bool | None = Field(default=None, description="all that was received is replayed")
    last_replay_seconds: float | None = Field(
        default=None, description="age of the newest replayed transaction; grows on a quiet primary without lag"
    )
    replay_progress_bytes: int | None = Field(default=None, description="replayed between the two looks")
    receive_progress_bytes: int | None = Field(default=None, description="received between the two looks")
    longest_query_seconds: float | None = Field(default=None, description="of the active sessions on the standby")
    replay_wait_event: str | None = Field(default=None, description="of the startup process")
    max_standby_streaming_delay_ms: int | None = Field(default=None, description="-1: waits for ever")
    hot_standby_feedback: bool | None = None


class RecoveryConflicts(FactValues):
    """Queries of one database that the standby cancelled because they stood against replay."""

    kind: ClassVar[str] = "postgres.recovery_conflicts"
    database: str
    total: int
    lock: int
    snapshot: int
    buffer_pin: int
    deadlock: int
    tablespace: int
    recent: int | None = Field(default=None, description="between the two looks")


REPLICATION_KINDS: tuple[type[FactValues], ...] = (
    ReplicationSlot,
    Standby,
    SynchronousReplication,
    Recovery,
    RecoveryConflicts,
)
