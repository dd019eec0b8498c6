"""The same input gives the same bytes: in every process, for every hash seed, order of files and of objects."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from capture_forms import names, unpacked
from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle

SAMPLE = ("coredns-scaled-to-zero", "finalizer-blocks-deletion", "postgres-wrong-password", "two-selector-and-image")
CAPTURE = "capture"


def shuffled(folder: Path, seed: str) -> Path:
    """Put the objects of every list of a capture in another order, in place."""
    order = random.Random(seed)
    for path in sorted(folder.rglob("*.json")):
        value = json.loads(path.read_bytes())
        if isinstance(value.get("items"), list):
            order.shuffle(value["items"])
        keys = list(value.items())
        order.shuffle(keys)
        path.write_text(json.dumps(dict(keys)))
    return folder


def analysed(folder: Path, hash_seed: str, *inputs: str) -> bytes:
    """Run ``diagnose analyze --format json`` in a folder and return its output without the timings."""
    done = subprocess.run(
        [sys.executable, "-m", "dotmac_diagnose", "analyze", "--format", "json", "--fail-on", "never", *inputs],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    lines = done.stdout.splitlines(keepends=True)
    start = lines.index(b'  "timings_ms": {\n')
    assert json.loads(done.stdout)["timings_ms"]["total"] > 0
    assert lines[-2:] == [b"  }\n", b"}\n"]
    return b"".join(lines[:start])


def copy_of(incident: str, folder: Path) -> Path:
    return unpacked(incident, folder).rename(folder / CAPTURE)


@pytest.mark.parametrize("incident", SAMPLE)
def test_two_processes_with_other_hash_seeds(tmp_path: Path, incident: str) -> None:
    copy_of(incident, tmp_path)
    first = analysed(tmp_path, "0", CAPTURE)
    assert json.loads(first.rstrip(b",\n") + b"}")["collectors"]
    assert analysed(tmp_path, "1", CAPTURE) == first
    shuffled(tmp_path / CAPTURE, incident)
    assert analysed(tmp_path, "random", CAPTURE) == first


@pytest.mark.parametrize("incident", SAMPLE[:2])
def test_files_in_any_order(tmp_path: Path, incident: str) -> None:
    files = [str(path.relative_to(tmp_path)) for path in copy_of(incident, tmp_path).rglob("kubectl/*.json")]
    files += [str(path.relative_to(tmp_path)) for path in tmp_path.glob(f"{CAPTURE}/stats-*.json")]
    order = random.Random(incident)
    first = analysed(tmp_path, "0", *sorted(files))
    order.shuffle(files)
    assert analysed(tmp_path, "1", *files) == first


@pytest.mark.parametrize("incident", SAMPLE[:1])
def test_members_of_an_archive_in_any_order(tmp_path: Path, incident: str) -> None:
    files = sorted(path for path in copy_of(incident, tmp_path).rglob("*") if path.is_file())
    order = random.Random(incident)
    results = set()
    for seed in ("0", "1"):
        with tarfile.open(tmp_path / "capture.tar", "w") as archive:
            for path in files:
                archive.add(path, path.relative_to(tmp_path))
        results.add(analysed(tmp_path, seed, "capture.tar"))
        order.shuffle(files)
    assert len(results) == 1


def told(path: Path) -> dict[str, Any]:
    report = diagnose(Bundle.read(path)).model_dump(mode="json", by_alias=True)
    del report["timings_ms"]
    return report


@pytest.mark.parametrize("incident", names()[::3])
def test_objects_in_any_order(tmp_path: Path, incident: str) -> None:
    folder = copy_of(incident, tmp_path)
    first = told(folder)
    assert told(shuffled(folder, incident)) == first
