"""The whole of inference on small stories."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest

from dotmac_diagnose.inference import Belief, CauseBelief, infer
from dotmac_diagnose.rules.observation import Observations
from inference.small import (
    API,
    DOWNSTREAM,
    ENDPOINT,
    NODE,
    POSTGRES,
    PVC,
    disk_full,
    edge,
    knowledge,
    observed,
    platform,
)

FULL = ("kubernetes.pvc_usage_high", PVC)
NO_SPACE = ("postgres.no_space_logged", POSTGRES)
OTHERS = [
    ("postgres.config_error_logged", POSTGRES),
    ("host.filesystem_full", NODE),
    ("app.import_error", API),
]


def cause(belief: Belief, identifier: str) -> CauseBelief | None:
    return next((item for item in belief.causes if item.cause == identifier), None)  # the most probable place


def probability(belief: Belief, identifier: str) -> float:
    found = cause(belief, identifier)
    return found.probability if found is not None else 0.0


def test_disk_full_when_it_is_seen():
    known, base = disk_full()
    belief = infer(known, base, observed([FULL, NO_SPACE, *DOWNSTREAM], [], OTHERS))
    first = belief.causes[0]
    assert (first.cause, first.entity) == ("kubernetes.pvc_full", PVC)
    assert first.probability > 0.99
    assert belief.mode == "exact"
    assert all(item.probability < 0.05 for item in belief.causes[1:])
    assert first.chain[0] == ("kubernetes.pvc_full", PVC)
    assert [step for step, _ in first.chain] == [
        "kubernetes.pvc_full",
        "postgres.crashed",
        "postgres.refusing",
        "app.no_database",
        "app.unready",
        "kubernetes.no_endpoints",
        "edge.bad_gateway",
    ]
    assert len(first.explains) == 9
    assert belief.unexplained == ()
    weights = {(item.finding, item.entity): item.weight_db for item in first.contributions}
    assert weights[NO_SPACE] > 5
    assert weights[FULL] > 10
    assert ("edge.answers_502", ENDPOINT) not in weights  # already explained


def test_disk_full_when_the_collector_failed_leaves_alternatives():
    known, base = disk_full()
    belief = infer(known, base, observed(DOWNSTREAM, [], [FULL, NO_SPACE, *OTHERS], reason="denied"))
    first = belief.causes[0]
    assert 0.2 < first.probability < 0.95
    rivals = {item.cause for item in first.alternatives}
    assert len(rivals) >= 2
    assert all(item.probability < 0.95 for item in belief.causes)
    assert sum(item.probability for item in belief.causes) < 1.2  # alternatives, not concurrent
    assert belief.checks
    assert belief.checks[0].gain_bits > 0.3
    assert {item.finding for item in belief.checks} & {FULL[0], NO_SPACE[0], "postgres.config_error_logged"}
    assert "kubernetes.pvc_full" in {name for item in belief.checks for name in item.separates}
    full = cause(belief, "kubernetes.pvc_full")
    assert full is not None
    assert (FULL[0], FULL[1], "denied") in {(item.finding, item.entity, item.reason) for item in full.missing}
    assert belief.states[0].state == "postgres.crashed"
    assert belief.states[0].probability > 0.9
    assert len(belief.states[0].explained_by) >= 2


def test_disk_full_when_the_volume_is_healthy_blames_others():
    known, base = disk_full()
    unknown = infer(known, base, observed(DOWNSTREAM, [], [FULL, NO_SPACE, *OTHERS]))
    belief = infer(known, base, observed(DOWNSTREAM, [FULL, NO_SPACE], OTHERS))
    assert belief.causes[0].cause != "kubernetes.pvc_full"
    assert probability(belief, "kubernetes.pvc_full") < 0.1 * probability(unknown, "kubernetes.pvc_full")
    assert probability(belief, "postgres.bad_config") > probability(unknown, "postgres.bad_config")


def test_an_absence_weighs_against():
    known, base = disk_full()
    seen = observed(DOWNSTREAM, [("postgres.config_error_logged", POSTGRES)], [FULL, NO_SPACE])
    config = cause(infer(known, base, seen, focus=[("postgres.bad_config", None)]), "postgres.bad_config")
    assert config is not None
    against = [item for item in config.contributions if item.status == "absent"]
    assert [item.finding for item in against] == ["postgres.config_error_logged"]
    assert against[0].weight_db == pytest.approx(-10.0, abs=0.01)  # almost_always: 1 - .9


def test_a_partial_look_weighs_less():
    known, base = disk_full()
    log = [("postgres.config_error_logged", POSTGRES)]
    whole = infer(known, base, observed(DOWNSTREAM, log))
    half = infer(known, base, observed(DOWNSTREAM, log, quality=0.5))
    nothing = infer(known, base, observed(DOWNSTREAM, log, quality=0.0))
    unknown = infer(known, base, observed(DOWNSTREAM))
    values = [probability(item, "postgres.bad_config") for item in (whole, half, unknown)]
    assert values == sorted(values)
    assert values[0] < values[1] < values[2]
    assert probability(nothing, "postgres.bad_config") == pytest.approx(values[2])


def quota(spreading: str) -> float:
    known = knowledge(
        {
            "kubernetes.quota_used_up": {
                "entity": "namespace",
                "leads_to": [
                    edge("kubernetes.refused", "almost_always", "namespace <-in_namespace- workload", spread=spreading)
                ],
            },
            "kubernetes.webhook_refuses": {"entity": "workload", "leads_to": [edge("kubernetes.refused", "often")]},
        },
        findings={"kubernetes.refused": {"entity": "workload", "false_alarm": "never"}},
    )
    base = platform(*(("in_namespace", f"deployment/shop/{name}", "namespace/shop") for name in "abc"))
    seen = observed(
        [("kubernetes.refused", "deployment/shop/a")],
        [("kubernetes.refused", "deployment/shop/b"), ("kubernetes.refused", "deployment/shop/c")],
    )
    return probability(infer(known, base, seen), "kubernetes.quota_used_up")


def test_a_cause_that_hits_some_is_not_refuted_by_the_healthy_ones():
    assert quota("each") < 0.1
    assert quota("some") > 5 * quota("each")


def test_more_objects_of_the_same_kind_do_not_make_a_small_platform_ill():
    known, base = disk_full()
    seen = observed([("app.readiness_failing", API)])
    incident, healthy = infer(known, base, seen), infer(known, base, seen, expect="healthy")
    assert healthy.prior_scale == pytest.approx(incident.prior_scale / 10) or incident.prior_scale == 10.0
    assert healthy.causes[0].probability <= incident.causes[0].probability


def test_nothing_seen_is_no_cause():
    known, base = disk_full()
    belief = infer(known, base, observed([], [FULL, *DOWNSTREAM]))
    assert belief.causes == ()
    assert belief.states == ()
    assert belief.checks == ()
    assert (belief.mode, belief.error_bound, belief.nodes, belief.width) == ("exact", 0.0, 0, 0)


def test_a_finding_without_a_related_cause_is_unexplained():
    known, _ = disk_full()
    lonely = platform(("uses", API, "redis/cache"))
    belief = infer(known, lonely, observed([("app.database_errors", API)]))
    assert belief.unexplained == (("app.database_errors", API),)
    assert belief.causes == ()


def test_informational_refuting_and_supporting_findings_need_no_explanation():
    known = knowledge(
        {"app.broken": {"entity": "workload", "leads_to": [edge("app.log")]}},
        findings={
            "app.log": {"entity": "workload"},
            "app.news": {"entity": "workload", "informational": "normal"},
            "app.works": {"entity": "workload", "rules_out": {"app.broken": "weakly"}},
            "app.odd": {"entity": "workload"},
            "app.part": {"entity": "workload"},
        },
    )
    names = ["app.log", "app.news", "app.works", "app.odd", "app.part"]
    items = [
        dataclasses.replace(item, premises=(("app.part", API),)) if item.finding == "app.log" else item
        for item in observed([(name, API) for name in names]).items
    ]
    belief = infer(known, platform(("uses", API, "redis/cache")), Observations(items))
    assert belief.unexplained == (("app.odd", API),)
    broken = belief.causes[0]
    assert {(item.finding, item.status, item.weight_db < 0) for item in broken.contributions} == {
        ("app.log", "present", False),
        ("app.works", "present", True),
    }
    refuting = next(item for item in broken.contributions if item.finding == "app.works")
    assert refuting.weight_db == pytest.approx(-6.99, abs=0.01)  # 10 log10 .2


def test_ruling_out_lowers_and_never_forbids():
    def belief(present: list[str]) -> float:
        known = knowledge(
            {
                "app.broken": {"entity": "workload", "leads_to": [edge("app.log")]},
                "app.other": {"entity": "workload", "leads_to": [edge("app.log")]},
            },
            findings={
                "app.log": {"entity": "workload"},
                "app.works": {"entity": "workload", "rules_out": {"app.broken": "strongly"}},
            },
        )
        seen = observed([(name, API) for name in present])
        return probability(infer(known, platform(("uses", API, "redis/cache")), seen), "app.broken")

    assert 0.0 < belief(["app.log", "app.works"]) < 0.1 < belief(["app.log"])


def test_two_causes_that_nothing_separates_say_so():
    known = knowledge(
        {
            "app.first": {"entity": "workload", "leads_to": [edge("app.log"), edge("app.down")]},
            "app.second": {"entity": "workload", "leads_to": [edge("app.log"), edge("app.down"), edge("app.sign")]},
            "app.third": {"entity": "workload", "leads_to": [edge("app.log", "sometimes")]},
        },
        {"app.down": {"entity": "workload", "leads_to": [edge("app.probe")]}},
        {name: {"entity": "workload"} for name in ("app.log", "app.probe", "app.sign")},
    )
    base = platform(("uses", API, "redis/cache"))
    present = [("app.log", API), ("app.probe", API)]
    belief = infer(known, base, observed(present, [], [("app.sign", API)]))
    first = belief.causes[0]
    twin = next(item for item in first.alternatives if item.cause in {"app.first", "app.second"})
    assert twin.indistinguishable
    assert belief.checks[0].finding == "app.sign"
    assert set(belief.checks[0].separates) >= {"app.first", "app.second"}
    told_apart = infer(known, base, observed(present, [("app.sign", API)]))
    assert told_apart.causes[0].cause == "app.first"
    assert not any(item.indistinguishable for item in told_apart.causes[0].alternatives)


def test_two_faults_on_two_objects_are_both_found():
    known = knowledge(
        {"app.broken": {"entity": "workload", "leads_to": [edge("app.log"), edge("app.exit", "often")]}},
        findings={"app.log": {"entity": "workload"}, "app.exit": {"entity": "workload"}},
    )
    names = ["deployment/shop/a", "deployment/shop/b", "deployment/shop/c"]
    base = platform(*(("in_namespace", name, "namespace/shop") for name in names))
    belief = infer(known, base, observed([("app.log", names[0]), ("app.exit", names[0]), ("app.log", names[2])]))
    assert [item.entity for item in belief.causes if item.probability > 0.5] == [names[0], names[2]]
    assert belief.causes[0].alternatives == ()


def mesh(across: str | None) -> Belief:
    known = knowledge(
        {"app.broken": {"entity": "workload", "leads_to": [edge("app.unready"), edge("app.log")]}},
        {
            "app.unready": {
                "entity": "workload",
                "leads_to": [edge("app.probe"), edge("svc.empty", "always", "workload <-selects- service")],
            },
            "svc.empty": {
                "entity": "service",
                "leads_to": [edge("app.unready", "often", "service <-uses- workload", across=across)],
            },
        },
        {"app.probe": {"entity": "workload"}, "app.log": {"entity": "workload"}},
    )
    base = platform(
        ("selects", "service/shop/a", "deployment/shop/a"),
        ("selects", "service/shop/b", "deployment/shop/b"),
        ("uses", "deployment/shop/a", "service/shop/b"),
        ("uses", "deployment/shop/b", "service/shop/a"),
    )
    probes = [("app.probe", "deployment/shop/a"), ("app.probe", "deployment/shop/b")]
    return infer(known, base, observed([*probes, ("app.log", "deployment/shop/a")]))


@pytest.mark.parametrize("across", ["uses", None])
def test_services_that_call_each_other_in_a_circle(across: str | None):
    belief = mesh(across)
    assert belief.mode == "exact"
    assert any("in a circle" in note for note in belief.notes)
    assert belief.causes[0].entity == "deployment/shop/a"
    assert belief.causes[0].probability > 0.9


def test_without_a_circle_the_edge_across_explains_the_client():
    known = knowledge(
        {"app.broken": {"entity": "workload", "leads_to": [edge("app.unready"), edge("app.log")]}},
        {
            "app.unready": {
                "entity": "workload",
                "leads_to": [edge("app.probe"), edge("svc.empty", "always", "workload <-selects- service")],
            },
            "svc.empty": {
                "entity": "service",
                "leads_to": [edge("app.unready", "often", "service <-uses- workload", across="uses")],
            },
        },
        {"app.probe": {"entity": "workload"}, "app.log": {"entity": "workload"}},
    )
    base = platform(
        ("selects", "service/shop/a", "deployment/shop/a"),
        ("selects", "service/shop/b", "deployment/shop/b"),
        ("uses", "deployment/shop/b", "service/shop/a"),
    )
    probes = [("app.probe", "deployment/shop/a"), ("app.probe", "deployment/shop/b")]
    seen = observed([*probes, ("app.log", "deployment/shop/a")], [("app.log", "deployment/shop/b")])
    belief = infer(known, base, seen)
    assert belief.notes == ()
    assert [item.entity for item in belief.causes if item.probability > 0.5] == ["deployment/shop/a"]
    assert len(belief.causes[0].explains) == 3


def test_verdicts_stand_beside_the_network():
    known = knowledge(
        {
            "tls.expires_soon": {
                "entity": "certificate",
                "kind": "risk",
                "verdict": "tls.few_days",
                "leads_to": [edge("tls.few_days", "always", "certificate -served_by-> endpoint")],
            },
            "auth.weak_secret": {"entity": "workload", "kind": "posture", "verdict": "auth.short_secret"},
            "auth.open_door": {"entity": "workload", "kind": "posture", "verdict": "auth.no_policy"},
        },
        findings={
            "tls.few_days": {"entity": "endpoint"},
            "auth.short_secret": {"entity": "workload"},
            "auth.no_policy": {"entity": "workload"},
            "auth.mesh_guards": {"entity": "workload", "rules_out": {"auth.open_door": "strongly"}},
        },
    )
    base = platform(("served_by", "certificate/shop", ENDPOINT), ("backed_by", ENDPOINT, API))
    seen = observed(
        [("tls.few_days", ENDPOINT), ("auth.short_secret", API), ("auth.no_policy", API), ("auth.mesh_guards", API)]
    )
    belief = infer(known, base, seen)
    assert [(item.cause, item.entity, item.probability) for item in belief.causes] == [
        ("auth.weak_secret", API, 1.0),
        ("tls.expires_soon", "certificate/shop", 1.0),
    ]
    assert belief.causes[1].explains == (("tls.few_days", ENDPOINT),)
    assert belief.unexplained == ()
    assert belief.nodes == 0


def test_a_cause_can_be_asked_for():
    known, base = disk_full()
    seen = observed(DOWNSTREAM, [("postgres.slots_full", POSTGRES), FULL])
    quiet = infer(known, base, seen)
    assert cause(quiet, "postgres.max_connections_low") is None
    asked = infer(known, base, seen, focus=[("postgres.max_connections_low", POSTGRES)])
    found = cause(asked, "postgres.max_connections_low")
    assert found is not None
    assert found.probability < 0.005
    assert any(item.finding == "postgres.slots_full" and item.weight_db < -10 for item in found.contributions)
    unrelated = infer(known, base, observed(DOWNSTREAM[-2:]), focus=[("host.node_disk_full", "node/n2")])
    assert cause(unrelated, "host.node_disk_full") is not None


def test_every_order_gives_the_same_belief():
    known, base = disk_full()
    seen = observed(DOWNSTREAM, [FULL], [NO_SPACE, *OTHERS])
    expected = infer(known, base, seen)
    for seed in range(5):
        items = list(seen.items)
        random.Random(seed).shuffle(items)
        assert infer(known, base, Observations(items)) == expected


def test_hostile_ids_and_unknown_findings_do_no_harm():
    known, base = disk_full()
    strange = "deployment/shop/\x1b[31m" + "x" * 5000
    belief = infer(known, base, observed([("no.such_finding", API), ("app.readiness_failing", strange), *DOWNSTREAM]))
    assert belief.causes
    assert all(item.entity != strange or item.probability <= 1.0 for item in belief.causes)


def entropy(value: float) -> float:
    return 0.0 if value in {0.0, 1.0} else -value * math.log2(value) - (1 - value) * math.log2(1 - value)


def test_the_gain_of_a_check_is_what_looking_would_tell():
    known, base = disk_full()
    unknown = [FULL, NO_SPACE, *OTHERS]
    before = infer(known, base, observed(DOWNSTREAM, [], unknown))
    leading = [item.cause for item in before.causes if 0.02 < item.probability < 0.98][:4]
    assert len(before.checks) >= 3
    for check in before.checks:
        pair = (check.finding, check.entity)
        rest = [other for other in unknown if other != pair]
        focus = [(name, None) for name in leading]
        present = infer(known, base, observed([*DOWNSTREAM, pair], [], rest), focus=focus)
        absent = infer(known, base, observed(DOWNSTREAM, [pair], rest), focus=focus)
        moved = max(leading, key=lambda name: abs(probability(present, name) - probability(absent, name)))
        shown = (probability(before, moved) - probability(absent, moved)) / (
            probability(present, moved) - probability(absent, moved)
        )
        gain = sum(
            entropy(probability(before, name))
            - shown * entropy(probability(present, name))
            - (1 - shown) * entropy(probability(absent, name))
            for name in leading
        )
        assert check.gain_bits == pytest.approx(gain, abs=0.03), check.finding
