"""``diagnose findings``: what the rules decided, for people and pipes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from .output import emit, width
from .parameters import (
    input_options,
    knowledge_option,
    option,
    output_option,
    paths_argument,
    read_bundle,
    read_knowledge,
    verbose_option,
)
from .selection import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.rules import Observation, Observations

    from .problems import Session

_STATUSES = ("present", "absent", "unknown")


@click.command("findings", short_help="Print what the rules decided from it.")
@paths_argument()
@option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON object per line.",
)
@option("--kind", multiple=True, metavar="FINDING", help="Finding, area or pattern (repeatable).")
@option("--entity", multiple=True, metavar="ENTITY", help="Entity id or pattern (repeatable).")
@option(
    "--status",
    multiple=True,
    type=click.Choice([*_STATUSES, "all"]),
    default=("present",),
    show_default=True,
    help="What was decided (repeatable).",
)
@knowledge_option()
@option("--rule-engine", type=click.Choice(["durable", "python"]), hidden=True)
@output_option()
@verbose_option()
@input_options()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Print the findings in saved data: each is present, absent, or unknown with the reason."""
    from dotmac_diagnose.api import scoped
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.rules import observe

    clock = Clock()
    knowledge = read_knowledge(given, session, clock)
    base = scoped(read_bundle(given, session, clock).base, given["namespace"])
    observations = observe(knowledge, base, engine=given["rule_engine"])
    statuses = frozenset(_STATUSES if "all" in given["status"] else given["status"])
    found = [
        item for item in _decided(base, observations, statuses, given["entity"]) if matches(item.finding, given["kind"])
    ]
    if not found:
        click.echo("diagnose: no finding matches", err=True)
    if given["format"] == "json":
        lines: Iterable[str] = (_json(item) for item in found)
    else:
        lines = _text(knowledge, found, width(given["output"]), verbose=given["verbose"])
    emit("".join(f"{line}\n" for line in lines), given["output"], given["paths"])
    return 0


def _decided(
    base: FactBase, observations: Observations, statuses: frozenset[str], entities: tuple[str, ...]
) -> Iterator[Observation]:
    """Yield the observations with a status, by entity and finding. The present ones are at hand."""
    if statuses == {"present"}:
        present = (item for item in observations.present() if matches(item.entity, entities))
        yield from sorted(present, key=lambda item: (item.entity, item.finding))
        return
    for entity in base.entities:
        if matches(entity, entities):
            yield from (item for item in observations.all_for(entity) if item.presence.value in statuses)


def _json(item: Observation) -> str:
    from dotmac_diagnose.report.json_report import safe_json

    return safe_json(
        {
            "finding": item.finding,
            "entity": item.entity,
            "status": item.presence.value,
            "reason": item.reason,
            "detail": item.detail,
            "rule": item.rule,
            "observed_at": item.observed_at.isoformat() if item.observed_at is not None else None,
            "affected": list(item.affected),
            "premises": [{"finding": finding, "entity": entity} for finding, entity in item.premises],
            "facts": [
                {"kind": fact.kind, "entity": fact.entity, "source": fact.source, "evidence": fact.evidence}
                for fact in item.facts
            ],
        }
    )


def _text(knowledge: Knowledge, found: Iterable[Observation], columns: int, *, verbose: bool) -> Iterator[str]:
    """Yield the findings grouped by entity."""
    from dotmac_diagnose.report.fact_text import seen_values
    from dotmac_diagnose.report.layout import wrap
    from dotmac_diagnose.report.printable import printable
    from dotmac_diagnose.report.view import detail_of

    for entity, group in groupby(found, key=lambda item: item.entity):
        yield printable(entity)
        for item in group:
            status = item.presence.value + (f" ({item.reason})" if item.reason else "")
            yield f"  {status:<8} {item.finding}"
            text = detail_of(knowledge.findings[item.finding].title, item.detail)
            yield from (f"      {piece}" for piece in wrap(text, columns - 6))
            for fact in item.facts if verbose else ():
                yield f"      fact {printable(fact.kind)} {seen_values(fact)}"
                yield f"      from {printable(fact.source)} {printable(fact.evidence or '')}".rstrip()
