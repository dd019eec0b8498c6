"""Fact kinds of a PgBouncer, from its admin console. Every fact is about ``pgbouncer/<instance>``."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .fact import FactValues


class PoolerLogin(FactValues):
    """One login to the admin console."""

    kind: ClassVar[str] = "pgbouncer.login"
    outcome: str = Field(description="as postgres.login; client_limit: no more connections allowed")
    message: str | None = Field(default=None, description="first line of the error, at most 300 characters, no secret")
    answered: bool = Field(description="a PgBouncer process answered, with success or an error of its own")
    host: str
    port: int
    milliseconds: float | None = None


class PoolerConfiguration(FactValues):
    """The settings that decide who waits."""

    kind: ClassVar[str] = "pgbouncer.configuration"
    version: str | None = Field(default=None, description="for example 1.21.0")
    major: int | None = None
    minor: int | None = None
    pool_mode: str | None = Field(default=None, description="session, transaction or statement")
    max_client_connections: int | None = None
    default_pool_size: int | None = None
    reserve_pool_size: int | None = None
    max_database_connections: int | None = Field(default=None, description="0: no limit")
    max_prepared_statements: int | None = Field(default=None, description="0 or None: prepared statements unsupported")
    prepared_statements_supported: bool | None = Field(
        default=None, description="session pooling, or max_prepared_statements above 0 (1.21 and newer)"
    )
    query_wait_timeout_seconds: float | None = Field(default=None, description="0: waits for ever")
    authentication: str | None = Field(default=None, description="auth_type")
    authentication_query: bool | None = Field(default=None, description="auth_user is set")


class Pool(FactValues):
    """One pool: one database with one user."""

    kind: ClassVar[str] = "pgbouncer.pool"
    database: str
    user: str
    pool_mode: str | None = None
    clients_active: int
    clients_waiting: int
    clients_waiting_before: int | None = Field(default=None, description="in the first look")
    waiting_in_every_look: bool
    longest_wait_seconds: float
    servers_active: int
    servers_idle: int
    servers_used: int = Field(description="idle and due for a check")
    servers_logging_in: int
    servers: int = Field(description="all server connections of the pool")
    pool_size: int | None = None
    exhausted: bool = Field(description="clients wait, none of its server connections is idle, and the pool is full")
    without_server: bool = Field(description="clients wait and no server connection works for any")


class PoolerClients(FactValues):
    """Client connections of the whole PgBouncer."""

    kind: ClassVar[str] = "pgbouncer.clients"
    used: int
    limit: int | None = Field(default=None, description="max_client_conn")
    used_percent: float | None = None
    logging_in: int
    used_servers: int
    free_servers: int


class PooledDatabase(FactValues):
    """One database entry of PgBouncer."""

    kind: ClassVar[str] = "pgbouncer.database"
    name: str
    host: str | None = Field(default=None, description="None: Unix socket")
    port: int | None = None
    database: str | None = Field(default=None, description="name on the server")
    forced_user: str | None = None
    pool_mode: str | None = None
    pool_size: int | None = None
    connections: int | None = None
    max_connections: int | None = Field(default=None, description="0: no limit")
    paused: bool
    disabled: bool


PGBOUNCER_KINDS: tuple[type[FactValues], ...] = (
    PoolerLogin,
    PoolerConfiguration,
    Pool,
    PoolerClients,
    PooledDatabase,
)
