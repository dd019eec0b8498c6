"""The examples run and say what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("offline.py", 1, "set env deployment/dotmac-worker -c worker REDIS_HOST=redis"),
        ("own_facts.py", 0, "kubernetes.resource_quota_exceeded on namespace/shop"),
    ],
)
def test_the_example_runs(script: str, code: int, says: str) -> None:
    paths = os.pathsep.join(str(ROOT / name) for name in ("engine", "collectors"))
    command = [sys.executable, str(ROOT / "examples" / script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths})
    assert done.returncode == code, done.stderr
    assert says in done.stdout


def test_every_example_is_tested() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {"offline.py", "own_facts.py"}
