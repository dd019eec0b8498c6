"""What the user of an address may ask, and the ACL line that grants the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose_collectors.base import Permission

from .failure import reason_of, status_of
from .session import NoAnswer, Session, open_session

if TYPE_CHECKING:
    from .address import Address

_CHECKS: tuple[tuple[str, tuple[str | int, ...], str], ...] = (
    ("PING", ("PING",), "+ping"),
    ("memory, clients, persistence, replication, errors", ("INFO", "server"), "+info"),
    ("settings", ("CONFIG", "GET", "maxmemory"), "+config|get"),
    ("slow commands", ("SLOWLOG", "GET", 0), "+slowlog|get"),
    ("latency events", ("LATENCY", "LATEST"), "+latency|latest"),
    ("memory by use", ("MEMORY", "STATS"), "+memory|stats +memory|doctor"),
    ("list of clients", ("CLIENT", "LIST"), "+client|list +client|setname"),
    ("state of the cluster", ("CLUSTER", "INFO"), "+cluster|info"),
    ("number of keys", ("DBSIZE",), "+dbsize"),
    ("sample of keys", ("SCAN", "0", "COUNT", 1), "+scan +ttl +select ~*"),
    ("keys without expiry", ("TTL", "diagnose"), "+ttl ~*"),
)


async def permissions_of(address: Address, seconds: float) -> list[Permission]:
    """Ask one server.

    Args:
        address: where and as whom.
        seconds: longest wait for each answer.

    Returns:
        One entry per thing that is read; a server that lets nobody in gives one entry that says so.
    """
    from redis.exceptions import RedisError

    try:
        async with open_session(address, seconds) as session:
            return [await _checked(session, address, *check) for check in _CHECKS]
    except (RedisError, NoAnswer, OSError, ValueError) as error:
        return [Permission(f"login (redis {address.place})", held=False, reason=reason_of(error))]


async def _checked(
    session: Session, address: Address, what: str, command: tuple[str | int, ...], rules: str
) -> Permission:
    from redis.exceptions import ResponseError

    name = f"{what} (redis {address.place})"
    try:
        await session.ask(*command)
    except ResponseError as error:
        if status_of(error) == "denied":
            return Permission(name, held=False, grant=_grant(address.user, rules), reason=reason_of(error))
        if "cluster support disabled" not in str(error):
            return Permission(name, held=None, reason=reason_of(error))
    return Permission(name, held=True)


def _grant(user: str | None, rules: str) -> str:
    """Return the command for an administrator; rules that a user has already do no harm."""
    name = user or "default"
    quoted = "'" + name.replace("'", "'\\''") + "'"
    words = " ".join(f"'{rule}'" if set(rule) & set("|~*") else rule for rule in rules.split(" "))
    return f"redis-cli ACL SETUSER {name if name.replace('_', '').isalnum() else quoted} {words}"
