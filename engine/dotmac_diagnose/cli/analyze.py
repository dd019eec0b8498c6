"""``diagnose analyze``: the diagnosis of saved data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .parameters import (
    input_options,
    judgement_options,
    options_of,
    paths_argument,
    read_bundle,
    read_knowledge,
    verbose_option,
)
from .report_options import present, report_options

if TYPE_CHECKING:
    from .problems import Session


@click.command("analyze", short_help="Diagnose saved data: a bundle, kubectl output, a dump.")
@paths_argument()
@report_options()
@judgement_options()
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
    from dotmac_diagnose.report.formats import require_format

    require_format(given["format"])
    clock = Clock()
    knowledge = read_knowledge(given, session, clock)
    bundle = read_bundle(given, session, clock)
    diagnosis = diagnose_measured(bundle, knowledge, options_of(given, bundle), clock)
    code = present(diagnosis, given, given["paths"])
    for stage, spent in sorted(clock.spent.items()):
        session.note(f"{stage} {spent:.0f} ms")
    return code
