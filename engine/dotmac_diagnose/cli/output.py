"""Where results go: stdout, or a file that nobody else can read and no link can redirect."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dotmac_diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NARROWEST = 60
_WIDEST = 120
_DEFAULT_WIDTH = 80


def tolerant_streams() -> None:
    """Make stdout and stderr show what their encoding cannot hold as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drain() -> None:
    """Flush stdout; a reader that has gone away is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _close_quietly(sys.stdout)


def _close_quietly(stream: TextIO) -> None:
    """Point a broken stream at the null device, so that the interpreter's own last flush is quiet."""
    try:
        descriptor = stream.fileno()
    except OSError:
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def coloured(output: str | None, *, no_color: bool) -> bool:
    """Tell whether a report is for a person at a terminal that has colours."""
    wanted = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and output in {None, "-"} and sys.stdout.isatty()


def width(output: str | None) -> int:
    """Return the columns of a report: those of the terminal between 60 and 120, else 80."""
    if output not in {None, "-"} or not sys.stdout.isatty():
        return _DEFAULT_WIDTH
    return min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns))


def emit(text: str, output: str | None = None, inputs: Iterable[str] = ()) -> None:
    """Print a result, or write it to a file.

    Args:
        text: the whole result.
        output: path of a file; None or ``-`` for stdout.
        inputs: paths that were read and must not be overwritten.

    Raises:
        UsageError: the file cannot be written safely.
    """
    if output not in {None, "-"}:
        _write(Path(output or ""), text, inputs)
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _close_quietly(sys.stdout)


def _write(path: Path, text: str, inputs: Iterable[str]) -> None:
    """Write a file with mode 0600 under a temporary name and rename it, which never follows a link."""
    _refuse_unsafe(path, inputs)
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _refuse_unsafe(path: Path, inputs: Iterable[str]) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error
    if stat.S_ISLNK(found.st_mode):
        raise UsageError("the output file is a link", where=str(path), hint="Name the file itself, or - for stdout.")
    if not stat.S_ISREG(found.st_mode):
        raise UsageError("the output is not a regular file", where=str(path), hint="Name a file, or - for stdout.")
    for name in inputs:
        if name != "-" and Path(name).exists() and path.samefile(name):
            raise UsageError("the output file is an input", where=str(path), hint="Name another file with --output.")


def _unwritable(path: Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"cannot write the report: {reason}", where=str(path), hint="Name another file with --output.")
