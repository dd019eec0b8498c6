"""``diagnose collect``: a redacted bundle of live targets, without judgement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.version import __version__

from .output import emit
from .parameters import option, verbose_option
from .target_options import target_options

if TYPE_CHECKING:
    from dotmac_diagnose.bundle import Bundle

    from .problems import Session


@click.command("collect", short_help="Save a redacted bundle of live targets.")
@target_options()
@option("-o", "--output", required=True, metavar="FILE", help="New .tar.zst or .tar.gz file, or folder.")
@option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
@verbose_option()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Save a redacted bundle of live targets, for `diagnose analyze`.

    Only the targets that you name are contacted, and they are only read. Nothing is judged.
    """
    from dotmac_diagnose.options import Clock

    from .live_session import collect_for

    _check_output(given["output"])
    bundle = collect_for(given, session, Clock())
    if not bundle.documents and not bundle.relations:
        reasons = [f"{item.collector} {item.status.value} ({item.reason})" for item in bundle.outcomes if item.reason]
        raise InputError(
            f"nothing was collected: {'; '.join(reasons) or 'there is no collector'}",
            where="diagnose collect",
            hint="`diagnose doctor` tells what is missing.",
        )
    bundle.write(given["output"], tool_version=__version__)
    emit(_summary(bundle, given["output"]))
    return 0


def _check_output(path: str) -> None:
    """Refuse before anything is contacted what could not be written afterwards."""
    target = Path(path)
    if path == "-":
        raise InputError("a bundle cannot go to stdout", where="--output", hint="Name a new file or folder.")
    if target.is_symlink() or target.exists():
        raise InputError("the output exists already", where=path, hint="Name another one, or remove it.")
    if not target.absolute().parent.is_dir():
        raise InputError("there is no such folder", where=str(target.parent), hint="Make it first.")


def _summary(bundle: Bundle, path: str) -> str:
    from dotmac_diagnose.report.printable import printable

    lines = [f"{printable(path, 1000)}: {len(bundle.documents)} documents, {len(bundle.base.facts)} facts"]
    for item in bundle.outcomes:
        reason = f" ({item.reason})" if item.reason else ""
        lines.append(printable(f"  {item.collector}: {item.status.value}{reason}", 400))
    return "".join(f"{line}\n" for line in lines)
