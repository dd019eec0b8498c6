"""Recorded incidents end to end: the true cause first, nothing else reported."""

from __future__ import annotations

import io
import math
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle

INCIDENTS = Path(__file__).parent / "incidents"
UNDECIDED = {
    "postgres-volume-full": "whether PostgreSQL's own data filled the claim: the sizes of its databases",
    "secret-rotated-pods-stale": "three workloads share the refusal; the hash of what each runs with",
}
"""Recordings without the evidence that would settle the cause, with what would: at least .5 there."""

RECORDED = sorted(path.name.split(".")[0] for path in INCIDENTS.glob("*.tar.xz"))


def truth_of(path: Path) -> dict[str, Any]:
    with tarfile.open(path) as archive:
        name = next(member for member in archive.getnames() if member.endswith("truth.yaml"))
        stream = archive.extractfile(name)
        assert stream is not None
        return dict(YAML(typ="safe").load(io.BytesIO(stream.read())))


def pairs(entries: list[dict[str, str]] | None) -> set[tuple[str, str]]:
    return {(entry["cause"], entry["entity"]) for entry in entries or []}


def decibels(probability: float) -> float:
    return 10.0 * math.log10(probability / (1.0 - probability)) if probability < 1.0 else math.inf


@pytest.mark.parametrize("incident", RECORDED)
def test_the_true_cause_is_first_and_nothing_else_is_reported(incident: str) -> None:
    path = INCIDENTS / f"{incident}.tar.xz"
    truth = truth_of(path)
    true, accepted = pairs(truth.get("truth")), pairs(truth.get("accept"))
    diagnosis = diagnose(Bundle.read(path))
    reported = [(cause.id, cause.entity.id) for cause in diagnosis.reported]
    assert set(reported) <= true | accepted
    if not true:
        assert reported == []
        assert diagnosis.status == "healthy"
        return
    assert reported[0] in true | accepted
    assert (true & set(reported)) or (accepted & set(reported))
    if len(true) > 1:
        assert true <= set(reported)
    first = diagnosis.causes[0]
    assert first.confidence >= (0.5 if incident in UNDECIDED else 0.9)
    rivals = [cause for cause in diagnosis.causes if (cause.id, cause.entity.id) not in true | accepted]
    if rivals and incident not in UNDECIDED:
        assert decibels(first.confidence) - decibels(rivals[0].confidence) >= 10.0


def test_every_undecided_recording_exists() -> None:
    assert UNDECIDED.keys() <= set(RECORDED)
