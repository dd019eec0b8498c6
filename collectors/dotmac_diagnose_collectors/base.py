"""What a collector is: it fetches documents from live targets and judges nothing.

A collector yields what it has as soon as it has it: the runner keeps that when the collector
is stopped at its deadline. It raises only :class:`~dotmac_diagnose.errors.Denied`,
:class:`~dotmac_diagnose.errors.Unavailable` and :class:`~dotmac_diagnose.errors.NotApplicable`,
and only when it has nothing to say about any of its targets: what one server refuses is a
:class:`~dotmac_diagnose.extract.document.ServerAnswer` of that status. Every other exception is a bug
and ends as the outcome ``failed``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from dotmac_diagnose.extract.document import Document
from dotmac_diagnose.facts import Relation
from dotmac_diagnose.targets import Targets

Collected: TypeAlias = Document | Relation
"""What a collector yields."""


def _silent(_text: str) -> None:
    """Take a note that nobody reads."""


@dataclass(frozen=True, slots=True)
class CollectorContext:
    """What a collector is told.

    Args:
        targets: what it may look at; nothing else.
        probe_seconds: longest time for one connection or one question.
        sample_seconds: time between two looks from which deltas are made; 0: only one look.
        deadline: moment of :func:`time.monotonic` at which the run ends.
        note: takes a few words about what is going on, for the progress line.
        conceal: takes a credential that the collector found and uses: redaction removes it wherever it shows.
    """

    targets: Targets
    probe_seconds: float = 4.0
    sample_seconds: float = 0.0
    deadline: float = field(default_factory=lambda: time.monotonic() + 30.0)
    note: Callable[[str], None] = _silent
    conceal: Callable[[str], None] = _silent

    def remaining(self) -> float:
        """Return the seconds until the run ends, at least 0."""
        return max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a collector needs leave for.

    Args:
        what: what is read with it, for example ``statements of other users (postgres db.internal)``.
        held: None when it cannot be told.
        grant: the statement or command that grants it; None when there is none.
        reason: why it is not held or cannot be told; one line.
    """

    what: str
    held: bool | None
    grant: str | None = None
    reason: str | None = None


@runtime_checkable
class Collector(Protocol):
    """Fetches from one kind of target.

    An entry point of the group ``dotmac_diagnose.collectors`` names a class, or a callable without
    arguments, that gives one.
    """

    @property
    def id(self) -> str:
        """Name for ``--only`` and ``--skip``, and in outcomes: ``postgres``."""
        ...

    @property
    def provides(self) -> tuple[str, ...]:
        """The fact kinds that come of its documents, or their leading parts: ``postgres``."""
        ...

    def collect(self, context: CollectorContext) -> AsyncIterator[Collected]:
        """Fetch; written as ``async def collect`` with ``yield``.

        Raises:
            Denied: all that it may look at refused it.
            Unavailable: nothing that it may look at can be reached.
            NotApplicable: it has no target here.
        """
        ...

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        """Tell which permissions are held and missing; raises as :meth:`collect` does."""
        ...
