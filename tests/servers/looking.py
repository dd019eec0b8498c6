"""Looks at servers as a live run does: collect, then extract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from dotmac_diagnose.bundle import capture
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import FactBase, Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import Collector, CollectorContext
from dotmac_diagnose_collectors.postgres import PostgresCollector
from dotmac_diagnose_collectors.redis import RedisCollector


def collect(
    collector: Collector, targets: Targets, *, sample: float = 0.0, probe: float = 4.0, seconds: float = 30.0
) -> list[ServerAnswer]:
    """Return the answers of one collector."""
    context = CollectorContext(targets, probe_seconds=probe, sample_seconds=sample, deadline=time.monotonic() + seconds)

    async def run() -> list[Any]:
        return [answer async for answer in collector.collect(context)]

    return asyncio.run(run())


def look_at_postgres(*dsns: str, sample: float = 0.0, probe: float = 4.0) -> FactBase:
    """Return what a live run would know about PostgreSQL servers."""
    return facts_of(collect(PostgresCollector(), Targets(postgres=list(dsns)), sample=sample, probe=probe))


def look_at_redis(*urls: str, sample: float = 0.0, probe: float = 4.0) -> FactBase:
    """Return what a live run would know about Redis servers."""
    return facts_of(collect(RedisCollector(), Targets(redis=list(urls)), sample=sample, probe=probe))


def facts_of(answers: Sequence[ServerAnswer]) -> FactBase:
    """Redact and extract answers, as a live bundle does."""
    return capture(list(answers), []).base


def shown(base: FactBase, kind: str) -> list[Any]:
    """Return the values of the facts of a kind."""
    return [fact.values for fact in base.of_kind(kind) if fact.values is not None]


def the(base: FactBase, kind: str, **fields: object) -> Any:
    """Return the one fact of a kind with these field values."""
    found = [
        values for values in shown(base, kind) if all(getattr(values, key) == value for key, value in fields.items())
    ]
    assert len(found) == 1, (kind, fields, shown(base, kind), base.of_kind(kind))
    return found[0]


def statuses(base: FactBase, kind: str) -> set[Status]:
    """Return how the looks for a kind ended."""
    return {fact.status for fact in base.of_kind(kind)}
