"""``diagnose analyze``: the diagnosis of saved data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.report.formats import FORMATS

from .output import coloured, emit, width
from .parameters import (
    SEVERITY,
    input_options,
    judgement_options,
    option,
    options_of,
    output_option,
    paths_argument,
    read_bundle,
    read_knowledge,
    verbose_option,
)

if TYPE_CHECKING:
    from .problems import Session


@click.command("analyze", short_help="Diagnose saved data: a bundle, kubectl output, a dump.")
@paths_argument()
@option("--format", metavar="NAME", default="text", show_default=True, help=f"One of: {', '.join(FORMATS)}.")
@output_option()
@option(
    "--show",
    type=SEVERITY,
    metavar="P0..P3",
    default="P3",
    show_default=True,
    help="Print causes down to this severity; JSON holds all.",
)
@option(
    "--fail-on",
    type=click.Choice(["P0", "P1", "P2", "P3", "never"], case_sensitive=False),
    metavar="P0..P3|never",
    default="P2",
    show_default=True,
    help="Exit 1 when a reported cause is at least this severe.",
)
@judgement_options()
@option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
@verbose_option()
@input_options()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Diagnose saved data.

    PATH is a bundle, `kubectl get -o json` or `-o yaml` output (files or a folder),
    `kubectl cluster-info dump`, or - for standard input; the kind is detected.

    Several PATHs are one incident. Nothing is contacted.
    """
    from dotmac_diagnose.api import diagnose_measured
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.remedies import exit_code
    from dotmac_diagnose.report import View, render
    from dotmac_diagnose.report.formats import require_format

    require_format(given["format"])
    clock = Clock()
    knowledge = read_knowledge(given, session, clock)
    bundle = read_bundle(given, session, clock)
    diagnosis = diagnose_measured(bundle, knowledge, options_of(given, bundle), clock)
    code = exit_code(diagnosis, given["fail_on"])
    view = View(
        width=width(given["output"]),
        verbose=given["verbose"],
        show=given["show"],
        fail_on=given["fail_on"],
        exit_code=code,
    )
    with_colour = coloured(given["output"], no_color=given["no_color"])
    emit(render(diagnosis, given["format"], view, coloured=with_colour), given["output"], given["paths"])
    for stage, spent in sorted(clock.spent.items()):
        session.note(f"{stage} {spent:.0f} ms")
    return code
