"""Large platforms: lazy descent and the screen against the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose.inference import Belief, assembly, infer
from dotmac_diagnose.rules.observation import Observation, Observations, Presence
from inference.small import edge, knowledge, platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge

CAUSES = 180
ALL = "cluster <-part_of- workload"


class Quiet:
    """Answers: no probe fails, everything else was not looked at."""

    def __init__(self, known: Knowledge, undecided: Iterable[str] = ()) -> None:
        self.known = known
        self.undecided = set(undecided)

    def decide(self, finding: str, entity: str) -> Observation | None:
        if not entity.startswith(("deployment/", "cluster/")):
            return None
        looked = finding in {"app.probe", "app.slow"} and entity not in self.undecided
        presence = Presence.ABSENT if looked else Presence.UNKNOWN
        return Observation(finding, entity, presence, reason=None if looked else "not_collected")

    def findings_of(self, entity: str) -> Sequence[str]:
        return sorted(self.known.findings) if entity.startswith("deployment/") else ()

    def undecided_pairs(self) -> Iterable[tuple[str, str]]:
        return ()


def story() -> Knowledge:
    own = {
        f"app.c{number:03d}": {
            "entity": "workload",
            "leads_to": [edge("app.unready", "often"), edge(f"app.f{number:03d}", "sometimes")],
        }
        for number in range(CAUSES)
    }
    shared = {
        "dns.everything_down": {
            "entity": "cluster",
            "prior": "common",
            "leads_to": [edge("app.unready", "almost_always", ALL), edge("app.starved", "often", ALL)],
        },
        "kubernetes.quota_used_up": {
            "entity": "cluster",
            "prior": "common",
            "leads_to": [edge("app.unready", "almost_always", ALL, spread="some")],
        },
    }
    states = {
        "app.unready": {"entity": "workload", "leads_to": [edge("app.probe", "almost_always"), edge("app.starved")]},
        "app.starved": {"entity": "workload", "leads_to": [edge("app.slow", "often")]},
    }
    findings = {f"app.f{number:03d}": {"entity": "workload"} for number in range(CAUSES)}
    findings |= {"app.probe": {"entity": "workload"}, "app.slow": {"entity": "workload"}}
    return knowledge({**own, **shared}, states, findings)


def cluster(workloads: int) -> FactBase:
    return platform(*(("part_of", f"deployment/shop/w{number:04d}", "cluster/c") for number in range(workloads)))


def diagnosed(
    workloads: int,
    present: list[tuple[str, str]],
    undecided: Iterable[str] = (),
    focus: Sequence[tuple[str, str | None]] = (),
) -> Belief:
    known = story()
    seen = Observations([Observation(*key, Presence.PRESENT) for key in present], decisions=Quiet(known, undecided))
    return infer(known, cluster(workloads), seen, focus=focus)


FIRST = "deployment/shop/w0000"


def test_one_fault_on_a_large_platform_is_a_small_network():
    belief = diagnosed(2000, [("app.probe", FIRST), ("app.f007", FIRST)])
    assert (belief.causes[0].cause, belief.causes[0].entity) == ("app.c007", FIRST)
    assert belief.causes[0].probability > 0.9
    assert not any(item.cause == "dns.everything_down" for item in belief.causes)
    assert belief.nodes < 600
    assert belief.mode in {"exact", "exact-screened"}


def test_healthy_siblings_refute_what_would_have_hit_them():
    healthy = diagnosed(40, [("app.probe", FIRST)])
    names = [f"deployment/shop/w{number:04d}" for number in range(40)]
    unseen = diagnosed(40, [("app.probe", FIRST)], undecided=names[1:])
    assert unseen.causes[0].cause == "dns.everything_down"
    assert not any(item.cause == "dns.everything_down" for item in healthy.causes)
    asked = diagnosed(40, [("app.probe", FIRST)], focus=[("dns.everything_down", None)])
    found = next(item for item in asked.causes if item.cause == "dns.everything_down")
    absent = [item for item in found.contributions if item.status == "absent"]
    assert len(absent) > 30
    assert all(item.weight_db < 0 for item in absent)


def test_all_down_is_the_shared_cause():
    everywhere = [("app.probe", f"deployment/shop/w{number:04d}") for number in range(25)]
    belief = diagnosed(25, everywhere)
    assert belief.causes[0].cause == "dns.everything_down"
    assert belief.causes[0].probability > 0.9
    assert len(belief.causes[0].explains) == 25
    assert all(item.probability < 0.3 for item in belief.causes[1:])


@pytest.mark.parametrize("present", [["app.probe"], ["app.probe", "app.f007"], ["app.probe", "app.slow", "app.f001"]])
def test_lazy_and_whole_agree(present: list[str], monkeypatch: pytest.MonkeyPatch):
    pairs = [(name, FIRST) for name in present]
    lazy = diagnosed(12, pairs)
    monkeypatch.setattr(assembly, "SMALL", 10**6)
    whole = diagnosed(12, pairs)
    assert whole.mode == "exact"
    expected = {(item.cause, item.entity): item.probability for item in whole.causes}
    found = {(item.cause, item.entity): item.probability for item in lazy.causes}
    assert found.keys() >= {key for key, value in expected.items() if value > 0.02}
    for key, value in found.items():
        assert value == pytest.approx(expected.get(key, 0.0), abs=0.005), key
