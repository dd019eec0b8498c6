"""Asks PostgreSQL servers what they know about themselves: reads only, waits for nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Status

from .address import Address, addresses_of
from .failure import reason_of, status_of
from .interview import Interview
from .login import probe_login
from .permissions import permissions_of
from .session import NoAnswer, open_session

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.base import CollectorContext, Permission

DEFAULT_PORT = 5432


class PostgresCollector:
    """PostgreSQL 12 to 18, one session per server.

    Load on the server: about 45 statements in the first look and 10 in the second, none of which
    waits for a lock on a user's relation; see ``benchmarks/postgres_load.py``.
    """

    id = "postgres"
    provides = ("postgres",)

    async def collect(self, context: CollectorContext) -> AsyncIterator[ServerAnswer]:
        """Yield the answers of every server that is named, as they come.

        Raises:
            NotApplicable: no server is named.
            Unavailable: no connection string can be used.
        """
        addresses = _addresses(context)
        seen: set[str] = set()
        for address in addresses:
            server = address.entity("postgres")
            context.note(f"PostgreSQL {address.host}:{address.port}")
            async for answer in _one_server(address, server, context, first=server not in seen):
                yield answer
            seen.add(server)

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        """Tell what the roles may see; raises as :meth:`collect` does."""
        found: list[Permission] = []
        for address in _addresses(context):
            found += await permissions_of(address, context.probe_seconds)
        return tuple(found)


def _addresses(context: CollectorContext) -> list[Address]:
    return addresses_of(context.targets.postgres, "--postgres", DEFAULT_PORT)


async def _one_server(
    address: Address, server: str, context: CollectorContext, *, first: bool
) -> AsyncIterator[ServerAnswer]:
    """Probe the login, then ask; a second connection string of the same server asks about its database only."""
    from psycopg import Error

    login = await probe_login(address, context.probe_seconds)
    suffix = "" if first else f"@{address.database}"
    yield ServerAnswer(
        server=server,
        question=f"login{suffix}",
        data=login,
        asked_at=datetime.now(UTC),
        milliseconds=round(login["milliseconds"]),
        source="login",
    )
    if not login["ok"]:
        return
    try:
        async with open_session(address.session(context.probe_seconds), context.probe_seconds) as session:
            interview = Interview(server, session, context, whole_server=first, suffix=suffix)
            async for answer in interview.answers():
                yield answer
    except (Error, NoAnswer) as error:
        status = Status.UNSUPPORTED if "startup parameter" in str(error) else status_of(error)
        yield ServerAnswer(
            server=server,
            question=f"server{suffix}",
            status=status.value,
            reason=reason_of(error),
            asked_at=datetime.now(UTC),
            source="login",
        )
