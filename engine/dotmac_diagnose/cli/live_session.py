"""Collecting for a command: progress, signals, and what is left behind at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .interruption import stop_on_signals
from .progress_line import progress_line
from .target_options import live_options_of, targets_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotmac_diagnose.bundle import Bundle
    from dotmac_diagnose.options import Clock

    from .problems import Session


def collect_for(given: Mapping[str, Any], session: Session, clock: Clock) -> Bundle:
    """Collect from the targets of a command line; Ctrl-C ends it with what is known so far.

    Raises:
        UsageError: no target was named, or an unknown collector.
    """
    from dotmac_diagnose.live import collect_live

    spent = sum(clock.spent.values()) / 1000
    targets, options = targets_of(given), live_options_of(given, spent)
    with stop_on_signals() as stop, progress_line(session, no_color=given["no_color"]) as show:
        session.leaves_threads = True
        run = collect_live(targets, options, show, stop=stop, clock=clock)
        session.leaves_threads = bool(run.lingering)
    for outcome in run.bundle.outcomes:
        session.note(f"{outcome.collector}: {outcome.status.value}, {outcome.facts} facts, {outcome.duration_ms} ms")
    return run.bundle
