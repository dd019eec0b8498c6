"""How errors are said: ``diagnose: error: WHAT (WHERE). TRY``, one line each, on stderr."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dotmac_diagnose.errors import DiagnoseError

FAILED = 2
INTERRUPTED = 130
_LIMIT = 1000


@dataclass(slots=True)
class Session:
    """What the whole run must know about its command.

    Args:
        verbose: notes about progress, and tracebacks of bugs.
        leaves_threads: collectors that could not be ended are still running.
    """

    verbose: bool = False
    leaves_threads: bool = False

    def note(self, text: str) -> None:
        """Say on stderr what is going on, when that was asked for."""
        if self.verbose:
            _print(text)


def _print(line: str) -> None:
    """Print one line on stderr; names of files and texts of targets in it are hostile."""
    from dotmac_diagnose.report.printable import printable

    click.echo(printable(line, _LIMIT), err=True)


def _say(lines: list[str]) -> None:
    for line in lines:
        _print(f"diagnose: error: {line}")


def report_error(error: DiagnoseError) -> int:
    """Print an error of the program, all problems that it holds, and return the exit code."""
    _say([line for line in str(error).splitlines() if line.strip()])
    return error.exit_code


def report_click_error(error: click.ClickException) -> int:
    """Print a wrong usage in the style of all other errors."""
    what = error.format_message().strip().rstrip(".")
    what = " ".join(what.split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    place = context.command_path if context is not None else "diagnose"
    notes: list[str] = getattr(error, "__notes__", [])
    hint = " ".join(notes) or f"See `{place} --help`."
    _say([f"{what[:1].lower()}{what[1:]} ({place}). {hint}"])
    return FAILED


def report_interruption() -> int:
    """Say that the user stopped the run."""
    click.echo("diagnose: interrupted", err=True)
    return INTERRUPTED


def report_bug(error: BaseException, *, verbose: bool) -> int:
    """Say in one line that the program failed, and where; the traceback only when asked for."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    hint = "Please report it." if verbose else "Run again with --verbose for the traceback and report it."
    _say([f"this is a bug: {type(error).__name__}: {error} ({place}). {hint}"])
    if verbose:
        for line in "".join(traceback.format_exception(error)).splitlines():
            _print(line)
    return FAILED
