"""Diagnosis of one recorded incident, next to ``python -c pass`` and to reading its JSON.

Wall time is the median of several runs in turn, each in a process of its own, so that a noisy machine hits
all alike. ``inside`` is what the run itself reports: reading, rules, inference, remedies.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

INCIDENT = Path(__file__).parent.parent / "tests" / "incidents" / "image-tag-wrong.tar.xz"
RUNS = 11
_LOADS = (
    "import json, pathlib, sys\nfor path in pathlib.Path(sys.argv[1]).rglob('*.json'): json.loads(path.read_bytes())"
)
_ANALYZE = ["-m", "dotmac_diagnose", "analyze", "--format", "json", "--fail-on", "never"]


def commands(folder: Path) -> dict[str, list[str]]:
    """Return the command lines by name."""
    return {
        "python -c pass": ["-c", "pass"],
        "json.loads of all its files": ["-c", _LOADS, str(folder)],
        "diagnose analyze (folder)": [*_ANALYZE, str(folder)],
        "diagnose analyze (.tar.xz)": [*_ANALYZE, str(INCIDENT)],
    }


def run(command: list[str]) -> tuple[float, bytes]:
    """Return the seconds of one run and what it printed."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - started, done.stdout


def main() -> None:
    """Print the median of every command, and the stages of the diagnosis."""
    with tempfile.TemporaryDirectory() as parent:
        with tarfile.open(INCIDENT) as archive:
            archive.extractall(parent, filter="data")
        wanted = commands(Path(parent))
        times: dict[str, list[float]] = {name: [] for name in wanted}
        stages: list[dict[str, float]] = []
        for _ in range(RUNS):
            for name, command in wanted.items():
                seconds, printed = run(command)
                times[name].append(seconds)
                if name.endswith("(folder)"):
                    stages.append(json.loads(printed)["timings_ms"])
    floor = statistics.median(times["python -c pass"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:28} {median * 1000:7.1f} ms   {median / floor:6.2f} x")
    for stage in stages[0]:
        print(f"  inside, {stage:18} {statistics.median(item[stage] for item in stages):7.1f} ms")


if __name__ == "__main__":
    main()
