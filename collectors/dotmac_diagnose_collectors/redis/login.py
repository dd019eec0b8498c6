"""The first contact: one connection as an ordinary client makes it, then PING.

A refusal is an answer like any other: what it means is read from its text later.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .failure import reason_of
from .session import NoAnswer, open_session

if TYPE_CHECKING:
    from .address import Address

CONNECT_SECONDS = 1.5
_GREETING_SECONDS = 0.3


async def probe_login(address: Address, seconds: float) -> dict[str, Any]:
    """Connect, authenticate and PING.

    Args:
        address: where and as whom.
        seconds: longest wait.

    Returns:
        ``ok`` and, without it, ``message`` and ``reached`` (a TCP connection came about).
    """
    from redis.exceptions import RedisError

    started = time.monotonic()
    found: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "database": address.database,
        "encrypted": address.encrypted,
        "ok": False,
    }
    try:
        async with open_session(address, seconds) as session:
            found["reached"] = True
            await session.ask("PING")
            found["ok"] = True
    except (RedisError, NoAnswer, OSError, ValueError, RecursionError) as error:
        reached, greeting = await _greeting(address)
        found |= {"message": greeting or reason_of(error), "reached": reached}
    found["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
    return found


async def _greeting(address: Address) -> tuple[bool | None, str | None]:
    """Tell whether anything takes a TCP connection there, and what it says unasked.

    A full or protected Redis says why and hangs up at once; a client that sends first may lose that text.
    """
    if address.is_socket:
        return None, None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(address.host, address.port, limit=1024)
    except (OSError, TimeoutError, ValueError):
        return False, None
    said = b""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_GREETING_SECONDS):
            said = await reader.read(400)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    line = said.decode("utf-8", "replace").splitlines()[0] if said.startswith(b"-") else ""
    return True, line[1:300] or None
