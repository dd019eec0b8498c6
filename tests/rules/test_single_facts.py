"""Findings that one fact decides: present, absent or unknown with its reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dotmac_diagnose.facts import FactBase, Outcome, OutcomeStatus, Relation, Status, fact
from dotmac_diagnose.facts.kubernetes import Container, Event, Pod
from dotmac_diagnose.facts.logs import LogMessage
from dotmac_diagnose.rules import Presence, observe_compiled

from .building import (
    API,
    WORKER,
    container,
    decided,
    event,
    finding,
    get,
    listed,
    message,
    pod,
    rules,
    see,
    unseen,
    workload,
)

OOM = {"fact": "kubernetes.container", "where": {"exit_reason": "OOMKilled"}}
PENDING = {"fact": "kubernetes.pod", "where": {"phase": "Pending"}}


def test_a_fact_that_passes_makes_it_present() -> None:
    seen = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    late = fact(API, Container(pod="shop/api-2", container="a", role="main", exit_reason="OOMKilled"), observed_at=seen)
    early = fact(
        API,
        Container(pod="shop/api-1", container="a", role="main", exit_reason="oomkilled", exit_code=137),
        observed_at=seen.replace(hour=7),
    )
    other = container(exit_reason="Error")
    item = get(see(rules(a=finding([OOM], detail="{pod} exit {exit_code}")), late, early, other), "a")
    assert item.presence is Presence.PRESENT
    assert item.reason is None
    assert item.facts == (early, late)
    assert item.affected == ("pod/shop/api-1", "pod/shop/api-2")
    assert item.observed_at == seen.replace(hour=7)
    assert item.detail == "shop/api-1 exit 137 (and 1 more)"
    assert item.rule == "test.a#0"
    assert item.bindings["exit_code"] == 137
    assert item.bindings["pod"] == "shop/api-1"
    assert "exit_signal" not in item.bindings


def test_an_alternative_has_a_text_of_its_own() -> None:
    compiled = rules(a=finding([PENDING, {**OOM, "detail": "{pod} ran out of memory"}], detail="{pod} is not running"))
    assert get(see(compiled, container(exit_reason="OOMKilled")), "a").detail == "shop/api-1 ran out of memory"
    assert get(see(compiled, pod(phase="Pending")), "a").detail == "shop/api-1 is not running"


def test_without_a_text_the_tested_fields_are_told() -> None:
    assert get(see(rules(a=finding([OOM])), container(exit_reason="OOMKilled")), "a").detail == "exit_reason: OOMKilled"


def test_truth_values_are_told_only_where_there_is_nothing_else() -> None:
    both = {"fact": "kubernetes.container", "where": {"superseded": False, "exit_code": 137}}
    one = {"fact": "kubernetes.container", "where": {"superseded": False}}
    seen = see(rules(a=finding([both]), b=finding([one])), container(exit_code=137))
    assert get(seen, "a").detail == "exit_code: 137"
    assert get(seen, "b").detail == "superseded: no"


def test_a_fact_that_does_not_pass_makes_it_absent() -> None:
    assert decided(see(rules(a=finding([OOM])), container(exit_reason="Error")), "a") == ("absent", None)


def test_a_field_that_was_not_seen_makes_it_unknown() -> None:
    seen = see(rules(a=finding([OOM])), container(), container(name="shop/api-2", exit_reason="Error"))
    assert decided(seen, "a") == ("unknown", "not_collected")
    assert [(item.finding, item.entity) for item in seen.items] == [("test.a", API)]


def test_one_fact_that_passes_outweighs_those_not_seen() -> None:
    seen = see(
        rules(a=finding([OOM])),
        container(),
        unseen(Container),
        container(name="shop/api-2", exit_reason="OOMKilled"),
    )
    assert decided(seen, "a") == ("present", None)


def test_a_false_field_decides_whatever_was_not_seen() -> None:
    rule = {"fact": "kubernetes.container", "where": {"exit_reason": "OOMKilled", "exit_code": 137}}
    assert decided(see(rules(a=finding([rule])), container(exit_code=1)), "a") == ("absent", None)


@pytest.mark.parametrize("status", [Status.DENIED, Status.UNREACHABLE, Status.TIMEOUT, Status.UNSUPPORTED])
def test_a_source_that_could_not_be_read_is_the_reason(status: Status) -> None:
    facts = (unseen(Container, status=status), container(exit_reason="Error"), listed("pods"))
    seen = see(rules(a=finding([OOM])), *facts)
    assert decided(seen, "a") == ("unknown", status.value)
    assert seen.items[0].reason == status.value


def test_an_empty_answer_is_an_answer() -> None:
    assert decided(see(rules(a=finding([OOM])), unseen(Container, status=Status.EMPTY)), "a") == ("absent", None)


def test_without_facts_the_list_decides() -> None:
    compiled = rules(a=finding([OOM]))
    assert decided(see(compiled), "a") == ("unknown", "not_collected")
    assert decided(see(compiled, listed("pods")), "a") == ("absent", None)
    assert decided(see(compiled, listed("pods", namespace="shop")), "a") == ("absent", None)
    assert decided(see(compiled, listed("pods", namespace="other")), "a") == ("unknown", "not_collected")
    assert decided(see(compiled, listed("pods", complete=False)), "a") == ("unknown", "failed")
    base = FactBase(outcomes=[Outcome("pods", OutcomeStatus.DENIED)])
    assert decided(observe_compiled(compiled, base, engine="python"), "a") == ("unknown", "denied")


def test_silence_that_proves_nothing() -> None:
    rule = {"fact": "kubernetes.event", "where": {"reason": "FailedCreate"}}
    compiled = rules(a=finding([rule], absent={"never": "expired"}))
    assert decided(see(compiled, event("none", reason="Pulled"), listed("events")), "a") == ("unknown", "expired")
    assert decided(see(compiled, event("none", reason="FailedCreate")), "a") == ("present", None)
    assert decided(see(compiled, unseen(Event)), "a") == ("unknown", "denied")


def test_absent_needs_an_attempt() -> None:
    tried = {"fact": "kubernetes.workload", "where": {"desired": {"gt": 0}}}
    compiled = rules(a=finding([PENDING], absent={"attempted": [tried]}))
    facts = (pod(phase="Running"), listed("pods"))
    assert decided(see(compiled, *facts), "a") == ("unknown", "no_attempt")
    assert decided(see(compiled, *facts, workload(desired=0)), "a") == ("unknown", "no_attempt")
    assert decided(see(compiled, *facts, workload()), "a") == ("unknown", "no_attempt")
    assert decided(see(compiled, *facts, workload(desired=2)), "a") == ("absent", None)
    assert decided(see(compiled, pod(phase="Pending")), "a") == ("present", None)


def test_alternatives_are_an_or() -> None:
    compiled = rules(a=finding([OOM, PENDING]))
    assert decided(see(compiled, container(exit_reason="Error"), pod(phase="Pending")), "a") == ("present", None)
    assert decided(see(compiled, container(exit_reason="Error"), pod(phase="Running")), "a") == ("absent", None)
    assert decided(see(compiled, container(exit_reason="Error"), pod()), "a") == ("unknown", "not_collected")
    first_reason = see(compiled, unseen(Container), unseen(Pod, status=Status.TIMEOUT))
    assert decided(first_reason, "a") == ("unknown", "denied")


def test_the_first_alternative_that_holds_is_told() -> None:
    compiled = rules(a=finding([OOM, PENDING], detail="{pod}: {phase}"))
    both = get(see(compiled, pod(phase="Pending"), container(exit_reason="OOMKilled")), "a")
    assert (both.rule, both.detail) == ("test.a#0", "shop/api-1: unknown (and 1 more)")
    assert len(both.facts) == 2


def test_one_fact_that_fits_two_alternatives_counts_once() -> None:
    again = {"fact": "kubernetes.pod", "where": {"ready": False}}
    item = get(see(rules(a=finding([PENDING, again], detail="x")), pod(phase="Pending", ready=False)), "a")
    assert (item.detail, len(item.facts)) == ("x", 1)


def test_a_finding_without_a_rule_is_unknown() -> None:
    assert decided(see(rules(a=finding()), listed("pods")), "a") == ("unknown", "not_collected")


def test_only_fitting_types_carry_a_finding() -> None:
    compiled = rules(a=finding([PENDING]), b=finding([PENDING], entity="job"))
    seen = see(compiled, pod(phase="Pending"), pod("job/shop/migrate", phase="Pending"))
    assert seen.get("test.b", API) is None
    assert seen.get("test.none", API) is None
    assert decided(seen, "a", "job/shop/migrate") == ("present", None)
    assert decided(seen, "b", "job/shop/migrate") == ("present", None)
    assert [item.finding for item in seen.all_for(API)] == ["test.a"]
    assert [item.finding for item in seen.all_for("job/shop/migrate")] == ["test.a", "test.b"]
    assert seen.all_for("node/n1") == ()


def test_an_owned_pod_carries_nothing_of_its_own() -> None:
    compiled = rules(a=finding([PENDING]))
    owns = Relation("owns", API, "pod/shop/api-1")
    seen = see(compiled, listed("pods"), relations=[owns])
    assert seen.get("test.a", "pod/shop/api-1") is None
    assert seen.all_for("pod/shop/api-1") == ()
    assert decided(seen, "a", "pod/shop/bare") == ("absent", None)
    assert decided(see(compiled, pod("pod/shop/api-1", phase="Pending"), relations=[owns]), "a", "pod/shop/api-1") == (
        "present",
        None,
    )


def test_texts_are_looked_for_in_the_named_field_only() -> None:
    rule = {"fact": "log.message", "where": {"text": {"contains": ["connection refused"]}}}
    compiled = rules(a=finding([rule], absent={"never": "expired"}))
    assert decided(see(compiled, message("Connection  refused by db")), "a") == ("present", None)
    assert decided(see(compiled, message("fine", detail="connection refused")), "a") == ("unknown", "expired")
    assert decided(see(compiled, event("connection refused")), "a") == ("unknown", "expired")


def test_values_of_a_foreign_model_are_not_read() -> None:
    foreign = fact(API, LogMessage(text="a", current=True))
    odd = type(foreign)(entity=API, kind="kubernetes.container", values=foreign.values)
    assert decided(see(rules(a=finding([OOM])), odd), "a") == ("unknown", "not_collected")


def test_present_and_items_are_sorted() -> None:
    compiled = rules(b=finding([PENDING]), a=finding([PENDING]), c=finding([OOM]))
    seen = see(compiled, pod(WORKER, phase="Pending"), pod(phase="Pending"), container(WORKER))
    expected = [("test.a", API), ("test.a", WORKER), ("test.b", API), ("test.b", WORKER)]
    assert [(item.finding, item.entity) for item in seen.present()] == expected
    assert [(item.finding, item.entity) for item in seen.items] == [*expected, ("test.c", WORKER)]


def test_answers_are_remembered() -> None:
    seen = see(rules(a=finding([OOM])), listed("pods"))
    assert seen.get("test.a", API) is seen.get("test.a", API)
