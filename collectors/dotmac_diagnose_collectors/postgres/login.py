"""The login probe: one login as an ordinary client makes it, then one SELECT.

A refused login is an answer like any other: what the refusal means is read from its text later.
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

LOGIN_SQL = """
SELECT current_setting('server_version_num')::int AS version_number,
  (SELECT jsonb_object_agg(name, setting) FROM pg_settings WHERE name IN ('default_transaction_read_only',
    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')) AS settings
"""
CONNECT_SECONDS = 1.5


async def probe_login(
    address: Address, seconds: float, *, statement: str = LOGIN_SQL, simple: bool = False
) -> dict[str, Any]:
    """Log in and read what a new session tells: four settings that the role gets.

    Args:
        address: where and as whom.
        seconds: longest wait.
        statement: gives one row, which becomes part of the answer.
        simple: speak the simple query protocol.

    Returns:
        ``ok`` and, without it, ``message``, ``sqlstate`` and ``reached`` (a TCP connection came about).
    """
    from psycopg import Error

    started = time.monotonic()
    found: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "role": address.user,
        "database": address.database,
        "ok": False,
    }
    try:
        async with open_session(address.login(seconds), seconds, simple=simple) as session:
            found["encrypted"] = session.encrypted
            rows = await session.rows(statement)
            found |= {"ok": True, "reached": True, **(rows[0] if rows else {})}
    except (Error, NoAnswer) as error:
        found |= {"message": reason_of(error), "sqlstate": getattr(error, "sqlstate", None)}
        found["reached"] = await _reaches(address)
    found["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
    return found


async def _reaches(address: Address) -> bool | None:
    """Tell whether anything takes a TCP connection there; None for a Unix socket."""
    if address.host.startswith(("/", "@")):
        return None
    host = address.parameters.get("hostaddr") or address.host
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, address.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
