from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from dotmac_diagnose.cli.main import main

_SOURCE = Path(__file__).parent.parent.parent
PATHS = os.pathsep.join(str(_SOURCE / name) for name in ("engine", "collectors"))
"""Where a process of its own finds the packages."""
INCIDENTS = Path(__file__).parent.parent / "incidents"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("DIAGNOSE_")] + ["NO_COLOR", "COLUMNS"]:
        monkeypatch.delenv(name, raising=False)
    # A cluster of this machine is no target of a test.
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> Result:
        code = main([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return Result(code, seen.out, seen.err)

    return call


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the program as its own process; what is still open at the end is closed."""
    with ExitStack() as stack:

        def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "dotmac_diagnose", *map(str, arguments)]
            pipe = subprocess.PIPE
            started = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, env=os.environ | {"PYTHONPATH": PATHS} | environment
            )
            for stream in (started.stdin, started.stdout, started.stderr):
                if stream is not None:
                    stack.callback(stream.close)
            stack.callback(started.wait, 30)
            return started

        yield start


@pytest.fixture(scope="session")
def incident() -> Path:
    return INCIDENTS / "image-tag-wrong.tar.xz"


@pytest.fixture(scope="session")
def healthy() -> Path:
    return INCIDENTS / "healthy-1.tar.xz"
