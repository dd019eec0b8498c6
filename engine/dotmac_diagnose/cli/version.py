"""``diagnose version``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.version import __version__

from .output import emit
from .parameters import knowledge_option, read_knowledge

if TYPE_CHECKING:
    from .problems import Session


@click.command("version", short_help="Print the versions of program and knowledge.")
@knowledge_option()
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Print the versions of the program, the knowledge, the rule engine and Python."""
    import platform
    from importlib.util import find_spec

    from dotmac_diagnose.options import Clock

    knowledge = read_knowledge(given, session, Clock())
    engine = "durable-rules" if find_spec("durable_rules_engine") is not None else "python"
    emit(
        f"diagnose {__version__}\n"
        f"knowledge {knowledge.version} ({knowledge.digest})\n"
        f"rule engine {engine}\n"
        f"python {platform.python_version()}\n"
    )
