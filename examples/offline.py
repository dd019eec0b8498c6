"""Diagnose a capture from Python and take the result apart: the cause, why, and the commands that fix it.

Run it as ``python examples/offline.py PATH``; without a path it takes a recorded incident.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dotmac_diagnose import Bundle, diagnose

INCIDENT = Path(__file__).parents[1] / "tests" / "incidents" / "wrong-hostname-in-environment.tar.xz"


def main(paths: list[str]) -> int:
    diagnosis = diagnose(Bundle.read(*(paths or [INCIDENT])))
    print(diagnosis.headline)
    for cause in diagnosis.reported:
        print(f"{cause.confidence:.0%} {cause.id} on {cause.entity.id}")
        for evidence in cause.evidence[:3]:
            print(f"  because: {evidence.title}: {evidence.detail} ({evidence.weight_db:+.0f} dB)")
    for fix in diagnosis.fixes[:1]:
        print(f"fix: {fix.title} [{fix.risk}, {fix.applicability}]")
        for step in fix.steps:
            print(f"  {step.run}")
    return 1 if diagnosis.reported else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
