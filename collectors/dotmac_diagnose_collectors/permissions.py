"""Asks collectors which permissions they hold, as isolated from each other as when they collect."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dotmac_diagnose.facts import Outcome

from .base import Collector, CollectorContext, Permission
from .isolation import GRACE_SECONDS, Isolated, run_isolated
from .outcomes import Ending, one_line, outcome_of

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What one collector said.

    Args:
        collector: its id.
        outcome: how asking ended; not about the permissions.
        permissions: what it needs leave for; empty when it could not tell.
        lingers: its thread still lives.
    """

    collector: str
    outcome: Outcome
    permissions: tuple[Permission, ...]
    lingers: bool = False


def ask_permissions(
    collectors: Sequence[Collector], context: CollectorContext, *, stop: threading.Event | None = None
) -> tuple[Asked, ...]:
    """Ask all collectors at once; by id. Nothing that a collector does raises here."""
    runs = [_Asking(item, context) for item in sorted(collectors, key=lambda item: item.id)]
    run_isolated([run.task for run in runs], stop=stop)
    return tuple(run.result(stopped=stop is not None and stop.is_set()) for run in runs)


class _Asking:
    def __init__(self, collector: Collector, context: CollectorContext) -> None:
        self._collector = collector
        self._context = replace(context, note=lambda _text: None)
        self._given: tuple[Permission, ...] = ()
        self.task = Isolated(collector.id, self._ask, context.deadline - GRACE_SECONDS)

    async def _ask(self) -> None:
        given = await self._collector.permissions(self._context)
        self._given = tuple(_checked(item) for item in tuple(given)[:_MOST])

    def result(self, *, stopped: bool) -> Asked:
        task = self.task
        ended_well = task.ended and not task.cancelled
        ending = Ending(
            error=task.error if ended_well else None,
            late=not ended_well and not stopped,
            stopped=not ended_well and stopped,
            seconds=task.seconds,
        )
        return Asked(task.name, outcome_of(task.name, ending, ()), self._given if ended_well else (), task.lingers)


def _checked(item: object) -> Permission:
    if not isinstance(item, Permission) or not isinstance(item.what, str):
        raise TypeError("permissions() gave something else than permissions")
    held = item.held if isinstance(item.held, bool) else None
    grant = item.grant if isinstance(item.grant, str) else None
    return Permission(one_line(item.what), held, grant, one_line(item.reason) if isinstance(item.reason, str) else None)
