"""Asks the admin console of PgBouncer: SHOW commands only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Status

from .postgres.address import Address, addresses_of
from .postgres.failure import reason_of, status_of
from .postgres.login import probe_login
from .postgres.session import NoAnswer, Session, open_session

if TYPE_CHECKING:
    from .base import CollectorContext, Permission

DEFAULT_PORT = 6432
_ROWS = 500
_CONFIGURATION = frozenset(
    {
        "auth_type", "auth_user", "default_pool_size", "max_client_conn", "max_db_connections",
        "max_prepared_statements", "max_user_connections", "min_pool_size", "pool_mode", "query_timeout",
        "query_wait_timeout", "reserve_pool_size", "reserve_pool_timeout", "server_connect_timeout",
        "server_idle_timeout", "server_login_retry", "server_reset_query",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    statement: str
    twice: bool = False


_COMMANDS = (
    _Command("pools", "SHOW POOLS", twice=True),
    _Command("lists", "SHOW LISTS"),
    _Command("databases", "SHOW DATABASES"),
    _Command("configuration", "SHOW CONFIG"),
    _Command("servers", "SHOW SERVERS"),
)


class PgBouncerCollector:
    """The admin console of PgBouncer; the user must be one of ``stats_users`` or ``admin_users``.

    Load: one connection, six SHOW commands, one of them again after the sample.
    """

    id = "pgbouncer"
    provides = ("pgbouncer",)

    async def collect(self, context: CollectorContext) -> AsyncIterator[ServerAnswer]:
        """Yield the answers of every PgBouncer that is named, as they come.

        Raises:
            NotApplicable: none is named.
            Unavailable: a connection string cannot be used.
        """
        for address in _addresses(context):
            context.note(f"PgBouncer {address.host}:{address.port}")
            async for answer in _one_server(address, context):
                yield answer

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        """Tell whether the console lets the users in; raises as :meth:`collect` does."""
        from .base import Permission

        found: list[Permission] = []
        for address in _addresses(context):
            login = await _login(address, context)
            reason = None if login["ok"] else str(login.get("message"))
            hint = f"add {address.user} to stats_users in pgbouncer.ini, then RELOAD" if not login["ok"] else None
            what = f"console (pgbouncer {address.host}:{address.port})"
            found.append(Permission(what, held=bool(login["ok"]), grant=hint, reason=reason))
        return tuple(found)


def _addresses(context: CollectorContext) -> list[Address]:
    return addresses_of(context.targets.pgbouncer, "--pgbouncer", DEFAULT_PORT, database="pgbouncer")


async def _login(address: Address, context: CollectorContext) -> dict[str, Any]:
    return await probe_login(address, context.probe_seconds, statement="SHOW VERSION", simple=True)


async def _one_server(address: Address, context: CollectorContext) -> AsyncIterator[ServerAnswer]:
    from psycopg import Error

    server = address.entity("pgbouncer")
    login = await _login(address, context)
    yield ServerAnswer(server, "login", login, asked_at=datetime.now(UTC), source="SHOW VERSION")
    if not login["ok"]:
        return
    seconds = context.probe_seconds
    try:
        async with open_session(address.login(seconds), seconds, simple=True) as session:
            for command in _COMMANDS:
                yield await _ask(session, server, command, 0)
            if context.sample_seconds <= 0 or context.remaining() < context.sample_seconds + seconds:
                return
            await asyncio.sleep(context.sample_seconds)
            for command in _COMMANDS:
                if command.twice:
                    yield await _ask(session, server, command, 1)
    except (Error, NoAnswer) as error:
        yield _answer(server, _COMMANDS[0], 0, status=status_of(error), reason=reason_of(error))


async def _ask(session: Session, server: str, command: _Command, sample: int) -> ServerAnswer:
    from psycopg import Error

    if not session.usable:
        reason = "the session with the console has ended"
        return _answer(server, command, sample, status=Status.UNREACHABLE, reason=reason)
    started = time.monotonic()
    try:
        rows = await session.rows(command.statement)
    except (Error, NoAnswer, UnicodeError) as error:
        return _answer(server, command, sample, status=status_of(error), reason=reason_of(error))
    if command.name == "configuration":
        rows = [{"key": row.get("key"), "value": row.get("value")} for row in rows if row.get("key") in _CONFIGURATION]
    elapsed = round((time.monotonic() - started) * 1000)
    return _answer(server, command, sample, data=rows[:_ROWS], milliseconds=elapsed)


def _answer(
    server: str,
    command: _Command,
    sample: int,
    *,
    data: list[dict[str, Any]] | None = None,
    status: Status = Status.OK,
    reason: str | None = None,
    milliseconds: int = 0,
) -> ServerAnswer:
    return ServerAnswer(
        server=server,
        question=command.name,
        data=data,
        status=status.value,
        reason=reason,
        asked_at=datetime.now(UTC),
        sample=sample,
        milliseconds=milliseconds,
        source=command.statement,
    )
