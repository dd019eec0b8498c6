"""One record counts once: composites and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotmac_diagnose.facts import Relation

from .building import API, DATABASE, container, decided, finding, get, listed, pod, rules, see

if TYPE_CHECKING:
    from dotmac_diagnose.rules import CompiledRules

PENDING = {"fact": "kubernetes.pod", "where": {"phase": "Pending"}}
UNSCHEDULED = {"fact": "kubernetes.pod", "where": {"scheduled_reason": "Unschedulable"}}
KILLED = {"fact": "kubernetes.container", "where": {"exit_code": 137}}
CLAIM = {"fact": "kubernetes.claim", "where": {"phase": "Lost"}}


def test_a_present_composite_makes_its_parts_unknown() -> None:
    compiled = rules(
        whole=finding([UNSCHEDULED], subsumes=["test.part", "test.absent"]),
        part=finding([PENDING]),
        absent=finding([KILLED]),
    )
    seen = see(compiled, pod(phase="Pending", scheduled_reason="Unschedulable"), container(exit_code=1))
    assert decided(seen, "whole") == ("present", None)
    assert decided(seen, "part") == ("unknown", "subsumed")
    assert decided(seen, "absent") == ("unknown", "subsumed")
    assert get(seen, "part").detail == "phase: Pending"
    assert [item.finding for item in seen.present()] == ["test.whole"]
    assert [item.finding for item in seen.items] == ["test.part", "test.whole"]


def test_a_composite_that_is_not_present_changes_nothing() -> None:
    compiled = rules(whole=finding([UNSCHEDULED], subsumes=["test.part"]), part=finding([PENDING]))
    seen = see(compiled, pod(phase="Pending", scheduled_reason="Other"))
    assert decided(seen, "part") == ("present", None)
    assert decided(see(compiled, pod(phase="Pending")), "part") == ("present", None)


def test_composites_reach_through_composites() -> None:
    compiled = rules(
        top=finding([PENDING], subsumes=["test.middle"]),
        middle=finding([PENDING], subsumes=["test.low"]),
        low=finding([PENDING]),
    )
    seen = see(compiled, pod(phase="Pending"))
    assert [item.finding for item in seen.present()] == ["test.top"]
    assert decided(seen, "low") == ("unknown", "subsumed")


def test_a_composite_on_another_entity_reaches_along_its_path() -> None:
    from dotmac_diagnose.facts import fact
    from dotmac_diagnose.facts.kubernetes import Claim

    compiled = rules(
        lost=finding([CLAIM], entity="persistentvolumeclaim"),
        whole=finding(
            [
                {
                    "all": [
                        {"as": "s", "relation": "stores_on"},
                        {"finding": "test.lost", "join": {"entity": "s.target"}},
                    ],
                    "on": "s.source",
                }
            ],
            entity="postgres",
            subsumes=["test.lost"],
            subsumes_via={"test.lost": "postgres -stores_on-> persistentvolumeclaim"},
        ),
    )
    claim, other = "persistentvolumeclaim/shop/data", "persistentvolumeclaim/shop/other"
    facts = [fact(claim, Claim(phase="Lost")), fact(other, Claim(phase="Lost"))]
    seen = see(compiled, *facts, relations=[Relation("stores_on", DATABASE, claim)])
    assert decided(seen, "whole", DATABASE) == ("present", None)
    assert decided(seen, "lost", claim) == ("unknown", "subsumed")
    assert decided(seen, "lost", other) == ("present", None)


def grouped(**special: Any) -> CompiledRules:
    return rules(
        general=finding([PENDING], source_group="the scheduler", general=True),
        special=finding([UNSCHEDULED], source_group="the scheduler", **special),
        alone=finding([PENDING]),
    )


def test_a_present_special_one_makes_the_general_one_unknown() -> None:
    seen = see(grouped(), pod(phase="Pending", scheduled_reason="Unschedulable"))
    assert decided(seen, "special") == ("present", None)
    assert decided(seen, "general") == ("unknown", "subsumed")
    assert decided(seen, "alone") == ("present", None)


def test_an_absent_special_one_leaves_the_general_one() -> None:
    seen = see(grouped(), pod(phase="Pending", scheduled_reason="Other"))
    assert decided(seen, "general") == ("present", None)
    assert decided(seen, "special") == ("absent", None)


def test_an_absent_general_one_tells_for_the_special_ones() -> None:
    seen = see(grouped(), listed("pods"))
    assert decided(seen, "general") == ("absent", None)
    assert decided(seen, "special") == ("unknown", "subsumed")


def test_unless_the_general_one_says_nothing_about_them() -> None:
    seen = see(grouped(group_when_present_only=True), listed("pods"))
    assert decided(seen, "special") == ("absent", None)


def test_groups_stay_on_their_entity() -> None:
    facts = (pod(phase="Pending", scheduled_reason="Unschedulable"), pod("job/shop/a", phase="Pending"))
    seen = see(grouped(), *facts)
    assert decided(seen, "general", "job/shop/a") == ("present", None)
    assert decided(seen, "general", API) == ("unknown", "subsumed")
