"""Findings that join facts, relations and findings of earlier strata; for both engines."""

from __future__ import annotations

from typing import Any

import pytest

from dotmac_diagnose.facts import Relation, Status
from dotmac_diagnose.facts.kubernetes import Pod
from dotmac_diagnose.rules import Presence

from .building import (
    API,
    DATABASE,
    WORKER,
    Engine,
    container,
    decided,
    event,
    finding,
    get,
    listed,
    pod,
    rules,
    see,
    service,
    unseen,
    workload,
)

SERVER = "statefulset/shop/db"
RUNS = Relation("runs", SERVER, DATABASE)
NOT_READY = {"fact": "kubernetes.workload", "where": {"ready": 0}}

SERVER_DOWN = {
    "all": [
        {"as": "run", "relation": "runs"},
        {"as": "server", "finding": "test.down", "join": {"entity": "run.source"}},
    ],
    "on": "run.target",
}
SAME_NODE = {
    "all": [
        {"as": "p", "fact": "kubernetes.pod", "where": {"ready": False}},
        {"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}, "join": {"pod": "p.pod"}},
    ]
}


@pytest.fixture(params=["durable", "python"])
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    if chosen == "durable":
        pytest.importorskip("durable_rules_engine")
    return chosen


def test_two_facts_of_one_pod(engine: Engine) -> None:
    compiled = rules(a=finding([SAME_NODE], detail="{c.pod} ended with {c.exit_code} while ready is {p.ready}"))
    facts = (
        pod(ready=False),
        container(exit_code=137),
        container(name="shop/api-2", exit_code=137),
        pod(WORKER, "shop/worker-1", ready=False),
        container(WORKER, "shop/worker-1", exit_code=1),
    )
    seen = see(compiled, *facts, engine=engine)
    item = get(seen, "a")
    assert item.presence is Presence.PRESENT
    assert item.facts == (facts[1], facts[0])
    assert item.rule == "test.a#0"
    assert item.affected == ("pod/shop/api-1",)
    assert item.detail == "shop/api-1 ended with 137 while ready is no"
    assert (item.bindings["c.exit_code"], item.bindings["exit_code"], item.bindings["p.entity"]) == (137, 137, API)
    assert "entity" not in item.bindings
    assert decided(seen, "a", WORKER) == ("absent", None)


def test_matches_beyond_the_first_are_counted(engine: Engine) -> None:
    facts = [pod(name=f"shop/api-{number}", ready=False) for number in range(3)]
    facts += [container(name=f"shop/api-{number}", exit_code=137) for number in range(3)]
    item = get(see(rules(a=finding([SAME_NODE], detail="{p.pod}")), *facts, engine=engine), "a")
    assert item.detail == "shop/api-0 (and 2 more)"
    assert len(item.facts) == 6


def test_a_chain_over_relations_and_strata(engine: Engine) -> None:
    compiled = rules(
        down=finding([NOT_READY]),
        server_down=finding([SERVER_DOWN], entity="postgres"),
        clients=finding(
            [
                {
                    "all": [
                        {"as": "d", "finding": "test.server_down"},
                        {"as": "u", "relation": "uses", "join": {"target": "d.entity"}},
                    ],
                    "on": "u.source",
                }
            ]
        ),
    )
    uses = Relation("uses", API, DATABASE)
    seen = see(compiled, workload(SERVER, ready=0), relations=[RUNS, uses], engine=engine)
    assert decided(seen, "server_down", DATABASE) == ("present", None)
    assert get(seen, "server_down", DATABASE).premises == (("test.down", SERVER),)
    assert decided(seen, "clients", API) == ("present", None)
    assert get(seen, "clients", API).premises == (("test.server_down", DATABASE),)
    assert get(seen, "clients", API).detail == f"{DATABASE}, {API}"


def test_a_number_joins_with_the_text_that_spells_it(engine: Engine) -> None:
    rule = {
        "all": [
            {"as": "port", "fact": "kubernetes.service_port"},
            {
                "as": "probe",
                "fact": "kubernetes.probe",
                "join": {"port_number": "port.target_port", "entity": "port.entity"},
            },
        ]
    }
    from dotmac_diagnose.facts import fact
    from dotmac_diagnose.facts.kubernetes import Probe, ServicePort

    compiled = rules(a=finding([rule]))
    port = fact(API, ServicePort(port=80, target_port="8080"))
    probe = Probe(container="main", probe="liveness", handler="http", port_number=8080)
    assert decided(see(compiled, port, fact(API, probe), engine=engine), "a") == ("present", None)
    other = Probe(container="main", probe="liveness", handler="http", port_number=8081)
    assert decided(see(compiled, port, fact(API, other), engine=engine), "a") == ("absent", None)


def test_one_fact_fills_one_pattern(engine: Engine) -> None:
    two_pods = {
        "all": [
            {"as": "one", "fact": "kubernetes.pod", "where": {"ready": False}},
            {"as": "other", "fact": "kubernetes.pod", "where": {"phase": "Running"}, "join": {"node": "one.node"}},
        ]
    }
    compiled = rules(a=finding([two_pods]))
    one = pod(ready=False, phase="Running", node="n1")
    assert decided(see(compiled, one, engine=engine), "a") == ("absent", None)
    other = pod(WORKER, "shop/worker-1", ready=True, phase="Running", node="n1")
    assert decided(see(compiled, one, other, engine=engine), "a") == ("present", None)


def test_a_field_that_was_not_seen_joins_with_nothing(engine: Engine) -> None:
    same_node = {
        "all": [
            {"as": "p", "fact": "kubernetes.pod", "where": {"ready": False}},
            {"as": "q", "fact": "kubernetes.pod", "where": {"ready": True}, "join": {"node": "p.node"}},
        ]
    }
    seen = see(rules(a=finding([same_node])), pod(ready=False), pod(WORKER, "shop/worker-1", ready=True), engine=engine)
    assert decided(seen, "a") == ("absent", None)


def test_none_takes_matches_away(engine: Engine) -> None:
    rule = {
        "all": [{"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}}],
        "none": [{"fact": "kubernetes.event", "where": {"reason": "OOMKilling"}, "join": {"pod": "c.pod"}}],
    }
    compiled = rules(a=finding([rule]))
    killed = container(exit_code=137)
    known = listed("events")
    blocker = event("killed", reason="OOMKilling", pod="shop/api-1")
    elsewhere = event("killed", reason="OOMKilling", pod="shop/api-2")
    assert decided(see(compiled, killed, known, engine=engine), "a") == ("present", None)
    assert decided(see(compiled, killed, elsewhere, engine=engine), "a") == ("present", None)
    assert decided(see(compiled, killed, known, blocker, engine=engine), "a") == ("absent", None)


def test_none_over_a_source_that_was_not_read_is_unknown(engine: Engine) -> None:
    rule = {
        "all": [{"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}}],
        "none": [{"fact": "kubernetes.event", "where": {"reason": "OOMKilling"}, "join": {"entity": "c.entity"}}],
    }
    compiled = rules(a=finding([rule]))
    seen = see(compiled, container(exit_code=137), engine=engine)
    item = get(seen, "a")
    assert (item.presence, item.reason) == (Presence.UNKNOWN, "not_collected")
    assert item in seen.items
    assert item.affected == ("pod/shop/api-1",)
    assert seen.present() == ()
    undecided = see(compiled, container(exit_code=137), event("a", reason="Other"), engine=engine)
    assert decided(undecided, "a") == ("present", None)


def test_none_over_a_finding_is_three_valued(engine: Engine) -> None:
    rule = {
        "all": [{"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}}],
        "none": [{"finding": "test.down", "join": {"entity": "c.entity"}}],
    }
    compiled = rules(a=finding([rule]), down=finding([NOT_READY]))
    killed = container(exit_code=137)
    assert decided(see(compiled, killed, workload(ready=0), engine=engine), "a") == ("absent", None)
    assert decided(see(compiled, killed, workload(ready=1), engine=engine), "a") == ("present", None)
    assert decided(see(compiled, killed, workload(), engine=engine), "a") == ("unknown", "not_collected")


def test_none_over_a_finding_whose_silence_proves_little(engine: Engine) -> None:
    rule = {
        "all": [{"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}}],
        "none": [{"finding": "test.probe", "join": {"entity": "c.entity"}}],
    }
    unhealthy = {"fact": "kubernetes.event", "where": {"reason": "Unhealthy"}}
    compiled = rules(a=finding([rule]), probe=finding([unhealthy], absent={"never": "expired"}))
    killed = container(exit_code=137)
    assert decided(see(compiled, killed, event("a", reason="Unhealthy"), engine=engine), "a") == ("absent", None)
    assert decided(see(compiled, killed, engine=engine), "a") == ("present", None)
    assert decided(see(compiled, killed, engine=engine), "probe") == ("unknown", "expired")


def test_without_a_match_none_is_of_no_consequence(engine: Engine) -> None:
    rule = {
        "all": [{"as": "c", "fact": "kubernetes.container", "where": {"exit_code": 137}}],
        "none": [{"fact": "kubernetes.event", "where": {"reason": "OOMKilling"}, "join": {"entity": "c.entity"}}],
    }
    assert decided(see(rules(a=finding([rule])), container(exit_code=1), engine=engine), "a") == ("absent", None)


def test_none_over_a_relation(engine: Engine) -> None:
    rule = {
        "all": [{"as": "s", "fact": "kubernetes.service", "where": {"matching_pods": 0}}],
        "none": [{"relation": "selects", "join": {"source": "s.entity"}}],
    }
    compiled = rules(a=finding([rule], entity="service"))
    lonely = service(matching_pods=0)
    assert decided(see(compiled, lonely, engine=engine), "a", "service/shop/api") == ("present", None)
    selects = Relation("selects", "service/shop/api", API)
    seen = see(compiled, lonely, relations=[selects], engine=engine)
    assert decided(seen, "a", "service/shop/api") == ("absent", None)


def test_the_entity_of_a_match_must_fit(engine: Engine) -> None:
    rule = {"all": [{"as": "r", "relation": "runs"}], "on": "r.source"}
    compiled = rules(a=finding([rule], entity="node"), b=finding([rule]))
    seen = see(compiled, relations=[RUNS], engine=engine)
    assert [(item.finding, item.entity) for item in seen.present()] == [("test.b", SERVER)]


def test_silence_of_a_join(engine: Engine) -> None:
    compiled = rules(a=finding([SAME_NODE]))
    assert decided(see(compiled, engine=engine), "a") == ("unknown", "not_collected")
    assert decided(see(compiled, listed("pods"), engine=engine), "a") == ("absent", None)
    assert decided(see(compiled, pod(ready=True), engine=engine), "a") == ("unknown", "not_collected")
    assert decided(see(compiled, pod(ready=True), container(exit_code=1), engine=engine), "a") == ("absent", None)
    assert decided(see(compiled, pod(), listed("pods"), engine=engine), "a") == ("unknown", "not_collected")
    denied = unseen(Pod, status=Status.UNREACHABLE)
    assert decided(see(compiled, denied, listed("pods"), engine=engine), "a") == ("unknown", "unreachable")


def test_silence_follows_relations_to_the_other_entity(engine: Engine) -> None:
    compiled = rules(down=finding([NOT_READY]), server_down=finding([SERVER_DOWN], entity="postgres"))

    def of_database(*facts: Any, relations: list[Relation]) -> tuple[str, str | None]:
        return decided(see(compiled, *facts, relations=relations, engine=engine), "server_down", DATABASE)

    assert of_database(workload(SERVER, ready=1), relations=[RUNS]) == ("absent", None)
    assert of_database(workload(SERVER), relations=[RUNS]) == ("unknown", "not_collected")
    assert of_database(listed("workloads"), relations=[RUNS]) == ("absent", None)
    assert of_database(listed("workloads"), relations=[]) == ("unknown", "not_collected")
    unreachable = unseen(type(workload().values), SERVER, Status.UNREACHABLE)
    assert of_database(unreachable, relations=[RUNS]) == ("unknown", "unreachable")


def test_absent_rules_apply_to_joins(engine: Engine) -> None:
    tried = {"fact": "kubernetes.workload", "where": {"desired": {"gt": 0}}}
    compiled = rules(
        never=finding([SAME_NODE], absent={"never": "expired"}),
        tried=finding([SAME_NODE], absent={"attempted": [tried]}),
    )
    seen = see(compiled, listed("pods"), engine=engine)
    assert decided(seen, "never") == ("unknown", "expired")
    assert decided(seen, "tried") == ("unknown", "no_attempt")
    assert decided(see(compiled, listed("pods"), workload(desired=1), engine=engine), "tried") == ("absent", None)


def test_hostile_names_are_only_names(engine: Engine) -> None:
    names = ['a"b', "\x00", "1e-07", "NaN", "x" * 70_000, "x" * 69_999 + "y", "$and", "\ud83d\ude00", "null"]
    names = [name.encode("utf-16", "surrogatepass").decode("utf-16") for name in names]
    facts = [pod(f"deployment/shop/a{number}", name, ready=False) for number, name in enumerate(names)]
    facts += [container(f"deployment/shop/a{number}", name, exit_code=137) for number, name in enumerate(names)]
    seen = see(rules(a=finding([SAME_NODE])), *facts, engine=engine)
    assert [len(item.facts) for item in seen.present()] == [2] * len(names)
