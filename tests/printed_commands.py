"""Running printed commands where nothing but recorders can run."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dotmac_diagnose.diagnosis import Diagnosis, Fix

TOOLS = ("kubectl", "psql", "redis-cli", "docker", "helm", "systemctl", "nginx", "curl", "sudo", "alembic", "pg_ctl")
"""What a printed command may run."""

FORBIDDEN = ("touch", "a", "b", "x", "DROP", "history", "double")
"""What only a name that escaped its quotes would run."""

_RECORDER = """#!/bin/sh
printf '%s\\0' "$#" "${0##*/}" "$@" >> "$RECORD"
"""
VARIABLES = {"START_POSTGRES": "pg_ctl start", "RESTART_POSTGRES": "pg_ctl restart", "CLIENT_PASSWORD": "given"}
"""What the preconditions of fixes ask a person to set."""

_COMMAND = re.compile(rf"(?:{'|'.join(map(re.escape, TOOLS))})\s")


@dataclass(frozen=True, slots=True)
class Recorders:
    """A PATH that holds recorders only, and an empty folder to run in."""

    programs: Path
    folder: Path
    record: Path

    @classmethod
    def install(cls, parent: Path) -> Recorders:
        """Write one recorder per program name."""
        programs, folder = parent / "programs", parent / "empty"
        programs.mkdir()
        folder.mkdir()
        (programs / "sh").symlink_to("/bin/sh")
        for name in (*TOOLS, *FORBIDDEN):
            (programs / name).write_text(_RECORDER)
            (programs / name).chmod(0o755)
        return cls(programs, folder, parent / "record")

    def run(self, command: str) -> list[list[str]]:
        """Run a command line under ``sh`` and return the argument lists that were recorded.

        It must succeed, say nothing, and leave no file behind.
        """
        self.record.unlink(missing_ok=True)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={**VARIABLES, "PATH": str(self.programs), "RECORD": str(self.record), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command
        assert list(self.folder.iterdir()) == [], command
        return _calls(self.record.read_bytes().split(b"\0")[:-1])


def _calls(words: list[bytes]) -> list[list[str]]:
    calls: list[list[str]] = []
    while words:
        count = int(words[0]) + 1
        calls.append([word.decode() for word in words[1 : 1 + count]])
        words = words[1 + count :]
    return calls


def lines_of(fix: Fix) -> list[str]:
    """Return the steps of a fix that a person would paste into a shell, and its way back."""
    steps = [step.run for step in fix.steps if step.tool != "manual"]
    return [*steps, *(text for text in fix.rollback if _COMMAND.match(text))]


def commands_of(diagnosis: Diagnosis) -> list[str]:
    """Return every command line that a report prints, each once."""
    lines = [line for fix in diagnosis.fixes for line in lines_of(fix)]
    lines += [check.how for check in diagnosis.next_checks if _COMMAND.match(check.how)]
    return list(dict.fromkeys(lines))
