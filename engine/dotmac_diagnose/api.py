"""The library: a diagnosis from a bundle, from files, or from facts of other tooling.

Independent calls may run in different threads; nothing here is global, prints or logs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.facts import FactBase, entity_namespace
from dotmac_diagnose.knowledge import load_knowledge
from dotmac_diagnose.options import Clock, Options
from dotmac_diagnose.pipeline import diagnose_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotmac_diagnose.diagnosis import Diagnosis
    from dotmac_diagnose.knowledge.model import Knowledge

T = TypeVar("T")
Source: TypeAlias = Bundle | FactBase | str | Path

PLATFORM_NAMESPACE = "kube-system"
"""Stays in every scope: its DNS and network serve all others."""


def diagnose(source: Source, *, knowledge: Knowledge | None = None, options: Options | None = None) -> Diagnosis:
    """Diagnose one incident.

    Args:
        source: a bundle, a path that :meth:`Bundle.read` understands, or facts.
        knowledge: what the experts know; the packaged knowledge when None.
        options: defaults of the command line when None.

    Returns:
        The diagnosis; the same for the same input in any order.

    Raises:
        InputError: a path cannot be read or is not understood.
        KnowledgeError: the knowledge base does not load.
        UsageError: an option names something that is not there.
    """
    return diagnose_measured(source, knowledge, options or Options(), Clock())


async def diagnose_async(
    source: Source, *, knowledge: Knowledge | None = None, options: Options | None = None
) -> Diagnosis:
    """Diagnose one incident in a worker thread of the running event loop.

    When the task is cancelled, the work stops before its next stage. Arguments, result and errors
    are those of :func:`diagnose`.
    """
    import asyncio

    clock = _CancellableClock()
    try:
        return await asyncio.to_thread(diagnose_measured, source, knowledge, options or Options(), clock)
    except asyncio.CancelledError:
        clock.cancelled.set()
        raise


def diagnose_measured(source: Source, knowledge: Knowledge | None, options: Options, clock: Clock) -> Diagnosis:
    """Diagnose with a clock that already ran for earlier stages; see :func:`diagnose`."""
    if isinstance(source, (str, Path)):
        path = source
        source = clock.measure("extract", lambda: Bundle.read(path))
    if isinstance(source, Bundle):
        options = replace(options, inputs=tuple(options.inputs) or tuple(sorted(source.inputs)))
        base = source.base
    else:
        base = source
    base = scoped(base, tuple(options.namespaces))
    loaded = knowledge if knowledge is not None else clock.measure("knowledge", load_knowledge)
    return diagnose_facts(base, loaded, options, clock)


def scoped(base: FactBase, namespaces: tuple[str, ...]) -> FactBase:
    """Return the part of a fact base that belongs to some namespaces.

    What has no namespace (nodes, servers, certificates) and the namespace of the platform itself
    always belong to it.

    Args:
        base: everything.
        namespaces: the scope; empty for all.

    Raises:
        UsageError: a namespace holds nothing in this input.
    """
    if not namespaces:
        return base
    present = {found for item in base.facts if (found := entity_namespace(item.entity)) is not None}
    absent = sorted(set(namespaces) - present)
    if absent:
        raise UsageError(
            f"the input holds nothing in the namespace {', '.join(absent)}",
            where="--namespace",
            hint=f"It holds: {', '.join(sorted(present)[:20]) or 'no namespace'}.",
        )
    wanted = {*namespaces, PLATFORM_NAMESPACE, None}

    def inside(entity: str) -> bool:
        return entity_namespace(entity) in wanted

    return FactBase(
        (item for item in base.facts if inside(item.entity)),
        (item for item in base.relations if inside(item.source) and inside(item.target)),
        base.outcomes,
        (item for item in base.changes if inside(item.entity)),
        captured_at=base.captured_at,
        context=base.context,
    )


@dataclass(slots=True)
class _CancellableClock(Clock):
    """A clock that refuses to begin a stage once the caller has gone."""

    cancelled: threading.Event = field(default_factory=threading.Event)

    def measure(self, stage: str, work: Callable[[], T]) -> T:
        if self.cancelled.is_set():
            import asyncio

            raise asyncio.CancelledError
        return Clock.measure(self, stage, work)
