"""Start-up cost: ``diagnose --help`` and ``import dotmac_diagnose`` next to ``python -c pass``.

Medians of several runs of each command in turn, so that a noisy machine hits all alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import dotmac_diagnose": [sys.executable, "-c", "import dotmac_diagnose"],
    "diagnose --help": [sys.executable, "-m", "dotmac_diagnose.cli.main", "--help"],
}
RUNS = 11


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print the median of every command and its ratio to the bare interpreter."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    floor = statistics.median(times["python -c pass"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:28} {median * 1000:7.1f} ms   {median / floor:5.2f} x")


if __name__ == "__main__":
    main()
