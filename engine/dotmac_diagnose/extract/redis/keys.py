"""Facts of a sample of keys: how many live for ever, by prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dotmac_diagnose.extract.kubernetes.json_access import count, mapping, mappings, text
from dotmac_diagnose.extract.rows import Row, percent
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.redis.activity import KeyPrefix, KeySample

from .answers import RedisAnswers
from .server import memory_of

_SESSION = re.compile(r"sess|token|login|refresh", re.IGNORECASE)
_CACHE = re.compile(r"cache|memo", re.IGNORECASE)
_LIMIT = re.compile(r"rate|throttle|otp|lock|nonce|captcha", re.IGNORECASE)
_MOST_PREFIXES = 20


def read_keys(answers: RedisAnswers) -> Iterator[FactValues | None]:
    """Yield the sample and its prefixes."""
    data = mapping(answers.data("keys"))
    rows = [row for row in mappings(data.get("prefixes")) if text(row.get("prefix")) is not None]
    database, keys = count(data.get("database")), count(data.get("keys"))
    if database is None or keys is None:
        yield None
        return
    yield _sample(answers, data, rows, database, keys)
    for row in rows[:_MOST_PREFIXES]:
        here = _keys(row)
        yield KeyPrefix(
            database=database,
            prefix=_prefix(row),
            keys=here,
            percent=percent(here, keys) or 0.0,
            without_expiry=_lasting(row),
        )


def _sample(answers: RedisAnswers, data: Mapping[str, object], rows: list[Row], database: int, keys: int) -> KeySample:
    perishable = [row for row in rows if _is_perishable(_prefix(row))]
    lasting = sum(map(_lasting, rows))
    worst = max(perishable, key=lambda row: (_lasting(row), _prefix(row)), default=None)
    memory = memory_of(answers)
    return KeySample(
        database=database,
        keys=keys,
        database_keys=count(data.get("database_keys")),
        without_expiry=lasting,
        without_expiry_percent=percent(lasting, keys),
        perishable=sum(map(_keys, perishable)),
        perishable_without_expiry_percent=percent(sum(map(_lasting, perishable)), sum(map(_keys, perishable)))
        if perishable
        else 0.0,
        sessions=sum(_keys(row) for row in rows if _SESSION.search(_prefix(row))),
        cache_entries=sum(_keys(row) for row in rows if _CACHE.search(_prefix(row))),
        perishable_prefix=_prefix(worst) if worst is not None and _lasting(worst) else None,
        memory_used_percent=memory.used_percent if memory is not None else None,
        memory_growth_bytes=memory.growth_bytes if memory is not None else None,
        policy=memory.policy if memory is not None else None,
        evicts=memory.evicts if memory is not None else None,
        recent_evicted=answers.grown("evicted_keys"),
    )


def _is_perishable(prefix: str) -> bool:
    return any(pattern.search(prefix) is not None for pattern in (_SESSION, _CACHE, _LIMIT))


def _prefix(row: Row) -> str:
    return text(row.get("prefix"), 40) or "*"


def _keys(row: Row) -> int:
    return count(row.get("keys")) or 0


def _lasting(row: Row) -> int:
    return min(_keys(row), count(row.get("without_expiry")) or 0)
