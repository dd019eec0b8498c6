"""Whole runs of the command in a process with bounded memory and time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MOST_ADDRESSES = 6 * 1024**3
"""Bytes of address space; a run that asks for more dies."""

MOST_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Args:
        code: exit code.
        out: standard output.
        err: standard error.
        peak_bytes: most memory that it held at once.
    """

    code: int
    out: str
    err: str
    peak_bytes: int


def analyze(folder: Path, *arguments: str) -> Ended:
    """Run ``diagnose analyze`` in a folder; output goes to files, so that no pipe fills up."""
    out, err = folder / ".stdout", folder / ".stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "dotmac_diagnose", "analyze", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=_bound,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Ended(process.returncode, out.read_text(), err.read_text(), peak)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
