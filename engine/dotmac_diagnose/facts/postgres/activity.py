"""Fact kinds of what goes on in a PostgreSQL server: sessions, locks, waits, horizons, statements."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues

QUERY = "statement without its literals, at most 200 characters"


class Connections(FactValues):
    """Connection slots and what holds them."""

    kind: ClassVar[str] = "postgres.connections"
    max_connections: int
    reserved: int = Field(description="superuser_reserved_connections plus reserved_connections")
    usable: int = Field(description="max_connections minus reserved")
    used: int = Field(description="client backends, the collector's own included")
    free: int = Field(description="usable minus used, at least 0")
    used_percent: float = Field(description="used over usable")
    active: int
    idle: int
    idle_in_transaction: int
    idle_in_transaction_percent: float = Field(description="of used")
    waiting_on_lock: int = Field(description="wait_event_type Lock")
    waiting_on_synchronous_standby: int = Field(description="wait_event SyncRep")
    hidden: int = Field(description="client backends whose state the role may not see")


class ConnectionGroup(FactValues):
    """Client backends of one application with one role and database, or of one address."""

    kind: ClassVar[str] = "postgres.connection_group"
    grouped_by: str = Field(description="application or address")
    application: str | None = None
    role: str | None = None
    database: str | None = None
    client_address: str | None = Field(default=None, description="None: local socket")
    connections: int
    percent_of_used: float
    active: int
    idle: int
    idle_in_transaction: int
    longest_idle_seconds: float | None = None


class Session(FactValues):
    """One session with one of the oldest transactions, or that is idle in transaction."""

    kind: ClassVar[str] = "postgres.session"
    pid: int
    backend_started: str = Field(description="backend_start as text: with pid the key of a session")
    backend_type: str
    role: str | None = None
    application: str | None = None
    database: str | None = None
    client_address: str | None = None
    state: str | None = Field(default=None, description="active, idle in transaction …")
    idle_in_transaction: bool
    transaction_seconds: float
    state_seconds: float | None = None
    query_seconds: float | None = Field(default=None, description="since the last statement began")
    xmin_age: int | None = Field(default=None, description="transactions that its snapshot holds back")
    wait_event_type: str | None = None
    wait_event: str | None = None
    blocked_sessions: int = Field(description="that wait on it, directly or behind others; 0: none")
    query: str | None = Field(default=None, description=QUERY)


class LockRoot(FactValues):
    """One session or prepared transaction that others wait for and that waits for no lock itself."""

    kind: ClassVar[str] = "postgres.lock_root"
    pid: int = Field(description="0: a prepared transaction")
    backend_started: str | None = None
    backend_type: str | None = Field(default=None, description="client backend, autovacuum worker …")
    prepared: bool
    prepared_name: str | None = Field(default=None, description="gid of a prepared transaction")
    state: str | None = None
    active: bool | None = None
    idle_in_transaction: bool | None = None
    role: str | None = None
    application: str | None = None
    database: str | None = None
    client_address: str | None = None
    transaction_seconds: float | None = None
    state_seconds: float | None = None
    blocked_sessions: int
    depth: int = Field(description="longest chain of waiters behind it")
    only_through_ddl: bool = Field(
        default=False,
        description="one session waits for it, for the lock of a DDL statement, and all others wait behind that one",
    )
    longest_wait_seconds: float | None = Field(default=None, description="of the sessions behind it")
    wait_event_type: str | None = None
    wait_event: str | None = None
    query: str | None = Field(default=None, description=QUERY)


class LockWaiter(FactValues):
    """One session that waits for a heavyweight lock."""

    kind: ClassVar[str] = "postgres.lock_waiter"
    pid: int
    blocked_by: str = Field(description="process ids, comma separated; 0 is a prepared transaction")
    mode: str | None = Field(default=None, description="AccessExclusiveLock …")
    lock_type: str | None = Field(default=None, description="relation, transactionid, tuple, advisory …")
    relation: str | None = Field(default=None, description="schema.table when it is of the connected database")
    queue_behind: int = Field(description="sessions that wait on this one, directly or behind others")
    wait_seconds: float | None = Field(default=None, description="14 and newer: of this lock; before: of its statement")
    role: str | None = None
    application: str | None = None
    database: str | None = None
    query: str | None = Field(default=None, description=QUERY)


class Wait(FactValues):
    """Sessions that wait for one event in the first and in the second look."""

    kind: ClassVar[str] = "postgres.wait"
    wait_event_type: str
    wait_event: str
    sessions: int = Field(description="in the newest look")
    sessions_before: int | None = Field(default=None, description="in the first look; None: there was one look")
    at_least: int = Field(description="the smaller of both looks")


class LockManager(FactValues):
    """Pressure on the shared lock table."""

    kind: ClassVar[str] = "postgres.lock_manager"
    waiting_sessions: int = Field(description="on LWLock LockManager, in the newest look")
    waiting_sessions_before: int | None = None
    waiting_on_heavyweight_lock: int
    relation_locks: int
    without_fast_path: int = Field(description="weak relation locks that found no fast-path slot")
    most_relations_of_one_session: int
    fast_path_slots: int = Field(description="per session: 16 up to version 17")


class PreparedTransaction(FactValues):
    """One prepared transaction that waits for COMMIT PREPARED or ROLLBACK PREPARED."""

    kind: ClassVar[str] = "postgres.prepared_transaction"
    name: str = Field(description="gid")
    owner: str
    database: str
    age_seconds: float
    transaction_id_age: int
    locks: int | None = Field(default=None, description="relation locks that it holds")


class XminHolder(FactValues):
    """One thing that keeps vacuum from removing rows that died after it."""

    kind: ClassVar[str] = "postgres.xmin_holder"
    holder: str = Field(
        description="transaction, prepared_transaction, replication_slot, catalog_slot, standby_feedback"
    )
    name: str = Field(description="pid, gid, slot or application of the standby")
    xmin_age: int = Field(description="transactions")
    age_seconds: float | None = Field(default=None, description="of the transaction; None for slots and standbys")
    oldest: bool = Field(description="no other holder is older")
    database: str | None = None


class VacuumHorizon(FactValues):
    """The oldest holder of each sort, and what it means for vacuum."""

    kind: ClassVar[str] = "postgres.vacuum_horizon"
    oldest_holder: str | None = Field(default=None, description="see postgres.xmin_holder; None: nothing holds it")
    oldest_xmin_age: int = Field(description="transactions; 0: nothing holds it")
    oldest_transaction_seconds: float = Field(description="of running and prepared transactions with a snapshot")
    inactive_slot_xmin_age: int
    standby_feedback_xmin_age: int


class Statement(FactValues):
    """One of the statements with the largest share of time, reads or temporary bytes."""

    kind: ClassVar[str] = "postgres.statement"
    database: str
    role: str | None = None
    statement_id: str = Field(description="queryid")
    query: str | None = Field(default=None, description=QUERY)
    calls: int
    total_seconds: float
    share_percent: float = Field(
        description="of the time of all statements of the database since the statistics' start"
    )
    mean_ms: float
    maximum_ms: float
    deviation_ms: float
    rows_per_call: float
    blocks_read: int = Field(description="shared blocks from outside the buffers")
    blocks_per_call: float = Field(description="shared blocks hit or read, per call")
    temporary_bytes: int = Field(description="written to temporary files")
    temporary_share_percent: float = Field(description="of the temporary bytes of all statements of the database")
    recent_calls: int | None = Field(default=None, description="between the two looks")
    recent_seconds: float | None = Field(default=None, description="execution time between the two looks")
    recent_share_percent: float | None = Field(default=None, description="of all statements between the two looks")
    recent_mean_ms: float | None = Field(default=None, description="per call between the two looks")
    recent_blocks_per_call: float | None = Field(default=None, description="between the two looks")
    recent_rows_per_call: float | None = Field(default=None, description="between the two looks")
    timeout_ms: int | None = Field(default=None, description="statement_timeout of its role and database; 0: none")
    percent_of_timeout: float | None = Field(default=None, description="mean plus two deviations over timeout_ms")


class StatementStatistics(FactValues):
    """Whether statements can be seen at all."""

    kind: ClassVar[str] = "postgres.statement_statistics"
    database: str
    installed: bool = Field(description="CREATE EXTENSION pg_stat_statements was run in the connected database")
    preloaded: bool | None = Field(default=None, description="in shared_preload_libraries; None: not readable")
    available: bool | None = Field(default=None, description="the view answered; None: it was not asked")
    entries: int | None = None
    hidden: int | None = Field(default=None, description="entries whose text the role may not see")
    evictions: int | None = Field(default=None, description="pg_stat_statements_info.dealloc (14 and newer)")
    age_seconds: float | None = Field(default=None, description="since the statistics were reset")


ACTIVITY_KINDS: tuple[type[FactValues], ...] = (
    Connections,
    ConnectionGroup,
    Session,
    LockRoot,
    LockWaiter,
    Wait,
    LockManager,
    PreparedTransaction,
    XminHolder,
    VacuumHorizon,
    Statement,
    StatementStatistics,
)
