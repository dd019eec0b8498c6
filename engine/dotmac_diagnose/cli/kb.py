"""``diagnose kb``: the knowledge base, for readers and authors."""

from __future__ import annotations

import click

from .group import Entry, LazyGroup

_MODULE = "dotmac_diagnose.cli"

ENTRIES = {
    "list": Entry(f"{_MODULE}.kb_list", "List causes, states, findings or fixes."),
    "show": Entry(f"{_MODULE}.kb_show", "Print all that is known about one id."),
    "lint": Entry(f"{_MODULE}.kb_lint", "Check the knowledge base; all problems with their places."),
    "test": Entry(f"{_MODULE}.kb_test", "Run cases against the knowledge base."),
    "schema": Entry(f"{_MODULE}.kb_schema", "Print the JSON Schema of a file, of facts or of the report."),
}


@click.group(
    "kb", cls=LazyGroup, entries=ENTRIES, short_help="List, show and check the knowledge base.", no_args_is_help=False
)
def command() -> None:
    """List, show and check the knowledge base."""
