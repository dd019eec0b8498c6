"""Finds collectors: entry points of the group ``dotmac_diagnose.collectors``.

Those of this distribution are taken by themselves. Those of others are foreign code: they are
imported only when the user names them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.facts import Outcome, OutcomeStatus

from .base import Collector
from .outcomes import bug, one_line

GROUP = "dotmac_diagnose.collectors"
OWN = "dotmac-diagnose"


@dataclass(frozen=True, slots=True)
class Registered:
    """Collectors that can run, and an outcome for each that cannot or shall not."""

    collectors: tuple[Collector, ...]
    outcomes: tuple[Outcome, ...]


def find_collectors(
    only: Collection[str] = (),
    skip: Collection[str] = (),
    *,
    points: Iterable[EntryPoint] | None = None,
) -> Registered:
    """Import the collectors of a run.

    Args:
        only: ids to run, also those of other distributions; empty: all of this one.
        skip: ids not to run.
        points: instead of the installed entry points.

    Raises:
        UsageError: an id that is not there was named.
    """
    found = sorted(entry_points(group=GROUP) if points is None else points, key=lambda point: (point.name, point.value))
    _check_names(only, "--only", found)
    _check_names(skip, "--skip", found)
    collectors: dict[str, Collector] = {}
    outcomes: list[Outcome] = []
    for point in found:
        reason = _reason_to_leave(point, only, skip)
        if reason is not None:
            outcomes.append(Outcome(point.name, OutcomeStatus.SKIPPED, reason))
            continue
        try:
            collector = _load(point, taken=point.name in collectors)
        except BaseException as error:  # whatever foreign code raises is an outcome
            if isinstance(error, KeyboardInterrupt):
                raise
            text = str(error) if isinstance(error, _Broken) else bug(error)
            reason = one_line(f"the collector cannot be loaded: {text} ({point.value})")
            outcomes.append(Outcome(point.name, OutcomeStatus.FAILED, reason))
        else:
            collectors[point.name] = collector
    return Registered(tuple(collectors.values()), tuple(outcomes))


class _Broken(Exception):
    """The entry point leads to something that is no collector."""


def _check_names(names: Collection[str], option: str, found: Collection[EntryPoint]) -> None:
    known = sorted({point.name for point in found})
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UsageError(
            f"there is no collector {', '.join(unknown)}",
            where=option,
            hint=f"There are: {', '.join(known) or 'none'}.",
        )


def _reason_to_leave(point: EntryPoint, only: Collection[str], skip: Collection[str]) -> str | None:
    if point.name in skip:
        return "left out with --skip"
    if only and point.name not in only:
        return "left out with --only"
    owner = point.dist.name if point.dist is not None else ""
    if not only and owner.lower().replace("_", "-") != OWN:
        return f"foreign code of {owner or 'another package'}: name it with --only {point.name} to run it"
    return None


def _load(point: EntryPoint, *, taken: bool) -> Collector:
    if taken:
        raise _Broken("another collector has the same id")
    collector = point.load()()
    if not isinstance(collector, Collector):
        raise _Broken("it lacks a part of the protocol `Collector`")
    if not isinstance(collector.id, str) or collector.id != point.name:
        raise _Broken(f"its id is {collector.id!r}, its entry point says {point.name!r}")
    if not callable(collector.collect) or not callable(collector.permissions):
        raise _Broken("collect or permissions cannot be called")
    return collector
