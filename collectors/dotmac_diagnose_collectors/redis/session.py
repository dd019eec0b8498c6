"""One connection to a server: every wait has an end, also when the server has stopped answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    from .address import Address

_CLOSE_SECONDS = 0.5
Reply = Any
"""Text, whole number, None, or a list of them."""


class NoAnswer(Exception):
    """The server did not answer in time."""


class Session:
    """A connection on which one command waits for one reply.

    Args:
        connection: open; closed by :func:`open_session`.
        seconds: longest wait for one reply.
        encrypted: TLS is in use.
    """

    def __init__(self, connection: AbstractConnection, seconds: float, *, encrypted: bool) -> None:
        self._connection = connection
        self._seconds = seconds
        self.encrypted = encrypted
        self.usable = True

    async def ask(self, *command: str | int) -> Reply:
        """Send one command and return the reply.

        Raises:
            NoAnswer: nothing came in time; the session is of no use then.
            redis.RedisError: the server refused, or went away.
        """
        return (await self.ask_many([command]))[0]

    async def ask_many(self, commands: list[tuple[str | int, ...]]) -> list[Reply]:
        """Send commands at once and return their replies; raises as :meth:`ask` does, at the first refusal."""
        from redis.exceptions import ResponseError

        refused: ResponseError | None = None
        replies: list[Reply] = []
        try:
            async with asyncio.timeout(self._seconds):
                for command in commands:
                    await self._connection.send_command(*command)
                for _ in commands:
                    try:
                        replies.append(_plain(await self._connection.read_response()))
                    except ResponseError as error:
                        refused = refused or error
        except TimeoutError:
            self.usable = False
            raise NoAnswer(f"no answer within {self._seconds:g} s") from None
        except BaseException:
            self.usable = False
            raise
        if refused is not None:
            raise refused
        return replies


@asynccontextmanager
async def open_session(address: Address, seconds: float) -> AsyncIterator[Session]:
    """Connect and authenticate.

    Args:
        address: where and as whom.
        seconds: longest wait for that, and for each reply.

    Raises:
        NoAnswer: nothing came in time.
        redis.RedisError: the connection or the password was refused.
    """
    connection = _connection(address, seconds)
    try:
        try:
            async with asyncio.timeout(seconds):
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py gives it no types
        except TimeoutError:
            raise NoAnswer(f"no answer within {seconds:g} s") from None
        yield Session(connection, seconds, encrypted=address.encrypted)
    finally:
        await _close(connection)


async def _close(connection: AbstractConnection) -> None:
    """Close the connection; with TLS that takes a word of the other side, which may never come."""
    from redis.exceptions import RedisError

    with suppress(OSError, TimeoutError, RedisError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.disconnect()


def _connection(address: Address, seconds: float) -> AbstractConnection:
    """Return a connection that is not open, which tells the server nothing about this program."""
    import inspect

    from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    known = inspect.signature(AbstractConnection.__init__).parameters
    silent = {"driver_info": None} if "driver_info" in known else {"lib_name": None, "lib_version": None}
    shared: dict[str, Any] = {
        "username": address.user,
        "password": address.password,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "encoding_errors": "replace",
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        **silent,
    }
    if address.is_socket:
        return UnixDomainSocketConnection(path=address.host, **shared)
    if address.encrypted:
        return SSLConnection(host=address.host, port=address.port, **address.tls, **shared)
    return Connection(host=address.host, port=address.port, **shared)


def _plain(value: object) -> Reply:
    """Return a JSON value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return [_plain(item) for pair in value.items() for item in pair]
    # An error inside a list of replies.
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
