"""The options of a report, and printing it: the same for saved data and for live targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.report.formats import FORMATS

from .output import coloured, emit, width
from .parameters import SEVERITY, Decorator, option, output_option, stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotmac_diagnose.diagnosis import Diagnosis


def report_options() -> Decorator:
    """Return the options that say how a report looks and what it returns."""
    return stacked(
        option("--format", metavar="NAME", default="text", show_default=True, help=f"One of: {', '.join(FORMATS)}."),
        output_option(),
        option(
            "--show",
            type=SEVERITY,
            metavar="P0..P3",
            default="P3",
            show_default=True,
            help="Print causes down to this severity; JSON holds all.",
        ),
        option(
            "--fail-on",
            type=click.Choice(["P0", "P1", "P2", "P3", "never"], case_sensitive=False),
            metavar="P0..P3|never",
            default="P2",
            show_default=True,
            help="Exit 1 when a reported cause is at least this severe.",
        ),
        option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same."),
    )


def present(
    diagnosis: Diagnosis, given: Mapping[str, Any], inputs: Iterable[str] = (), *, evidence: str | None = None
) -> int:
    """Print a diagnosis as the options say.

    Args:
        diagnosis: what to print.
        given: the command line, with the options of :func:`report_options` and ``--verbose``.
        inputs: paths that were read and must not be overwritten.
        evidence: where the bundle of a live run lies, or why it lies nowhere.

    Returns:
        The exit code.
    """
    from dotmac_diagnose.remedies import exit_code
    from dotmac_diagnose.report import View, render

    code = exit_code(diagnosis, given["fail_on"])
    view = View(
        width=width(given["output"]),
        verbose=given["verbose"],
        show=given["show"],
        fail_on=given["fail_on"],
        exit_code=code,
        evidence=evidence,
    )
    with_colour = coloured(given["output"], no_color=given["no_color"])
    emit(render(diagnosis, given["format"], view, coloured=with_colour), given["output"], inputs)
    return code
