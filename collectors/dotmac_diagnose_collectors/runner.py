"""Runs collectors at the same time and keeps what each gave, however it ended."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dotmac_diagnose.extract.document import Document
from dotmac_diagnose.facts import Outcome, Relation

from .base import Collected, Collector, CollectorContext
from .intake import Bounds, Full, Intake
from .isolation import GRACE_SECONDS, Isolated, run_isolated
from .outcomes import Ending, one_line, outcome_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all collectors gave.

    Args:
        documents: by collector id, then in the order in which they came.
        relations: sorted.
        outcomes: one per collector, by id.
        lingering: ids of collectors whose threads still live; nothing more is taken of them.
        secrets: credentials that collectors used; they must stay in nothing that is kept.
    """

    documents: tuple[Document, ...]
    relations: tuple[Relation, ...]
    outcomes: tuple[Outcome, ...]
    lingering: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run, for people.

    Args:
        collector: its id.
        state: ``running``, or the word of its outcome.
        text: a few words.
        documents: number of documents so far.
    """

    collector: str
    state: str
    text: str
    documents: int

    def __str__(self) -> str:
        counted = f" ({self.documents} document{'' if self.documents == 1 else 's'})" if self.documents else ""
        return f"{self.collector}: {self.state}{counted}{f': {self.text}' if self.text else ''}"


OnProgress = Callable[[Progress], None]
Result: TypeAlias = tuple[tuple[Document, ...], tuple[Relation, ...], Outcome]


def gather(
    collectors: Sequence[Collector],
    context: CollectorContext,
    *,
    collector_seconds: float | None = None,
    stop: threading.Event | None = None,
    on_progress: OnProgress | None = None,
    bounds: Bounds | None = None,
) -> Gathered:
    """Run all collectors at once; return at the latest shortly after ``context.deadline``.

    Args:
        collectors: with different ids.
        context: what they are told; its ``note`` is replaced.
        collector_seconds: longest time for each; None: the time of the run.
        stop: ends the run early when it is set; what was given is kept.
        on_progress: called in this thread.
        bounds: how much is taken of each.

    Returns:
        What was given, and how each ended. Nothing that a collector does raises here.
    """
    now = time.monotonic()
    until = context.deadline if collector_seconds is None else min(context.deadline, now + collector_seconds)
    runs = [_Run(item, context, until - GRACE_SECONDS, bounds or Bounds()) for item in collectors]
    runs.sort(key=lambda run: run.id)

    def stopped() -> bool:
        return stop is not None and stop.is_set()

    def report() -> None:
        for run in runs:
            if run.task.ended:
                run.result(stopped=stopped())
            if on_progress is not None:
                for step in run.steps():
                    on_progress(step)

    run_isolated([run.task for run in runs], stop=stop, on_poll=report)
    results = [run.result(stopped=stopped()) for run in runs]
    report()
    return Gathered(
        documents=tuple(item for documents, _, _ in results for item in documents),
        relations=tuple(sorted({item for _, relations, _ in results for item in relations})),
        outcomes=tuple(outcome for _, _, outcome in results),
        lingering=tuple(run.id for run in runs if run.task.lingers),
        secrets=frozenset(secret for run in runs for secret in tuple(run.secrets)),
    )


class _Run:
    """One collector on its way."""

    def __init__(self, collector: Collector, context: CollectorContext, until: float, bounds: Bounds) -> None:
        self.id = collector.id
        self._collector = collector
        self.secrets: list[str] = []
        self._context = replace(context, note=self._note, conceal=self.secrets.append)
        self._intake = Intake(bounds)
        self._full = False
        self._text = ""
        self._shown: tuple[str, str] | None = None
        self._result: Result | None = None
        self.task = Isolated(self.id, self._collect, until)

    async def _collect(self) -> None:
        stream = self._collector.collect(self._context)
        if inspect.isawaitable(stream):
            stream = await stream
        try:
            async for item in stream:
                self._intake.take(item)
        except Full:
            self._full = True
        finally:
            await _close(stream)

    def _note(self, text: str) -> None:
        self._text = one_line(str(text))

    def steps(self) -> Sequence[Progress]:
        """Return what has changed since the last call."""
        if self._result is not None:
            outcome = self._result[2]
            now = (outcome.status.value, outcome.reason or "")
        else:
            now = ("running", self._text)
        if now == self._shown:
            return ()
        self._shown = now
        return (Progress(self.id, *now, self._intake.count),)

    def result(self, *, stopped: bool) -> Result:
        """Take no more; return what was given and how it ended. Only the first call decides."""
        if self._result is None:
            documents, relations, refused = self._intake.close()
            task = self.task
            ended_well = task.ended and not task.cancelled
            late = not ended_well and not self._full
            ending = Ending(
                error=task.error if ended_well else None,
                late=late and not stopped,
                stopped=late and stopped,
                full=self._full,
                seconds=task.seconds,
            )
            self._result = documents, relations, outcome_of(self.id, ending, documents, refused)
        return self._result


async def _close(stream: AsyncIterator[Collected]) -> None:
    """Let an async generator clean up; what goes wrong then changes nothing."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
