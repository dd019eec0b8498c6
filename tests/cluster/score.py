"""What `diagnose` says about recordings, judged as tests/test_incidents.py does: score.py [FOLDER]."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cluster.record import RECORDINGS
from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle


def pairs(entries: list[dict[str, str]] | None) -> set[tuple[str, str]]:
    return {(entry["cause"], entry["entity"]) for entry in entries or []}


def decibels(probability: float) -> float:
    return 10 * math.log10(probability / (1 - probability)) if probability < 1 else math.inf


def verdict(diagnosis: Any, truth: dict[str, Any]) -> str:
    """OK, or what is wrong in one word."""
    true, accepted = pairs(truth.get("truth")), pairs(truth.get("accept"))
    reported = [(cause.id, cause.entity.id) for cause in diagnosis.reported]
    if not true:
        return "BAD false-alarm" if reported else "OK"
    if not set(reported) & (true | accepted):
        return "BAD wrong" if reported else "BAD silent"
    if not set(reported) <= true | accepted:
        return "BAD extra"
    if len(true) > 1 and not true <= set(reported):
        return "BAD missing-one"
    first = diagnosis.causes[0]
    if first.confidence < 0.9:
        return "BAD unsure"
    rivals = [cause for cause in diagnosis.causes if (cause.id, cause.entity.id) not in true | accepted]
    close = rivals and decibels(first.confidence) - decibels(rivals[0].confidence) < 10
    return "BAD close-rival" if close else "OK"


def without_truth(recording: Path, empty: Path) -> Path:
    """A copy of the recording that the answer cannot be read from."""
    return Path(shutil.copytree(recording, empty / recording.name, ignore=shutil.ignore_patterns("truth.yaml")))


def line(recording: Path) -> str:
    """One line of the table."""
    truth = YAML(typ="safe").load((recording / "truth.yaml").read_text())
    with tempfile.TemporaryDirectory() as empty:
        try:
            diagnosis = diagnose(Bundle.read(without_truth(recording, Path(empty))))
        except Exception as error:  # noqa: BLE001
            return f"{recording.name} | BAD {type(error).__name__}: {error}"
    said = [f"{cause.id} @ {cause.entity.id} {cause.confidence:.2f}" for cause in diagnosis.reported]
    below = (
        [f"({cause.id} @ {cause.entity.id} {cause.confidence:.2f})" for cause in diagnosis.causes[:2]]
        if not said
        else []
    )
    wanted = " + ".join(f"{cause} @ {entity}" for cause, entity in sorted(pairs(truth.get("truth")))) or "healthy"
    return f"{recording.name} | {verdict(diagnosis, truth)} | {wanted} | {'; '.join(said or below) or 'nothing'}"


def main(folder: Path) -> None:
    lines = [line(recording) for recording in sorted(folder.iterdir()) if (recording / "truth.yaml").exists()]
    good = sum("| OK |" in row for row in lines)
    head = f"{good} of {len(lines)} OK (id | verdict | truth | reported; in brackets the best that are not reported)"
    (folder / "score.txt").write_text("\n".join([head, *lines]) + "\n")
    print("\n".join([head, *(row for row in lines if "| OK |" not in row)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else RECORDINGS)
