"""The live side of the library: collect from targets, and ask what may be collected.

Everything is over at the deadline, whatever the targets and collectors do. Nothing is printed
and no signal is handled here.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotmac_diagnose.bundle import Bundle, capture
from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.facts import Outcome, OutcomeStatus
from dotmac_diagnose.options import Clock
from dotmac_diagnose.targets import Targets

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.permissions import Asked
    from dotmac_diagnose_collectors.registry import Registered
    from dotmac_diagnose_collectors.runner import Progress

    OnProgress = Callable[[Progress], object]

_MOST_RESERVED = 3.0
_RESERVED_SHARE = 0.2

AREAS = {
    "postgres": ("postgres",),
    "pgbouncer": ("pgbouncer",),
    "redis": ("redis",),
    "urls": ("http",),
    "namespaces": ("kubernetes",),
    "context": ("kubernetes",),
    "kubeconfig": ("kubernetes",),
    "log_files": ("log",),
    "server_data": ("host", "postgres", "redis"),
}
"""The areas of facts, any of which looks at a kind of target."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How to collect.

    Args:
        deadline: seconds for the whole run; the last fifth, at most 3 s, is kept for the analysis.
        sample: seconds between two looks from which deltas are made; 0: one look, no deltas.
        probe: longest seconds for one connection or question.
        only: ids of collectors to run; empty: all of this distribution.
        skip: ids of collectors not to run.
    """

    deadline: float = 30.0
    sample: float = 3.0
    probe: float = 4.0
    only: Collection[str] = ()
    skip: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What was collected.

    Args:
        bundle: redacted; how each collector ended is among its outcomes.
        lingering: ids of collectors that could not be ended; their threads live on.
    """

    bundle: Bundle
    lingering: tuple[str, ...] = ()


def collect(
    targets: Targets,
    deadline: float = 30.0,
    on_progress: OnProgress | None = None,
    *,
    options: LiveOptions | None = None,
    stop: threading.Event | None = None,
) -> Bundle:
    """Collect from live targets.

    Args:
        targets: what may be looked at.
        deadline: seconds until this returns at the latest; ``options`` may name another one.
        on_progress: called in this thread with steps whose ``str`` is a line for people.
        options: how to collect; it wins over ``deadline``.
        stop: ends the run early when another thread sets it; what was collected is returned.

    Returns:
        A redacted bundle. What could not be read is among its outcomes.

    Raises:
        UsageError: no target, a time that is no positive number, or an unknown collector.
    """
    return collect_live(targets, options or LiveOptions(deadline=deadline), on_progress, stop=stop).bundle


async def collect_async(
    targets: Targets,
    deadline: float = 30.0,
    on_progress: OnProgress | None = None,
    *,
    options: LiveOptions | None = None,
) -> Bundle:
    """Collect in a worker thread of the running event loop; ``on_progress`` is called in that thread.

    A cancelled task ends the run within a second. Arguments, result and errors are those of :func:`collect`.
    """
    stop = threading.Event()
    try:
        return await asyncio.to_thread(collect, targets, deadline, on_progress, options=options, stop=stop)
    finally:
        stop.set()


def collect_live(
    targets: Targets,
    options: LiveOptions,
    on_progress: OnProgress | None = None,
    *,
    stop: threading.Event | None = None,
    clock: Clock | None = None,
) -> LiveRun:
    """Collect; also return what lives on. ``clock`` measures the stages ``collect`` and ``extract``."""
    from dotmac_diagnose_collectors.base import CollectorContext
    from dotmac_diagnose_collectors.registry import find_collectors
    from dotmac_diagnose_collectors.runner import gather

    started = time.monotonic()
    _check(targets, options)
    clock = clock or Clock()
    until = started + options.deadline - min(_MOST_RESERVED, _RESERVED_SHARE * options.deadline)
    found = find_collectors(options.only, options.skip)
    context = CollectorContext(targets, options.probe, options.sample, until)

    def report(step: Progress) -> None:
        if on_progress is not None:
            on_progress(step)

    gathered = clock.measure("collect", lambda: gather(found.collectors, context, stop=stop, on_progress=report))
    bundle = clock.measure(
        "extract",
        lambda: capture(
            gathered.documents,
            (*gathered.outcomes, *found.outcomes, *uncovered(targets, found)),
            context=targets.context,
            inputs=targets.labels(),
            relations=gathered.relations,
            secrets=targets.secrets() | gathered.secrets,
        ),
    )
    return LiveRun(bundle, gathered.lingering)


def permissions_live(
    targets: Targets, options: LiveOptions, *, stop: threading.Event | None = None
) -> tuple[tuple[Asked, ...], tuple[Outcome, ...]]:
    """Ask what may be collected.

    Returns:
        What each collector said, and the outcomes of those that were not asked.

    Raises:
        UsageError: as :func:`collect`.
    """
    from dotmac_diagnose_collectors.base import CollectorContext
    from dotmac_diagnose_collectors.permissions import ask_permissions
    from dotmac_diagnose_collectors.registry import find_collectors

    started = time.monotonic()
    _check(targets, options)
    found = find_collectors(options.only, options.skip)
    context = CollectorContext(targets, options.probe, options.sample, started + options.deadline)
    return ask_permissions(found.collectors, context, stop=stop), (*found.outcomes, *uncovered(targets, found))


def uncovered(targets: Targets, found: Registered) -> tuple[Outcome, ...]:
    """Return an outcome for each kind of target that no installed collector looks at."""
    areas = {outcome.collector for outcome in found.outcomes}
    for collector in found.collectors:
        areas |= {collector.id, *(name.partition(".")[0] for name in collector.provides)}
    missing = {wanted[0]: name for name, wanted in AREAS.items() if getattr(targets, name) and areas.isdisjoint(wanted)}
    return tuple(
        Outcome(area, OutcomeStatus.SKIPPED, f"no installed collector looks at {name.replace('_', ' ')}")
        for area, name in sorted(missing.items())
    )


def _check(targets: Targets, options: LiveOptions) -> None:
    if not targets:
        raise UsageError(
            "no target was named",
            where="live run",
            hint="Name one, for example with --kubeconfig, --postgres or --redis; saved data: `diagnose analyze PATH`.",
        )
    for name in ("deadline", "probe"):
        if not 0 < getattr(options, name) < float("inf"):
            raise UsageError(f"{name} must be a positive number of seconds", where=name)
    if not 0 <= options.sample < float("inf"):
        raise UsageError("sample must be a number of seconds, 0 for one look only", where="sample")
