"""Injects faults into the cluster of the tests one after another and records each: run.py [--again] [ID or FILE]...

Without names it takes every fault of faults/*.yaml that has no recording yet.
"""

from __future__ import annotations

import re
import shutil
import signal
import sys
import time
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cluster.inject import Undo, inject, wait_until_seen
from cluster.lab import NAMESPACE, guard
from cluster.record import RECORDINGS, record
from cluster.reset import now, reset

FAULTS = Path(__file__).parent / "faults"
STORED = re.compile(r"^(?:postgres|redis)\.")


def faults() -> list[dict[str, Any]]:
    """All faults with the name of their file, one of each file in turn: a run cut short has seen every area."""
    loaded = ((path.stem, YAML(typ="safe").load(path.read_text())) for path in sorted(FAULTS.glob("*.yaml")))
    files = [[fault | {"file": name} for fault in entries] for name, entries in loaded]
    return [fault for row in zip_longest(*files) for fault in row if fault]


def truth_of(fault: dict[str, Any]) -> dict[str, Any]:
    """What truth.yaml of the recording says."""
    return {
        "id": fault["id"],
        "truth": [dict(entry) for entry in fault.get("truth", [])],
        "accept": [dict(entry) for entry in fault.get("accept", [])],
        "notes": fault.get("notes", ""),
        "recorded": now(),
        "namespace": NAMESPACE,
    }


def take(fault: dict[str, Any]) -> bool:
    """Injects, records, undoes; false when the fault never showed (then nothing is kept)."""
    folder, since = RECORDINGS / fault["id"], now()
    undo: list[Undo] = []
    try:
        inject(fault, undo)
        if shown := wait_until_seen(fault, since):
            time.sleep(float(fault.get("settle", 8)))
            shutil.rmtree(folder, ignore_errors=True)
            record(folder, with_servers=any(STORED.match(entry["cause"]) for entry in fault.get("truth", [])))
            YAML().dump(truth_of(fault), folder / "truth.yaml")
        return shown
    finally:
        for step in reversed(undo):
            step()


def main(arguments: list[str]) -> None:
    again = "--again" in arguments
    names = {argument for argument in arguments if not argument.startswith("--")}
    guard()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the fault is undone"))
    reset()
    for fault in faults():
        if names and not names & {fault["id"], fault["file"]}:
            continue
        if (RECORDINGS / fault["id"] / "truth.yaml").exists() and not again:
            continue
        began = time.monotonic()
        try:
            shown = take(fault)
        except (RuntimeError, OSError) as error:
            print(f"{now()} {fault['id']}: FAILED {error}", flush=True)
            reset()
            continue
        result = "recorded" if shown else "NEVER SEEN"
        print(f"{now()} {fault['id']}: {result} [{time.monotonic() - began:.0f} s]", flush=True)
        reset()


if __name__ == "__main__":
    main(sys.argv[1:])
