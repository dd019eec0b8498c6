"""``diagnose run``: the diagnosis of live targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.errors import InputError

from .parameters import judgement_options, option, read_knowledge, verbose_option
from .report_options import present, report_options
from .target_options import target_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotmac_diagnose.bundle import Bundle
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.options import Options

    from .problems import Session


@click.command("run", short_help="Diagnose live targets (also without a command).")
@target_options()
@option("--no-save", is_flag=True, help="Do not keep the collected bundle.")
@report_options()
@judgement_options()
@verbose_option()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Diagnose live targets: collect, keep the bundle, report.

    Only the targets that you name are contacted, and they are only read. Passwords are best set
    in the environment (DIAGNOSE_POSTGRES) or in a file (--postgres @FILE).

    Ctrl-C ends collecting and reports what is known so far. The newest 20 bundles are kept in
    $XDG_STATE_HOME/dotmac-diagnose or ~/.local/state/dotmac-diagnose.
    """
    from dotmac_diagnose.api import diagnose_measured
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.report.formats import require_format

    from .live_session import collect_for

    require_format(given["format"])
    clock = Clock()
    knowledge = read_knowledge(given, session, clock)
    bundle = collect_for(given, session, clock)
    evidence = None if given["no_save"] else _save(bundle, knowledge)
    in_report = given["format"] == "text" and given["output"] in {None, "-"}
    try:
        diagnosis = diagnose_measured(bundle, knowledge, _options(given, bundle), clock)
    except BaseException:
        _say(evidence)
        raise
    code = present(diagnosis, given, evidence=evidence if in_report else None)
    if not in_report:
        _say(evidence)
    return code


def _save(bundle: Bundle, knowledge: Knowledge) -> str:
    """Keep the bundle before anything is judged; a failure costs only this."""
    from .saved_bundles import save, state_folder

    try:
        return str(save(bundle, state_folder(), knowledge_version=knowledge.version))
    except InputError as error:
        return f"not saved: {error}"


def _say(evidence: str | None) -> None:
    from dotmac_diagnose.report.printable import printable

    if evidence is not None:
        click.echo(printable(f"diagnose: evidence: {evidence}", 1000), err=True)


def _options(given: Mapping[str, Any], bundle: Bundle) -> Options:
    from dotmac_diagnose.facts import entity_namespace
    from dotmac_diagnose.options import Options

    seen = {found for item in bundle.base.facts if (found := entity_namespace(item.entity)) is not None}
    return Options(
        expect=given["expect"],
        min_confidence=given["min_confidence"],
        source="live",
        inputs=bundle.inputs,
        namespaces=tuple(sorted(seen & set(given["namespace"]))),
        posture=given["posture"],
        rule_engine=given["rule_engine"],
    )
