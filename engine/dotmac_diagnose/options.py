"""What a run may be told, and the clock that measures its stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told. The defaults are those of the command line.

    Args:
        expect: ``incident`` (something is wrong) or ``healthy`` (a routine look): the prior scale.
        min_confidence: from this confidence on a cause is reported.
        source: ``live`` or ``bundle``.
        inputs: what was read, for the report.
        namespaces: scope; empty means all.
        profile: name of the platform profile.
        posture: count weaknesses without present effect.
        rule_engine: ``durable`` or ``python``; None takes durable-rules where it can be imported.
    """

    expect: Literal["incident", "healthy"] = "incident"
    min_confidence: float = 0.5
    source: Literal["live", "bundle"] = "bundle"
    inputs: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    profile: str | None = None
    posture: bool = False
    rule_engine: Literal["durable", "python"] | None = None


@dataclass(slots=True)
class Clock:
    """Milliseconds per stage."""

    spent: dict[str, float] = field(default_factory=dict)

    def measure(self, stage: str, work: Callable[[], T]) -> T:
        """Run a piece of work and add its milliseconds to a stage."""
        started = time.perf_counter()
        try:
            return work()
        finally:
            self.spent[stage] = self.spent.get(stage, 0.0) + (time.perf_counter() - started) * 1000.0
