"""The formats of a report by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.errors import UsageError

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis

    from .view import View

FORMATS = ("text", "short", "json", "markdown")


def render(
    diagnosis: Diagnosis, report_format: str = "text", view: View | None = None, *, coloured: bool = False
) -> str:
    """Return a diagnosis in a format.

    Args:
        diagnosis: what to show.
        report_format: one of ``FORMATS``.
        view: what the reader asked to see; the JSON report is always whole.
        coloured: terminal colours, in the format ``text`` only.

    Raises:
        UsageError: there is no such format.
    """
    from .view import View

    require_format(report_format)
    chosen = view or View()
    if report_format == "short":
        from . import short

        return short.render(diagnosis, chosen)
    if report_format == "json":
        from . import json_report

        return json_report.render(diagnosis)
    if report_format == "markdown":
        from . import markdown

        return markdown.render(diagnosis, chosen)
    from . import console

    return console.render_coloured(diagnosis, chosen) if coloured else console.render(diagnosis, chosen)


def require_format(name: str) -> None:
    """Refuse a format that does not exist, before any work is done.

    Raises:
        UsageError: there is no such format.
    """
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}", where="--format", hint=f"Available: {', '.join(FORMATS)}.")
