"""Prints the belief of the disk-full story; run in processes with different hash seeds."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dotmac_diagnose.facts import FactBase
from dotmac_diagnose.inference import infer
from inference.small import DOWNSTREAM, NODE, POSTGRES, PVC, disk_full, observed


def main(seed: int) -> None:
    known, base = disk_full()
    dice = random.Random(seed)
    relations = list(base.relations)
    present = list(DOWNSTREAM)
    dice.shuffle(relations)
    dice.shuffle(present)
    seen = observed(
        present,
        [("kubernetes.pvc_usage_high", PVC)],
        [("postgres.no_space_logged", POSTGRES), ("host.filesystem_full", NODE)],
    )
    print(infer(known, FactBase(relations=relations), seen))


if __name__ == "__main__":
    main(int(sys.argv[1]))
