"""``diagnose kb list``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .output import emit
from .parameters import knowledge_option, option, read_knowledge

if TYPE_CHECKING:
    from .problems import Session

_SECTIONS = ("causes", "states", "findings", "fixes")


@click.command("list", short_help="List causes, states, findings or fixes.")
@option(
    "--section",
    multiple=True,
    type=click.Choice(_SECTIONS),
    default=("causes",),
    show_default=True,
    help="What to list (repeatable).",
)
@option("--area", metavar="AREA", help="Only this area: kubernetes, postgres, ...")
@option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON object per line.",
)
@knowledge_option()
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """List the entries of the knowledge base: id, severity, kind, entity type, title."""
    from dotmac_diagnose.errors import UsageError
    from dotmac_diagnose.knowledge.view import rows
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.report.json_report import safe_json
    from dotmac_diagnose.report.layout import padded
    from dotmac_diagnose.report.printable import printable

    knowledge = read_knowledge(given, session, Clock())
    found = rows(knowledge, tuple(dict.fromkeys(given["section"])), given["area"])
    if not found and given["area"] is not None:
        areas = sorted({row.id.partition(".")[0] for row in rows(knowledge, _SECTIONS)})
        raise UsageError(f"nothing in area {given['area']!r}", where="--area", hint=f"Areas: {', '.join(areas)}.")
    if given["format"] == "json":
        emit("".join(f"{safe_json(asdict(row))}\n" for row in found))
        return
    columns = max((len(row.id) for row in found), default=0)
    lines = []
    for row in found:
        words = " ".join(word for word in (row.severity, row.kind, row.entity) if word)
        lines.append(f"{padded(row.id, columns)}  {padded(words, 32)}  {printable(row.title)}\n")
    emit("".join(lines))
