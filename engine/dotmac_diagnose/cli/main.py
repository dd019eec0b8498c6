"""The entry of the command ``diagnose``. Only click is imported until a command runs."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

import click

from dotmac_diagnose.errors import DiagnoseError
from dotmac_diagnose.version import __version__

from .group import Entry, LazyGroup
from .output import drain, tolerant_streams
from .problems import (
    Session,
    report_bug,
    report_click_error,
    report_error,
    report_interruption,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ENVIRONMENT_PREFIX = "DIAGNOSE"
_PROGRAM = "diagnose"
_PACKAGE = "dotmac_diagnose.cli"

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""A run makes classes and documents that live to its end: looking for garbage among them takes a tenth of it."""

ENTRIES = {
    "run": Entry(f"{_PACKAGE}.run", "Diagnose live targets (also without a command)."),
    "collect": Entry(f"{_PACKAGE}.collect", "Save a redacted bundle of live targets."),
    "analyze": Entry(f"{_PACKAGE}.analyze", "Diagnose saved data: a bundle, kubectl output, a dump."),
    "verify": Entry(f"{_PACKAGE}.verify", "Tell whether the fixes of a report have cured."),
    "explain": Entry(f"{_PACKAGE}.explain", "Tell why a cause is believed, or why not."),
    "facts": Entry(f"{_PACKAGE}.facts", "Print what was seen."),
    "findings": Entry(f"{_PACKAGE}.findings", "Print what the rules decided from it."),
    "kb": Entry(f"{_PACKAGE}.kb", "List, show and check the knowledge base."),
    "doctor": Entry(f"{_PACKAGE}.doctor", "Tell what can be collected from here."),
    "version": Entry(f"{_PACKAGE}.version", "Print the versions of program and knowledge."),
}

_HELP = """Name the root cause of a broken platform, say how sure it is and why, and print the commands that fix it.

It reads; it changes nothing.

\b
Exit codes:
  0  nothing at or above --fail-on
  1  at least one reported cause at or above it
  2  wrong usage, unreadable input, invalid knowledge
  3  inconclusive: no finding is known
"""

_EPILOG = """\b
Every option can be set in the environment: --fail-on is DIAGNOSE_FAIL_ON.
Saved: kubectl get pods,events,deployments -A -o json | diagnose analyze -
Live:  DIAGNOSE_POSTGRES=postgresql://monitor@db.internal/shop diagnose
"""


@click.group(
    _PROGRAM,
    cls=LazyGroup,
    entries=ENTRIES,
    default="run",
    help=_HELP,
    epilog=_EPILOG,
    invoke_without_command=True,
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT_PREFIX,
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> int | None:
    """The command ``diagnose``; without a command it is ``diagnose run``."""
    if ctx.invoked_subcommand is not None:
        return None
    run = ctx.command.get_command(ctx, "run") if isinstance(ctx.command, click.Group) else None
    if run is None:
        raise click.UsageError("missing command", ctx)
    with run.make_context("run", [], parent=ctx) as inner:
        found: int = run.invoke(inner)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; those of the process when None.

    Returns:
        The exit code of contract 2; 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    session = Session()
    tolerant_streams()
    code = _guarded(words, session)
    if session.leaves_threads and arguments is None:
        # Threads that cannot be ended would hold up the end of the interpreter. All is written.
        sys.stderr.flush()
        os._exit(code)
    return code


def _guarded(words: list[str], session: Session) -> int:
    """Return the exit code of a command line; every error is one line on stderr."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *thresholds[1:])
    try:
        return _invoke(words, session)
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except click.ClickException as error:
        return report_click_error(error)
    except (KeyboardInterrupt, click.Abort):
        return report_interruption()
    except BrokenPipeError:
        return 0
    except DiagnoseError as error:
        return report_error(error)
    except Exception as error:  # noqa: BLE001 -- the last line of defence: one line instead of a traceback
        return report_bug(error, verbose=session.verbose)
    finally:
        gc.set_threshold(*thresholds)
        drain()


def _invoke(words: list[str], session: Session) -> int:
    if f"_{_PROGRAM.upper()}_COMPLETE" in os.environ:
        return _complete()
    with cli.make_context(_PROGRAM, words, obj=session) as ctx:
        result = cli.invoke(ctx)
    return result if isinstance(result, int) else 0


def _complete() -> int:
    """Answer the completion script of a shell."""
    from click.shell_completion import shell_complete

    variable = f"_{_PROGRAM.upper()}_COMPLETE"
    return shell_complete(cli, {}, _PROGRAM, variable, os.environ[variable])
