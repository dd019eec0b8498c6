"""The report names the kinds that a capture does not hold."""

from __future__ import annotations

from dotmac_diagnose.facts import Fact, FactBase, Status
from dotmac_diagnose.facts.kubernetes import ResourceList
from dotmac_diagnose.facts.logs import LogCoverage
from dotmac_diagnose.remedies.gaps import WANTED, kinds_not_captured


def listed(name: str) -> Fact:
    return Fact("cluster/default", ResourceList.kind, ResourceList(list_of=name, count=0))


def logs() -> Fact:
    return Fact("pod/shop/api", LogCoverage.kind, None)


def test_a_whole_capture_lacks_nothing() -> None:
    assert kinds_not_captured(FactBase([*map(listed, (*WANTED, "volumestats")), logs()])) is None


def test_each_missing_kind_is_named() -> None:
    held = [name for name in WANTED if name not in ("jobs", "statefulsets")]
    found = kinds_not_captured(FactBase(map(listed, held)))
    assert found is not None
    assert (found.collector, found.status.value) == ("capture", "partial")
    assert found.reason == "holds no statefulsets, jobs, volume use, logs"


def test_old_endpoints_stand_for_slices() -> None:
    names = [name for name in WANTED if name != "endpointslices"]
    assert kinds_not_captured(FactBase([*map(listed, (*names, "endpoints", "volumestats")), logs()])) is None


def test_a_refused_list_has_its_own_outcome() -> None:
    names = [name for name in WANTED if name != "secrets"]
    refused = Fact("cluster/default", ResourceList.kind, None, status=Status.DENIED, source="secrets")
    assert kinds_not_captured(FactBase([*map(listed, (*names, "volumestats")), refused, logs()])) is None


def test_facts_of_other_systems_lack_no_kind() -> None:
    assert kinds_not_captured(FactBase([logs()])) is None
