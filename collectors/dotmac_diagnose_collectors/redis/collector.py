"""Asks Redis servers what they know about themselves: reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import NotApplicable, Unavailable
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.redis.login import outcome_of, status_after

from .address import Address, AddressError, parse_address
from .failure import reason_of, status_of
from .interview import Interview
from .login import probe_login
from .permissions import permissions_of
from .session import NoAnswer, open_session

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.base import CollectorContext, Permission


class RedisCollector:
    """Redis 6 and newer, two connections per server: one that tries PING, one that asks.

    Load on the server: INFO three times, seven questions of constant cost, CLIENT LIST, and at most 60 SCAN
    of 100 keys with a TTL for each of at most 2,000 keys. Never KEYS, MONITOR or a write.
    """

    id = "redis"
    provides = ("redis",)

    async def collect(self, context: CollectorContext) -> AsyncIterator[ServerAnswer]:
        """Yield the answers of every server that is named, as they come.

        Raises:
            NotApplicable: no server is named.
            Unavailable: an address cannot be used.
        """
        seen: set[str] = set()
        for address in _addresses(context.targets.redis):
            if address.entity in seen:
                continue
            seen.add(address.entity)
            context.note(f"Redis {address.place}")
            if address.password is not None:
                context.conceal(address.password)
            async for answer in _one_server(address, context):
                yield answer

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        """Tell what the users may ask; raises as :meth:`collect` does."""
        found: list[Permission] = []
        for address in _addresses(context.targets.redis):
            found += await permissions_of(address, context.probe_seconds)
        return tuple(found)


def _addresses(texts: object) -> list[Address]:
    named = [text for text in texts if isinstance(text, str)] if isinstance(texts, list | tuple) else []
    if not named:
        raise NotApplicable("no Redis server is named", hint="Name one with --redis.")
    found: list[Address] = []
    for number, text in enumerate(named, start=1):
        try:
            found.append(parse_address(text))
        except AddressError as error:
            raise Unavailable(f"address {number} of --redis: {error}") from None
    return found


async def _one_server(address: Address, context: CollectorContext) -> AsyncIterator[ServerAnswer]:
    """Try PING, then ask, where Redis still answers questions."""
    from redis.exceptions import RedisError

    login = await probe_login(address, context.probe_seconds)
    yield ServerAnswer(
        server=address.entity,
        question="login",
        data=login,
        asked_at=datetime.now(UTC),
        milliseconds=round(login["milliseconds"]),
        source="PING",
    )
    if status_after(outcome_of(login)) is not None:
        return
    try:
        async with open_session(address, context.probe_seconds) as session:
            async for answer in Interview(address.entity, session, context, address.database).answers():
                yield answer
    except (RedisError, NoAnswer, OSError, ValueError) as error:
        yield ServerAnswer(
            server=address.entity,
            question="info",
            status=status_of(error).value,
            reason=reason_of(error),
            asked_at=datetime.now(UTC),
            source="INFO all",
        )
