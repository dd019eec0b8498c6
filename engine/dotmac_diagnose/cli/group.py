"""The command group that lists its commands without importing them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """A command before it is imported.

    Args:
        module: module that holds it as ``command``.
        summary: one line for the list of commands; a test keeps it equal to the command's own.
        listed: False leaves it out of the list.
    """

    module: str
    summary: str
    listed: bool = True


class LazyGroup(click.Group):
    """Imports a command when it is called or asked for help."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], default: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.default = default
        self.entries = dict(entries)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; options of the command ``default`` may stand without its name."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if self.default and args and args[0].startswith("-") and args[0].partition("=")[0] not in {"-", "--", *own}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's interface
        """Return the names of the listed commands, in the order of the table."""
        return [name for name, entry in self.entries.items() if entry.listed]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's interface
        """Import a command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command = import_module(entry.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's interface
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items() if entry.listed])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one say what was probably meant."""
        name = args[0] if args else ""
        if name in self.entries or name.startswith("-"):
            return super().resolve_command(ctx, args)
        error = click.UsageError(f"there is no command {name!r}", ctx)
        error.__notes__ = [self._hint(name)]
        raise error

    def _hint(self, name: str) -> str:
        names = [key for key, entry in self.entries.items() if entry.listed]
        near = difflib.get_close_matches(name, names, n=1)
        if near:
            return f"Did you mean `{near[0]}`?"
        if name == "-" or Path(name).exists():
            return f"To analyze that input: `diagnose analyze {name}`."
        return f"Commands: {', '.join(names)}."
