"""Collectors that do what collectors must not do, and a few that behave."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose_collectors.base import Collected, CollectorContext, Permission

ASKED = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
Body = Callable[[CollectorContext], AsyncIterator[Any]]


def answer(number: int = 0, **more: Any) -> ServerAnswer:
    return ServerAnswer("postgres/db", f"question_{number}", [{"n": number}], asked_at=ASKED, **more)


class Made:
    """A collector with a given body."""

    provides = ("postgres",)

    def __init__(self, body: Body, name: str = "made") -> None:
        self.id = name
        self._body = body

    def collect(self, context: CollectorContext) -> AsyncIterator[Collected]:
        return self._body(context)

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        return (Permission("everything", held=bool(context.targets)),)


async def behaves(context: CollectorContext) -> AsyncIterator[Any]:
    context.note("asking")
    yield answer(1)
    await anyio.sleep(0.01)
    yield answer(2)


async def hangs_in_async(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    await anyio.sleep(3600)


async def hangs_in_its_thread(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    time.sleep(3600)  # noqa: ASYNC251 -- this is what it does wrong


async def hangs_in_a_worker_thread(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    await anyio.to_thread.run_sync(time.sleep, 3600)


async def ignores_cancellation(context: CollectorContext) -> AsyncIterator[Any]:
    number = 0
    while True:
        try:
            yield answer(number)
            number += 1
            await anyio.sleep(0.05)
        except asyncio.CancelledError:
            continue


async def yields_then_raises(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    raise KeyError("no such column")


async def exits(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    raise SystemExit(7)


class Rude(BaseException):
    def __str__(self) -> str:
        raise ValueError("not even a message")


async def raises_a_base_exception(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    raise Rude


async def cancels_itself(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    raise asyncio.CancelledError


async def interrupts(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    raise KeyboardInterrupt


async def gives_a_million(context: CollectorContext) -> AsyncIterator[Any]:
    for number in range(1_000_000):
        yield answer(number)


async def gives_much(context: CollectorContext) -> AsyncIterator[Any]:
    while True:
        yield ServerAnswer("postgres/db", "q", "x" * 1_000_000)


async def recursive() -> None:
    await recursive()


async def recurses(context: CollectorContext) -> AsyncIterator[Any]:
    yield answer(1)
    await recursive()


async def mutates(context: CollectorContext) -> AsyncIterator[Any]:
    rows: list[Any] = [{"n": 1}]
    yield ServerAnswer("postgres/db", "q", rows)
    rows[0]["n"] = "changed"
    rows.append(rows)
    yield answer(2)


async def fails_while_closing(context: CollectorContext) -> AsyncIterator[Any]:
    try:
        yield answer(1)
        await anyio.sleep(3600)
    finally:
        raise ValueError("cleaning up failed")


async def floods_notes(context: CollectorContext) -> AsyncIterator[Any]:
    for number in range(50_000):
        context.note(f"note {number}\n\x1b[31m" + "x" * 1000)
    yield answer(1)


def leaves_threads_behind(released: threading.Event) -> Body:
    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        yield answer(1)
        await asyncio.to_thread(released.wait, 60)

    return body
