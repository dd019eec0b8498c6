"""One session with a server: every wait has an end, also when the server has stopped answering."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from psycopg import AsyncConnection

T = TypeVar("T")
Rows = list[dict[str, Any]]
MARK = "/* diagnose */"
"""Stands in every statement behind its first word, so that the collector can leave its own out of what it sees."""


class NoAnswer(Exception):
    """The server did not answer in time."""


class Session:
    """A connection in autocommit that reads rows as plain JSON values.

    Args:
        connection: open; closed by :func:`open_session`.
        seconds: longest wait for one answer.
    """

    def __init__(self, connection: AsyncConnection[dict[str, Any]], seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.statements = 0

    @property
    def usable(self) -> bool:
        """Whether more can be asked."""
        return not self._connection.closed and not self._connection.broken

    @property
    def encrypted(self) -> bool:
        """Whether TLS is in use."""
        return bool(self._connection.pgconn.ssl_in_use)

    async def rows(self, statement: str) -> Rows:
        """Run one statement that has no parameters.

        Raises:
            NoAnswer: nothing came in time; the session is broken then.
            psycopg.Error: the server refused, or went away.
        """
        self.statements += 1
        return await self._within(self._fetch(statement))

    async def _fetch(self, statement: str) -> Rows:
        cursor = await self._connection.execute(_marked(statement).encode())
        return [{name: _plain(value) for name, value in row.items()} for row in await cursor.fetchall()]

    async def _within(self, work: Coroutine[Any, Any, T]) -> T:
        # A cancelled query of psycopg waits for the server once more. A closed socket ends it at once.
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._seconds)
        except asyncio.CancelledError:
            self._hang_up(task)
            raise
        if not done:
            self._hang_up(task)
            await asyncio.wait({task}, timeout=1.0)
            raise NoAnswer(f"no answer within {self._seconds:g} s")
        return task.result()

    def _hang_up(self, task: asyncio.Future[Any]) -> None:
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        with suppress(Exception):
            copy = socket.socket(fileno=os.dup(self._connection.pgconn.socket))
            with copy:
                copy.shutdown(socket.SHUT_RDWR)


@asynccontextmanager
async def open_session(parameters: dict[str, Any], seconds: float, *, simple: bool = False) -> AsyncIterator[Session]:
    """Log in.

    Args:
        parameters: libpq settings.
        seconds: longest wait for the login and for each answer.
        simple: speak the simple query protocol, as the console of PgBouncer wants it.

    Raises:
        NoAnswer: nothing came in time.
        psycopg.Error: the login failed.
    """
    from psycopg import AsyncClientCursor, AsyncConnection, AsyncCursor
    from psycopg.rows import dict_row

    cursor = AsyncClientCursor if simple else AsyncCursor
    try:
        async with asyncio.timeout(seconds):
            connection: AsyncConnection[Any] = await AsyncConnection.connect(
                autocommit=True, prepare_threshold=None, cursor_factory=cursor, **parameters
            )
    except TimeoutError:
        raise NoAnswer(f"no answer within {seconds:g} s") from None
    connection.row_factory = dict_row
    _read_any_encoding(connection)
    try:
        yield Session(connection, seconds)
    finally:
        connection.pgconn.finish()


def _read_any_encoding(connection: AsyncConnection[Any]) -> None:
    """A database of encoding SQL_ASCII may send bytes that are no UTF-8."""
    from psycopg.adapt import Buffer, Loader

    class TolerantText(Loader):
        def load(self, data: Buffer) -> str:
            return bytes(data).decode("utf-8", "replace")

    for name in ("text", "name", "varchar", "bpchar", "unknown", '"char"'):
        with suppress(KeyError):
            connection.adapters.register_loader(name, TolerantText)


def _marked(statement: str) -> str:
    """Put the mark behind the first word: what stands before it is dropped by version 18."""
    return re.sub(r"SELECT|WITH", lambda word: f"{word[0]} {MARK}", statement.strip(), count=1)


def _plain(value: Any) -> Any:
    """Return a JSON value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
