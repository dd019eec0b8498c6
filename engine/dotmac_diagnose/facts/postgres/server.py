"""Fact kinds of a PostgreSQL server as a whole: login, version, settings, memory, roles, databases.

Every fact is about one server, ``postgres/<instance>``; the database, table or role is a
field. Ages are seconds on the server's own clock at the moment of the answer. A field that is
None was not seen: this version does not have it, or the role may not read it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dotmac_diagnose.facts.fact import FactValues


class Login(FactValues):
    """One login as an ordinary client, followed by one SELECT."""

    kind: ClassVar[str] = "postgres.login"
    outcome: str = Field(
        description="ok, refused, timeout, silent (connected, no answer), unresolved, unreachable, closed, "
        "password_rejected, method_rejected, tls_rejected, role_missing, database_missing, database_closed, "
        "slots_exhausted, role_limit, database_limit, starting, recovering, shutting_down, not_accepting, "
        "pooler_refused, client_limit, other"
    )
    sqlstate: str | None = Field(default=None, description="five characters, when the server answered with an error")
    message: str | None = Field(default=None, description="first line of the error, at most 300 characters, no secret")
    answered: bool = Field(description="a PostgreSQL or pooler process answered, with success or an error of its own")
    host: str
    port: int
    role: str | None = None
    database: str | None = None
    milliseconds: float | None = Field(default=None, description="from the start of the connect to the answer")
    encrypted: bool | None = Field(default=None, description="TLS is in use")


class Server(FactValues):
    """One server that let us in."""

    kind: ClassVar[str] = "postgres.server"
    version: str = Field(description="as server_version tells, for example 15.18")
    major: int
    in_recovery: bool = Field(description="a standby, or a restore that goes on")
    uptime_seconds: float
    configuration_age_seconds: float | None = Field(default=None, description="since the last reload")
    default_transaction_read_only: bool | None = Field(
        default=None, description="new transactions of the login probe's role and database are read-only"
    )
    statement_timeout_ms: int | None = Field(default=None, description="of the login probe's role; 0: none")
    lock_timeout_ms: int | None = Field(default=None, description="of the login probe's role; 0: none")
    idle_in_transaction_timeout_ms: int | None = Field(default=None, description="of the login probe's role; 0: none")
    data_checksums: bool | None = None
    role: str = Field(description="role that the collector uses")
    reads_all_statistics: bool = Field(description="the role is a superuser or has pg_read_all_stats")
    database: str


class Setting(FactValues):
    """One server setting that matters for a diagnosis, or that waits for a restart."""

    kind: ClassVar[str] = "postgres.setting"
    name: str
    value: str = Field(description="in the unit, at most 200 characters")
    number: float | None = Field(default=None, description="value in bytes, milliseconds or plain")
    unit: str | None = Field(default=None, description="unit of value: 8kB, MB, ms, s, min …")
    source: str | None = Field(default=None, description="default, configuration file, command line, client …")
    is_default: bool | None = Field(default=None, description="the value is the built-in one")
    pending_restart: bool


class RoleSetting(FactValues):
    """One setting that ALTER ROLE or ALTER DATABASE gives to new sessions."""

    kind: ClassVar[str] = "postgres.role_setting"
    role: str | None = Field(default=None, description="None: every role")
    database: str | None = Field(default=None, description="None: every database")
    name: str
    value: str


class ConfigurationError(FactValues):
    """One line of the configuration files that the server will not accept."""

    kind: ClassVar[str] = "postgres.configuration_error"
    file: str = Field(description="file name without folder")
    line: int | None = None
    name: str | None = None
    error: str


class Memory(FactValues):
    """Memory that the settings promise."""

    kind: ClassVar[str] = "postgres.memory"
    shared_buffers_bytes: int
    work_mem_bytes: int
    maintenance_work_mem_bytes: int
    hash_multiplier: float = Field(description="hash_mem_multiplier; 1 where the version has none")
    active_sessions: int
    max_connections: int
    active_bytes: int = Field(description="shared_buffers plus work_mem of each active session")
    worst_bytes: int = Field(description="shared_buffers plus work_mem of every connection that is allowed")
    dynamic_shared_memory_type: str = Field(description="posix uses /dev/shm")


class Role(FactValues):
    """One role that may log in, with its own limits."""

    kind: ClassVar[str] = "postgres.role"
    role: str
    connection_limit: int | None = Field(default=None, description="None: no limit of its own")
    connections: int | None = Field(default=None, description="present sessions")
    limit_used_percent: float | None = None
    password_expires_seconds: float | None = Field(default=None, description="negative: expired; None: never")
    superuser: bool | None = None
    bypasses_row_security: bool | None = None


class Database(FactValues):
    """One database of the server."""

    kind: ClassVar[str] = "postgres.database"
    database: str
    accepts_connections: bool | None = None
    connection_limit: int | None = Field(default=None, description="None: no limit of its own")
    connections: int | None = None
    limit_used_percent: float | None = None
    size_bytes: int | None = None


class TransactionIdAge(FactValues):
    """How near one database is to transaction id wraparound. The end is at 2.1e9."""

    kind: ClassVar[str] = "postgres.transaction_id_age"
    database: str
    transaction_id_age: int = Field(description="age(datfrozenxid), in transactions")
    multixact_age: int = Field(description="mxid_age(datminmxid)")
    freeze_max_age: int = Field(description="autovacuum_freeze_max_age")
    multixact_freeze_max_age: int
    percent_of_freeze_max_age: float = Field(description="the larger of both ages over its own setting")
    transactions_left: int = Field(description="2,147,483,647 minus the larger age")


class OldRelation(FactValues):
    """One of the relations of the connected database with the oldest frozen transaction id."""

    kind: ClassVar[str] = "postgres.old_relation"
    database: str
    schema_name: str
    relation: str
    relation_kind: str = Field(description="table, toast or materialized view")
    transaction_id_age: int
    multixact_age: int
    size_bytes: int


class Collation(FactValues):
    """One collation in use whose recorded version differs from that of the operating system."""

    kind: ClassVar[str] = "postgres.collation_changed"
    database: str
    collation: str | None = Field(default=None, description="None: the default collation of the database")
    provider: str
    recorded_version: str
    actual_version: str


class Extension(FactValues):
    """One extension of the connected database."""

    kind: ClassVar[str] = "postgres.extension"
    database: str
    extension: str
    version: str
    default_version: str | None = Field(default=None, description="what the server's files hold")
    outdated: bool | None = None


class RowSecurityGap(FactValues):
    """One table with row security that shows no row to one role that may select from it."""

    kind: ClassVar[str] = "postgres.row_security_gap"
    database: str
    schema_name: str
    table: str
    role: str
    policies: int = Field(description="policies of the table, none of which lets the role read")
    rows_estimate: int = Field(description="rows of the table as the planner estimates them")


class RowSecurity(FactValues):
    """One table with row security."""

    kind: ClassVar[str] = "postgres.row_security"
    database: str
    schema_name: str
    table: str
    forced: bool = Field(description="holds for the owner too")
    policies: int
    owner: str


SERVER_KINDS: tuple[type[FactValues], ...] = (
    Login,
    Server,
    Setting,
    RoleSetting,
    ConfigurationError,
    Memory,
    Role,
    Database,
    TransactionIdAge,
    OldRelation,
    Collation,
    Extension,
    RowSecurityGap,
    RowSecurity,
)
