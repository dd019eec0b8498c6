"""A bounded sample of keys by SCAN: prefixes and whether they have a TTL, never names or values."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .session import Session

MOST_KEYS = 2_000
BATCH = 100
_MOST_ROUNDS = 60
_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,39}):")
_NO_EXPIRY, _GONE = -1, -2
_MOST_PREFIXES = 20


async def sample_keys(session: Session, database: int) -> dict[str, Any]:
    """Return the sample of the selected database.

    Load: at most 60 SCAN of 100 keys and one TTL for each of 2,000 keys, in batches of one round trip.

    Raises:
        NoAnswer, redis.RedisError: as :meth:`Session.ask`.
    """
    total = await session.ask("DBSIZE")
    keys: Counter[str] = Counter()
    lasting: Counter[str] = Counter()
    cursor = "0"
    for _ in range(_MOST_ROUNDS):
        reply = await session.ask("SCAN", cursor, "COUNT", BATCH)
        cursor, batch = _batch(reply)
        batch = batch[: MOST_KEYS - keys.total()]
        for key, left in zip(batch, await session.ask_many([("TTL", key) for key in batch]), strict=True):
            if left == _GONE:
                continue
            prefix = _prefix_of(key)
            keys[prefix] += 1
            lasting[prefix] += left == _NO_EXPIRY
        if cursor == "0" or keys.total() >= MOST_KEYS:
            break
    return {
        "database": database,
        "database_keys": total if isinstance(total, int) else None,
        "keys": keys.total(),
        "prefixes": [
            {"prefix": prefix, "keys": number, "without_expiry": lasting[prefix]}
            for prefix, number in sorted(keys.items(), key=lambda item: (-item[1], item[0]))[:_MOST_PREFIXES]
        ],
    }


def _batch(reply: Any) -> tuple[str, list[str]]:
    if isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], list):
        return str(reply[0]), [key for key in reply[1] if isinstance(key, str)]
    return "0", []


def _prefix_of(key: str) -> str:
    match = _PREFIX.match(key)
    return match[1] if match is not None else "*"
