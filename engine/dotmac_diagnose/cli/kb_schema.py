"""``diagnose kb schema``."""

from __future__ import annotations

import json

import click

from .output import emit

_NAMES = ("report", "facts", "causes", "states", "findings", "fixes", "entities", "scale", "prefer")


@click.command("schema", short_help="Print the JSON Schema of a file, of facts or of the report.")
@click.argument("name", type=click.Choice(_NAMES), metavar=f"[{'|'.join(_NAMES)}]")
def command(name: str) -> None:
    """Print a JSON Schema: of the report, of a line of facts, or of a knowledge file."""
    from dotmac_diagnose.diagnosis import Diagnosis
    from dotmac_diagnose.knowledge.schema import SCHEMAS, report_schema

    schema = report_schema(Diagnosis) if name == "report" else SCHEMAS[name]()
    emit(json.dumps(schema, indent=2) + "\n")
