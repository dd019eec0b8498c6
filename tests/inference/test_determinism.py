"""The same bytes in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dotmac_diagnose import inference

STORY = Path(__file__).with_name("story.py")


def test_the_same_bytes_for_every_hash_seed_and_order():
    source = STORY.parents[2] / "engine"
    printed = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(source)}
        run = subprocess.run(
            [sys.executable, str(STORY), seed], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        printed.add(run.stdout)
    assert len(printed) == 1
    assert "postgres.bad_config" in printed.pop()


def test_looking_at_the_knowledge_does_not_import_numpy():
    source = STORY.parents[2] / "engine"
    code = "import sys, dotmac_diagnose.inference; sys.exit('numpy' in sys.modules or 'networkx' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=60).returncode == 0


def test_every_public_name_exists():
    for name in inference.__all__:
        assert getattr(inference, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        _ = inference.nothing
