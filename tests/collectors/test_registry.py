"""Collectors are found by entry points; a broken one is an outcome, and foreign code runs only when named."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, EntryPoint, PathDistribution, entry_points
from pathlib import Path

import pytest

from collectors.misbehaving import Made, behaves
from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.facts import OutcomeStatus
from dotmac_diagnose_collectors.base import Collector
from dotmac_diagnose_collectors.registry import GROUP, OWN, find_collectors


def good() -> Collector:
    return Made(behaves, "good")


def fails() -> Collector:
    raise RuntimeError("no such library")


def leaves() -> Collector:
    sys.exit(3)


def number() -> int:
    return 5


class Half:
    id = "half"


def distribution(folder: Path, name: str) -> Distribution:
    folder = folder / f"{name}-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    return PathDistribution(folder)


def points(folder: Path, owner: str, **places: str) -> list[EntryPoint]:
    dist = distribution(folder, owner)
    made = [EntryPoint(name, place if ":" in place else f"{__name__}:{place}", GROUP) for name, place in places.items()]
    for point in made:
        vars(point)["dist"] = dist
    return made


def test_every_broken_entry_is_an_outcome(tmp_path: Path) -> None:
    found = find_collectors(
        points=[
            *points(
                tmp_path, OWN, good="good", half="Half", fails="fails", leaves="leaves", number="number", other="good",
                absent="absent", module="no_such_module:x", call="GROUP",
            ),
            EntryPoint("good", f"{__name__}:good", GROUP),
        ]
    )  # fmt: skip
    assert [item.id for item in found.collectors] == ["good"]
    reasons = {item.collector: (item.status, item.reason or "") for item in found.outcomes}
    for name, word in {
        "half": "lacks a part", "fails": "RuntimeError: no such library", "leaves": "SystemExit: 3",
        "number": "lacks a part", "other": "its id is 'good'", "absent": "AttributeError",
        "module": "ModuleNotFoundError", "call": "TypeError",
    }.items():  # fmt: skip
        assert reasons[name][0] is OutcomeStatus.FAILED
        assert reasons[name][1].startswith("the collector cannot be loaded: ")
        assert word in reasons[name][1]


def test_two_with_one_id_are_one_and_an_outcome(tmp_path: Path) -> None:
    twice = [*points(tmp_path, OWN, good="good"), *points(tmp_path / "x", OWN, good="good")]
    found = find_collectors(points=twice)
    assert len(found.collectors) == 1
    assert "same id" in (found.outcomes[0].reason or "")


def test_only_and_skip(tmp_path: Path) -> None:
    made = points(tmp_path, OWN, good="good", half="Half")
    found = find_collectors(only=["good"], points=made)
    assert [item.id for item in found.collectors] == ["good"]
    assert [(item.collector, item.status, item.reason) for item in found.outcomes] == [
        ("half", OutcomeStatus.SKIPPED, "left out with --only")
    ]
    found = find_collectors(skip=["good", "half"], points=made)
    assert found.collectors == ()
    assert {item.reason for item in found.outcomes} == {"left out with --skip"}
    for option in ("only", "skip"):
        with pytest.raises(UsageError, match=rf"no collector gud \(--{option}\)\. There are: good, half"):
            find_collectors(**{option: ["gud"]}, points=made)


@pytest.mark.parametrize("owner", ["evil-diagnose", "dotmac-diagnose-more"])
def test_foreign_code_runs_only_when_named(tmp_path: Path, owner: str) -> None:
    made = points(tmp_path, owner, good="good", bomb="leaves")
    found = find_collectors(points=made)
    assert found.collectors == ()
    assert {item.status for item in found.outcomes} == {OutcomeStatus.SKIPPED}
    assert all(f"foreign code of {owner}" in (item.reason or "") for item in found.outcomes)
    assert [item.id for item in find_collectors(only=["good"], points=made).collectors] == ["good"]


def test_our_own_entries_load() -> None:
    own = [point for point in entry_points(group=GROUP) if point.dist is not None and point.dist.name == OWN]
    found = find_collectors(points=own)
    assert [item for item in found.outcomes if item.status is OutcomeStatus.FAILED] == []
    assert [item.id for item in found.collectors] == sorted(point.name for point in own)
