"""Asks one server all questions, one after the other on one connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.redis.info import parse_info
from dotmac_diagnose.extract.redis.slow_log import OWN_NAME
from dotmac_diagnose.facts import Status

from .failure import reason_of, status_of
from .questions import QUESTIONS
from .session import NoAnswer, Session

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.base import CollectorContext

_ROUND_SECONDS = 0.5


@dataclass(slots=True)
class Interview:
    """The questions on one connection.

    Args:
        server: entity id.
        session: open.
        context: seconds of the sample and of the run.
        database: number of the database whose keys are sampled.
        major: version, 0 before it is known.
    """

    server: str
    session: Session
    context: CollectorContext
    database: int = 0
    major: int = 0

    async def answers(self) -> AsyncIterator[ServerAnswer]:
        """Yield the answers; what follows a lost connection is unreachable."""
        from redis.exceptions import ResponseError

        # Without leave for it the collector is one client among the others.
        with suppress(ResponseError):
            await self.session.ask("CLIENT", "SETNAME", OWN_NAME)
        first = await self._ask("info", "INFO all", 0)
        yield first
        info = parse_info(first.data)
        version = info.get("redis_version", "").partition(".")[0]
        self.major = int(version) if version.isascii() and version.isdigit() and len(version) < 4 else 0
        for name, source, _ in QUESTIONS:
            if name == "cluster" and info.get("cluster_enabled") != "1":
                continue
            yield await self._ask(name, source, 0)
        wait = self.context.sample_seconds
        if wait <= 0 or self.context.remaining() < wait + _ROUND_SECONDS or first.status != Status.OK:
            return
        yield await self._ask("info", "INFO all", 1)
        await asyncio.sleep(wait)
        yield await self._ask("info", "INFO all", 2)

    async def _ask(self, name: str, source: str, sample: int) -> ServerAnswer:
        from redis.exceptions import RedisError

        started = time.monotonic()
        data, status, reason = None, Status.OK, None
        if not self.session.usable:
            status, reason = Status.UNREACHABLE, "the connection with the server has ended"
        else:
            try:
                data = await self._answer(name)
            except (RedisError, NoAnswer, OSError, ValueError, TypeError, RecursionError) as error:
                status, reason = status_of(error), reason_of(error)
        return ServerAnswer(
            server=self.server,
            question=name,
            data=data,
            status=status.value,
            reason=reason,
            asked_at=datetime.now(UTC),
            sample=sample,
            milliseconds=round((time.monotonic() - started) * 1000),
            source=source,
        )

    async def _answer(self, name: str) -> Any:
        if name == "info":
            return str(await self.session.ask("INFO", "all"))
        return await next(ask for question, _, ask in QUESTIONS if question == name)(self)
