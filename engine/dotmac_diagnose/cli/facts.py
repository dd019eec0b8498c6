"""``diagnose facts``: what was seen, for people and pipes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from .output import emit, width
from .parameters import input_options, option, output_option, paths_argument, read_bundle, verbose_option
from .selection import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotmac_diagnose.facts import Fact, Relation

    from .problems import Session

_STATUSES = ("ok", "empty", "denied", "unreachable", "unsupported", "timeout")


@click.command("facts", short_help="Print what was seen.")
@paths_argument()
@option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON object per line.",
)
@option("--kind", multiple=True, metavar="KIND", help="Kind, area or pattern (repeatable).")
@option("--entity", multiple=True, metavar="ENTITY", help="Entity id or pattern (repeatable).")
@option("--status", multiple=True, type=click.Choice(_STATUSES), help="How the look ended (repeatable).")
@option("--relations", is_flag=True, help="Print the relations between entities instead.")
@output_option()
@verbose_option()
@input_options()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Print the facts in saved data: what was seen, without judgement."""
    from dotmac_diagnose.api import scoped
    from dotmac_diagnose.options import Clock

    bundle = read_bundle(given, session, Clock())
    base = scoped(bundle.base, given["namespace"])
    lines: Iterable[str]
    if given["relations"]:
        relations = [
            item
            for item in base.relations
            if matches(item.type, given["kind"])
            and (matches(item.source, given["entity"]) or matches(item.target, given["entity"]))
        ]
        lines = _relations(relations, as_json=given["format"] == "json")
    else:
        facts = [
            item
            for item in base.facts
            if matches(item.kind, given["kind"])
            and matches(item.entity, given["entity"])
            and (not given["status"] or item.status.value in given["status"])
        ]
        if not facts:
            click.echo("diagnose: no fact matches", err=True)
        if given["format"] == "json":
            lines = (_json(item) for item in facts)
        else:
            lines = _text(facts, width(given["output"]), verbose=given["verbose"])
    emit("".join(f"{line}\n" for line in lines), given["output"], given["paths"])
    return 0


def _relations(relations: Iterable[Relation], *, as_json: bool) -> Iterator[str]:
    from dotmac_diagnose.report.json_report import safe_json
    from dotmac_diagnose.report.printable import printable

    for item in relations:
        if as_json:
            yield safe_json({"type": item.type, "source": item.source, "target": item.target})
        else:
            yield f"{printable(item.source)} -{printable(item.type)}-> {printable(item.target)}"


def _json(item: Fact) -> str:
    from dotmac_diagnose.report.json_report import safe_json

    return safe_json(
        {
            "kind": item.kind,
            "entity": item.entity,
            "status": item.status.value,
            "values": item.values.model_dump(mode="json") if item.values is not None else None,
            "vantage": item.vantage.value,
            "observed_at": item.observed_at.isoformat() if item.observed_at is not None else None,
            "collector": item.collector,
            "source": item.source,
            "evidence": item.evidence,
            "reason": item.reason,
        }
    )


def _text(facts: Iterable[Fact], columns: int, *, verbose: bool) -> Iterator[str]:
    """Yield the facts grouped by entity; values that were not seen are left out."""
    from dotmac_diagnose.report.fact_text import seen_values
    from dotmac_diagnose.report.layout import wrap
    from dotmac_diagnose.report.printable import printable

    for entity, group in groupby(facts, key=lambda item: item.entity):
        yield printable(entity)
        for item in group:
            head, *rest = wrap(f"{printable(item.kind)}  {seen_values(item)}", columns - 4)
            yield f"  {head}"
            yield from (f"      {piece}" for piece in wrap(" ".join(rest), columns - 6) if rest)
            if verbose:
                yield f"      from {printable(item.source)} {printable(item.evidence or '')}".rstrip()
