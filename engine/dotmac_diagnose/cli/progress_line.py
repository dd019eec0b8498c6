"""What a live run is doing, on stderr: one moving line on a terminal, notes with --verbose, else nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dotmac_diagnose.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotmac_diagnose_collectors.runner import Progress

    from .problems import Session

_LONGEST = 60


@contextmanager
def progress_line(session: Session, *, no_color: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield the function that shows a step."""
    if session.verbose or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda step: session.note(str(step))
        return
    from rich.console import Console
    from rich.text import Text

    running: dict[str, str] = {}
    ended: set[str] = set()
    console = Console(stderr=True, no_color=no_color or None, highlight=False)
    with console.status(Text("collecting")) as status:

        def show(step: Progress) -> None:
            if step.state == "running":
                running[step.collector] = printable(step.text, _LONGEST)
            else:
                running.pop(step.collector, None)
                ended.add(step.collector)
            names = [f"{printable(name, _LONGEST)} {text}".strip() for name, text in sorted(running.items())]
            total = len(running) + len(ended)
            status.update(
                Text(f"{len(ended)} of {total} collected; waiting for {', '.join(names)}" if names else "reading")
            )

        yield show
