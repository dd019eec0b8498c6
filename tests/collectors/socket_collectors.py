"""Collectors that talk to a real TCP server, one well and one blocking, and one with permissions."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread

from collectors.misbehaving import Made, answer
from dotmac_diagnose.errors import Denied, Unavailable
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Relation
from dotmac_diagnose_collectors.base import Collected, CollectorContext, Permission


def _place(context: CollectorContext) -> tuple[str, int]:
    host, _, port = context.targets.redis[0].rpartition("/")[2].rpartition(":")
    return host.rpartition("@")[2], int(port)


async def reads_lines(context: CollectorContext) -> AsyncIterator[Any]:
    """Read to the end of a reply, in async, without a limit of its own."""
    host, port = _place(context)
    context.note(f"connecting to {host}")
    try:
        stream = await anyio.connect_tcp(host, port)
    except OSError as error:
        raise Unavailable("connection refused", where=f"{host}:{port}") from error
    async with stream:
        yield ServerAnswer("redis/cache", "connected", True, asked_at=datetime.now(UTC), source="TCP")
        seen = b""
        while not seen.endswith(b"\r\n"):
            seen += await stream.receive()
        yield ServerAnswer("redis/cache", "reply", seen.decode(), asked_at=datetime.now(UTC))


async def blocks(context: CollectorContext) -> AsyncIterator[Any]:
    """The same with a blocking socket in a worker thread that cannot be ended."""
    yield ServerAnswer("redis/cache", "connecting", True, asked_at=datetime.now(UTC))

    def read() -> bytes:
        with socket.create_connection(_place(context)) as client:
            return client.makefile("rb").readline()

    text = await anyio.to_thread.run_sync(read)
    yield ServerAnswer("redis/cache", "reply", text.decode(), asked_at=datetime.now(UTC))


def async_reader() -> Made:
    return Made(reads_lines, "redis")


def blocking_reader() -> Made:
    return Made(blocks, "redis")


def stuck_in_executor() -> Made:
    import asyncio
    import time

    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        yield answer(1)
        await asyncio.to_thread(time.sleep, 3600)

    return Made(body, "redis")


class Open:
    """Says what it was told, leaks a password, and holds one of three permissions."""

    id = "postgres"
    provides = ("postgres",)

    async def collect(self, context: CollectorContext) -> AsyncIterator[Collected]:
        (dsn,) = context.targets.postgres
        yield ServerAnswer("made/db", "login", {"dsn": dsn, "echo": dsn.split(":")[2].split("@")[0]},
                           asked_at=datetime(2026, 11, 24, 11, 0, tzinfo=UTC))  # fmt: skip
        yield ServerAnswer("made/db", "locks", status="denied", reason=f"denied for {dsn}")
        yield Relation("connects_to", "deployment/shop/api", "made/db")

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        return (
            Permission("settings (postgres db)", held=True),
            Permission("statements of others (postgres db)", held=False, grant='GRANT pg_monitor TO "app";'),
            Permission(
                "file settings (postgres db)", held=None, reason=f"asked {len(context.targets.postgres)} servers"
            ),
        )


class Closed:
    """Refuses everything."""

    id = "redis"
    provides = ("redis",)

    async def collect(self, context: CollectorContext) -> AsyncIterator[Collected]:
        if context.targets:
            raise Denied("NOAUTH Authentication required", where="cache:6379")
        yield Relation("a", "b", "c")

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        raise Denied("NOAUTH Authentication required", where=f"{len(context.targets.redis)} servers")
