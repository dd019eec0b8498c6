"""Fact kinds of what a PostgreSQL server stores: tables, indexes, sequences, vacuum, counters.

Sizes of relations come from the planner's page counts, which are read without a lock on the
relation, so that the look works while tables are locked.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues


class Table(FactValues):
    """One of the largest, most read, most changed or most bloated tables of the connected database."""

    kind: ClassVar[str] = "postgres.table"
    database: str
    schema_name: str
    table: str
    size_bytes: int = Field(description="main part as of the last VACUUM or ANALYZE")
    live_rows: int
    dead_rows: int
    dead_percent: float = Field(description="dead rows over live and dead rows")
    vacuum_trigger_rows: float = Field(description="dead rows that call autovacuum, with the table's own options")
    dead_over_trigger: float = Field(description="dead rows over vacuum_trigger_rows")
    autovacuum_enabled: bool = Field(description="neither the server nor the table switches it off")
    autovacuum_off_for_table: bool = Field(description="reloptions hold autovacuum_enabled=false")
    last_autovacuum_seconds: float | None = Field(default=None, description="None: never since the statistics' start")
    last_vacuum_seconds: float | None = Field(default=None, description="by hand or by autovacuum, whichever is newer")
    last_analyze_seconds: float | None = None
    vacuum_running: bool | None = None
    modified_rows: int = Field(description="since the last ANALYZE")
    modified_percent: float = Field(description="of the live rows")
    analyze_trigger_rows: float
    modified_over_trigger: float
    sequential_scans: int
    sequential_rows: int
    rows_per_sequential_scan: float
    index_scans: int
    dead_rows_growth: int | None = Field(default=None, description="between the two looks")
    recent_sequential_scans: int | None = Field(default=None, description="between the two looks")
    recent_sequential_rows: int | None = Field(default=None, description="between the two looks")
    hot_update_percent: float | None = Field(default=None, description="of the updates; None without updates")
    bloat_bytes_estimate: int | None = Field(
        default=None, description="from column widths; None without statistics that the role may read"
    )
    bloat_percent_estimate: float | None = None
    statistics_age_seconds: float | None = Field(default=None, description="since the counters were reset")


class Index(FactValues):
    """One index that is invalid, a copy or prefix of another, or large and never used."""

    kind: ClassVar[str] = "postgres.index"
    database: str
    schema_name: str
    table: str
    index: str
    size_bytes: int
    valid: bool
    building: bool = Field(description="a CREATE INDEX or REINDEX of it goes on")
    unique: bool
    constraint: bool = Field(description="primary key, unique or exclusion constraint needs it")
    scans: int
    duplicate_of: str | None = Field(default=None, description="index with the same definition")
    prefix_of: str | None = Field(default=None, description="index that begins with all its columns")
    statistics_age_seconds: float | None = Field(default=None, description="since the counters were reset")


class ForeignKey(FactValues):
    """One foreign key without an index on its own side, or that was never validated."""

    kind: ClassVar[str] = "postgres.foreign_key"
    database: str
    schema_name: str
    table: str
    constraint: str
    columns: str = Field(description="comma separated")
    referenced_table: str
    indexed: bool = Field(description="an index starts with these columns")
    validated: bool
    table_bytes: int
    rows_estimate: int


class Sequence(FactValues):
    """One sequence, measured against its own maximum and the type of its column."""

    kind: ClassVar[str] = "postgres.sequence"
    database: str
    schema_name: str
    sequence: str
    table: str | None = None
    column: str | None = None
    column_type: str | None = Field(default=None, description="smallint, integer or bigint")
    last_value: int
    limit: int = Field(description="the smaller of the sequence's maximum and that of the column type")
    used_percent: float
    cycles: bool


class DatabaseActivity(FactValues):
    """Counters of one database, in all and between the two looks."""

    kind: ClassVar[str] = "postgres.database_activity"
    database: str
    statistics_age_seconds: float | None = None
    seconds: float | None = Field(default=None, description="between the two looks; None: there was one look")
    checksum_failures: int | None = Field(default=None, description="None: checksums are off")
    last_checksum_failure_seconds: float | None = None
    deadlocks: int
    commits: int
    rollbacks: int
    temporary_bytes: int
    cache_hit_percent: float | None = None
    recent_deadlocks: int | None = None
    recent_commits: int | None = None
    recent_rollbacks: int | None = None
    recent_rollback_percent: float | None = None
    recent_temporary_bytes: int | None = None
    temporary_bytes_per_second: float | None = None
    recent_cache_hit_percent: float | None = None
    killed_sessions: int | None = Field(default=None, description="sessions ended by an administrator (14 and newer)")
    abandoned_sessions: int | None = Field(default=None, description="sessions whose client vanished (14 and newer)")


class Autovacuum(FactValues):
    """What the autovacuum workers do."""

    kind: ClassVar[str] = "postgres.autovacuum"
    enabled: bool = Field(description="autovacuum and track_counts are on")
    workers: int = Field(description="running in the newest look")
    workers_before: int | None = Field(default=None, description="in the first look")
    max_workers: int
    all_workers_busy: bool = Field(description="workers equal max_workers in every look")
    workers_in_delay: int = Field(description="that stand in VacuumDelay in the newest look")
    workers_in_delay_before: int | None = None
    cost_delay_ms: float
    cost_limit: int
    tables_over_trigger: int | None = Field(
        default=None, description="of the connected database, with autovacuum on, above their own trigger, not in work"
    )


class Vacuum(FactValues):
    """One VACUUM that runs."""

    kind: ClassVar[str] = "postgres.vacuum"
    pid: int
    database: str | None = None
    relation: str | None = Field(default=None, description="schema.table when it is of the connected database")
    automatic: bool
    against_wraparound: bool
    phase: str
    running_seconds: float | None = None
    scanned_percent: float | None = None
    index_passes: int
    in_delay: bool = Field(description="stands in VacuumDelay in every look")


class Wal(FactValues):
    """The write-ahead log directory."""

    kind: ClassVar[str] = "postgres.wal"
    directory_bytes: int
    segments: int
    max_wal_size_bytes: int
    kept_bytes: int = Field(description="wal_keep_size or wal_keep_segments")
    percent_of_max: float = Field(description="directory over the larger of max_wal_size and kept bytes")
    growth_bytes: int | None = Field(default=None, description="of the directory between the two looks")
    written_bytes_per_second: float | None = Field(default=None, description="WAL written between the two looks")
    slot_retained_bytes: int | None = Field(default=None, description="by the oldest replication slot; 0: no slot")


class Archiver(FactValues):
    """WAL archiving."""

    kind: ClassVar[str] = "postgres.archiver"
    enabled: bool = Field(description="archive_mode is on or always")
    configured: bool | None = Field(default=None, description="archive_command or archive_library is set")
    archived: int
    failed: int
    recent_failed: int | None = Field(default=None, description="failures between the two looks")
    last_archived_seconds: float | None = None
    last_failed_seconds: float | None = None
    last_failed_segment: str | None = None
    failing: bool = Field(description="the last failure is newer than the last success")
    waiting_segments: int | None = Field(default=None, description="segments that wait to be archived")


class Checkpoints(FactValues):
    """Checkpoints by cause."""

    kind: ClassVar[str] = "postgres.checkpoints"
    timed: int
    requested: int
    requested_percent: float | None = Field(default=None, description="since the counters were reset")
    recent_timed: int | None = Field(default=None, description="between the two looks")
    recent_requested: int | None = Field(default=None, description="between the two looks")
    per_hour: float | None = Field(default=None, description="since the counters were reset")
    statistics_age_seconds: float | None = None
    timeout_seconds: int
    max_wal_size_bytes: int


STORAGE_KINDS: tuple[type[FactValues], ...] = (
    Table,
    Index,
    ForeignKey,
    Sequence,
    DatabaseActivity,
    Autovacuum,
    Vacuum,
    Wal,
    Archiver,
    Checkpoints,
)
