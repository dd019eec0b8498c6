"""``diagnose run``: the live diagnosis, which needs collectors."""

from __future__ import annotations

from typing import NoReturn

import click

from dotmac_diagnose.errors import UsageError


@click.command("run", short_help="Diagnose the live platform.")
def command() -> NoReturn:
    """Diagnose the live platform."""
    raise UsageError(
        "live collection is not in this version",
        where="diagnose run",
        hint="Save the state with kubectl and use `diagnose analyze PATH`.",
    )
