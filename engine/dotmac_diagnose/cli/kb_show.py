"""``diagnose kb show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import emit, width
from .parameters import knowledge_option, read_knowledge

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Knowledge

    from .problems import Session

_VERBATIM = frozenset({"Steps", "Rollback", "How to look"})
"""Parts that hold commands: never wrapped."""


@click.command("show", short_help="Print all that is known about one id.")
@click.argument("identifier", metavar="ID")
@knowledge_option()
@click.pass_obj
def command(session: Session, /, identifier: str, **given: Any) -> None:
    """Print all that is known about a cause, state, finding or fix."""
    from dotmac_diagnose.options import Clock

    emit(page_text(read_knowledge(given, session, Clock()), identifier, width(None)))


def page_text(knowledge: Knowledge, identifier: str, columns: int) -> str:
    """Return the page of an entry; prose is wrapped, commands are not.

    Raises:
        UsageError: there is no such entry.
    """
    from dotmac_diagnose.knowledge.view import page
    from dotmac_diagnose.report.layout import wrap
    from dotmac_diagnose.report.printable import command_lines, printable

    found = page(knowledge, identifier)
    lines = [*wrap(printable(found.title), columns), printable(f"{found.id}  {found.subtitle}".rstrip())]
    for part in found.parts:
        lines += ["", part.heading]
        for text in part.lines:
            if part.heading in _VERBATIM:
                lines += [f"  {line}" for line in command_lines(text)[0]]
                continue
            head, *rest = wrap(printable(text), columns - 2)
            lines.append(f"  {head}")
            lines += [f"    {piece}" for piece in wrap(" ".join(rest), columns - 4)] if rest else []
    return "".join(f"{line}\n" for line in lines)
