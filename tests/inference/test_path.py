"""Relation paths, placement, and the words behind the numbers."""

from __future__ import annotations

import pytest

from dotmac_diagnose.errors import KnowledgeError
from dotmac_diagnose.inference import compile_arrows, parse_path, type_graph
from dotmac_diagnose.inference.path import Walker
from dotmac_diagnose.inference.placement import Placement
from dotmac_diagnose.inference.scale import Scale, prior_scale, spread
from inference.small import edge, knowledge, platform

PLATFORM = platform(
    ("owns", "deployment/shop/api", "pod/shop/api-1"),
    ("owns", "deployment/shop/api", "pod/shop/api-2"),
    ("runs_on", "pod/shop/api-1", "node/a"),
    ("runs_on", "pod/shop/api-2", "node/b"),
    ("runs_on", "pod/shop/alone", "node/a"),
    ("selects", "service/shop/api", "deployment/shop/api"),
    ("selects", "service/shop/api", "pod/shop/api-1"),
    ("backed_by", "endpoint/shop", "deployment/shop/api"),
)


def walker() -> Walker:
    return Walker(PLATFORM, Placement(PLATFORM))


def test_a_path_is_read_from_left_to_right():
    path = parse_path("node <-runs_on- pod <-owns- workload <-backed_by- endpoint")
    assert path.start == "node"
    assert [(step.relation, step.forward, step.to) for step in path.steps] == [
        ("runs_on", False, "pod"),
        ("owns", False, "workload"),
        ("backed_by", False, "endpoint"),
    ]
    assert parse_path("postgres -stores_on-> filesystem").steps[0].forward


@pytest.mark.parametrize("text", ["", "node", "node <-runs_on-", "node -runs_on- pod", "node <-x- pod;", "a -b-> c d"])
def test_what_is_not_a_path_is_refused(text: str):
    with pytest.raises(KnowledgeError, match="not a relation path"):
        parse_path(text)


def test_walks_in_both_directions_agree():
    walk = walker()
    path = parse_path("node <-runs_on- pod <-owns- workload")
    assert walk.forward(path, "node/a") == ("deployment/shop/api", "pod/shop/alone")
    assert walk.forward(path, "node/b") == ("deployment/shop/api",)
    assert walk.backward(path, "deployment/shop/api") == ("node/a", "node/b")
    assert walk.backward(path, "pod/shop/alone") == ("node/a",)
    assert walk.forward(None, "node/a") == ("node/a",)


def test_an_owned_pod_is_a_step_and_never_a_workload():
    walk = walker()
    path = parse_path("service -selects-> workload")
    assert walk.forward(path, "service/shop/api") == ("deployment/shop/api",)
    assert walk.backward(path, "pod/shop/api-1") == ()
    assert walk.forward(parse_path("service -selects-> pod"), "service/shop/api") == ("pod/shop/api-1",)


def test_a_path_that_starts_elsewhere_leads_nowhere():
    assert walker().forward(parse_path("service -selects-> workload"), "node/a") == ()


def test_kubernetes_causes_stay_off_compose_and_systemd():
    base = platform(("runs_on", "compose_service/shop/api", "host/a"), ("runs_on", "systemd_unit/a/api", "host/a"))
    causes = knowledge(
        {
            "kubernetes.image_not_found": {"entity": "workload"},
            "kubernetes.memory_limit_too_small": {"entity": "workload"},
            "app.bad_release": {"entity": "workload", "not_on": ["systemd_unit"]},
            "compose.port_taken": {"entity": "compose_service"},
        }
    ).causes
    placement = Placement(base)
    takes = {
        (key, entity): placement.takes(key, cause, entity)
        for key, cause in causes.items()
        for entity in ("compose_service/shop/api", "systemd_unit/a/api")
    }
    assert not takes["kubernetes.image_not_found", "compose_service/shop/api"]
    assert not takes["kubernetes.image_not_found", "systemd_unit/a/api"]
    assert takes["kubernetes.memory_limit_too_small", "systemd_unit/a/api"]
    assert takes["app.bad_release", "compose_service/shop/api"]
    assert not takes["app.bad_release", "systemd_unit/a/api"]
    assert takes["compose.port_taken", "compose_service/shop/api"]
    assert placement.count("app.bad_release", causes["app.bad_release"]) == 1
    assert placement.entities("app.bad_release", causes["app.bad_release"]) == ("compose_service/shop/api",)


def test_spread_of_the_quota_example():
    assert spread(0.9, 1) == 0.9
    assert (1.0 - spread(0.9, 3)) ** 3 == pytest.approx(0.1)
    assert spread(0.9, 1000) > 0


def test_prior_scale_follows_the_size_of_the_platform():
    known = knowledge({"app.broken": {"entity": "workload", "prior": "common"}, "app.old": {"entity": "workload"}})
    one = platform(("in_namespace", "deployment/shop/a", "namespace/shop"))
    many = platform(*(("in_namespace", f"deployment/shop/a{n}", "namespace/shop") for n in range(1000)))
    assert prior_scale(known, Placement(one)) == 10.0
    assert prior_scale(known, Placement(many)) == pytest.approx(1.0 / (1000 * 3.3e-3))
    assert prior_scale(known, Placement(many), "healthy") == 0.05
    assert prior_scale(known, Placement(platform())) == 10.0


def test_derived_causes_have_a_tenth_of_the_prior_and_words_must_exist():
    known = knowledge(
        {
            "app.derived": {"entity": "workload", "prior": "common", "derived": True},
            "app.wrong": {"entity": "workload", "prior": "often"},
        }
    )
    scale = Scale(known, prior_scale=1000.0)
    assert scale.unscaled_prior(known.causes["app.derived"]) == pytest.approx(3e-4)
    assert scale.prior(known.causes["app.derived"]) == 0.3
    with pytest.raises(KnowledgeError, match="'often' is not one of common"):
        scale.prior(known.causes["app.wrong"])


def test_the_type_graph_holds_every_edge():
    known = knowledge(
        {
            "app.broken": {"entity": "workload", "leads_to": [edge("app.down"), edge("app.log", "often")]},
            "app.weak": {
                "entity": "workload",
                "kind": "posture",
                "verdict": "app.log",
                "leads_to": [edge("app.log", "always")],
            },
        },
        {"app.down": {"entity": "workload", "leads_to": [edge("edge.bad", "often", "workload <-backed_by- endpoint")]}},
        {"app.log": {"entity": "workload"}, "edge.bad": {"entity": "endpoint"}},
    )
    graph = type_graph(known)
    assert graph.number_of_edges() == 4
    assert graph.nodes["app.down"] == {"kind": "state", "entity": "workload"}
    assert next(iter(graph["app.down"]["edge.bad"].values()))["via"] == "workload <-backed_by- endpoint"
    arrows = compile_arrows(known)
    assert [arrow.source for arrow in arrows.incoming["app.log"]] == ["app.broken"]
    assert "app.weak" not in arrows.outgoing


def test_an_edge_to_nothing_is_refused():
    known = knowledge({"app.broken": {"entity": "workload", "leads_to": [edge("app.nowhere")]}})
    with pytest.raises(KnowledgeError, match="neither a state nor a finding"):
        compile_arrows(known)
