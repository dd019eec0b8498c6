"""``diagnose explain``: why a cause is believed, or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import coloured, emit, width
from .parameters import (
    input_options,
    judgement_options,
    option,
    options_of,
    output_option,
    paths_option,
    read_bundle,
    read_knowledge,
    verbose_option,
)

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Knowledge

    from .explanation import Explanation
    from .problems import Session

_MOST_ENTITIES = 3


@click.command("explain", short_help="Tell why a cause is believed, or why not.")
@click.argument("cause", metavar="CAUSE[@ENTITY]")
@paths_option()
@output_option()
@judgement_options()
@option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
@verbose_option()
@input_options()
@click.pass_obj
def command(session: Session, /, cause: str, **given: Any) -> int:
    """Tell why a cause is believed, or why not.

    With --in: what speaks for and against it with its weight, what is missing, and the rule and
    raw source of every piece of evidence.

    ENTITY is an id such as deployment/shop/api, or the last part of it. Without --in: the page of the cause.
    """
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.report.console import paint
    from dotmac_diagnose.report.layout import plain

    from .explanation import require_cause
    from .explanation_page import explanation_lines

    clock = Clock()
    identifier, _, entity = cause.partition("@")
    knowledge = read_knowledge(given, session, clock)
    require_cause(knowledge, identifier)
    if not given["paths"]:
        if entity:
            raise click.UsageError(f"to explain {identifier} on an entity, name the saved data with --in PATH")
        emit(_page(knowledge, identifier), given["output"])
        return 0
    found = _found(knowledge, identifier, entity or None, session, given)
    shown = found if given["verbose"] else found[:_MOST_ENTITIES]
    lines = []
    for item in shown:
        lines += explanation_lines(knowledge, item, width(given["output"]), verbose=given["verbose"])
    text = paint(lines) if coloured(given["output"], no_color=given["no_color"]) else None
    emit(text or "".join(f"{plain(line)}\n" for line in lines), given["output"], given["paths"])
    if len(found) > len(shown):
        click.echo(f"diagnose: {len(found) - len(shown)} less probable entities left out (-v prints them)", err=True)
    return 0


def _found(
    knowledge: Knowledge, cause: str, entity: str | None, session: Session, given: dict[str, Any]
) -> list[Explanation]:
    from dotmac_diagnose.api import scoped
    from dotmac_diagnose.options import Clock

    from .explanation import explain

    bundle = read_bundle(given, session, Clock())
    options = options_of(given, bundle)
    return explain(knowledge, scoped(bundle.base, tuple(options.namespaces)), options, cause, entity)


def _page(knowledge: Knowledge, cause: str) -> str:
    from .kb_show import page_text

    return page_text(knowledge, cause, 80)
