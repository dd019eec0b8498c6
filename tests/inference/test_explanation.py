"""Explanations: every weight against its definition, computed by brute force."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from dotmac_diagnose.inference import Calibration
from dotmac_diagnose.inference.calibration import fitting
from dotmac_diagnose.inference.checks import Hypothesis, leading
from dotmac_diagnose.inference.circles import GroundEdge, break_circles
from dotmac_diagnose.inference.evidence import Absence, Weights
from dotmac_diagnose.inference.explanation import assume, attribution, contributions, leak_shares
from dotmac_diagnose.inference.network import CAUSE, FINDING, STATE, Network
from dotmac_diagnose.inference.posterior import Plain, solve
from inference.networks import brute_force, build, random_network


def clamped(network: Network, node: int, *, on: bool) -> Network:
    likelihood = network.likelihood.copy()
    likelihood[node] = (0.0, 1.0) if on else (1.0, 0.0)
    return dataclasses.replace(network, likelihood=likelihood)


@pytest.mark.parametrize("seed", range(25))
def test_weight_of_evidence_is_leave_one_out(seed: int):
    network = random_network(seed, nodes=9)
    solution = solve(Plain(network))
    cause = next(node for node in range(len(network)) if network.kinds[node] == CAUSE)
    found = contributions(solution, assume(solution, [cause])[cause], ())
    weights = {(item.finding, item.entity): item.weight_db for item in found}
    on, off = (brute_force(clamped(network, cause, on=value))[1] for value in (True, False))
    for finding in network.present:
        expected = 10 * math.log10(on[finding] / off[finding])
        if network.descendants[cause] >> finding & 1 and abs(expected) >= 0.06:
            assert weights[network.nodes[finding]] == pytest.approx(expected, abs=1e-3)
        elif abs(expected) < 0.04:
            assert network.nodes[finding] not in weights


def test_weight_of_an_absence_is_leave_one_out():
    """An absent finding below a state: as a node of its own, and as the factor that it becomes."""
    edges = [(0, 2, 0.9), (1, 2, 0.7), (2, 3, 0.97), (2, 4, 0.8)]
    whole = build(
        [CAUSE, CAUSE, STATE, FINDING, FINDING],
        [0.01, 0.02, 0.001, 0.001, 0.01],
        edges,
        [(1, 1), (1, 1), (1, 1), (0, 1), (1, 0)],
    )
    reduced = build(
        [CAUSE, CAUSE, STATE, FINDING],
        [0.01, 0.02, 0.001, 0.001],
        edges[:3],
        [(1, 1), (1, 1), (1, 1 - 0.8), (0, 1)],
    )
    solution = dataclasses.replace(
        solve(Plain(reduced)),
        absences=(Absence("zone.absent", "host/a", ((reduced.nodes[2], 1.0, 1 / (1 - 0.8)),)),),
    )
    found = contributions(solution, assume(solution, [0])[0], ())
    weight = next(item.weight_db for item in found if item.finding == "zone.absent")
    shown = [brute_force(clamped(whole, 0, on=value))[1][4] for value in (True, False)]
    assert weight == pytest.approx(10 * math.log10((1 - shown[0]) / (1 - shown[1])), abs=1e-3)
    assert weight < 0


def test_summing_a_state_out_keeps_evidence_and_undoes_it():
    weights = Weights()
    cause, state, finding = ("a.cause", "host/a"), ("a.state", "host/a"), ("a.finding", "host/a")
    weights.absent(state, finding, 0.2)
    weights.sum_out(state, [GroundEdge(cause, state, 0.9)], leak=0.01)
    off, on = weights.get(cause)
    direct = build([CAUSE, STATE, FINDING], [0.3, 0.01, 1e-6], [(0, 1, 0.9), (1, 2, 0.8)], [(1, 1), (1, 1), (1, 0)])
    posterior = brute_force(direct)[0][0]
    assert 0.3 * on / (0.3 * on + 0.7 * off) == pytest.approx(posterior)
    ((_, undo_off, undo_on),) = weights.absences()[0].without
    assert on * undo_on == pytest.approx(off * undo_off)


def test_leak_responsibility_equals_an_explicit_leak_node():
    for seed in range(20):
        network = random_network(seed, nodes=9)
        shares = leak_shares(solve(Plain(network)))
        for finding in network.present:
            explicit = Network(
                nodes=(*network.nodes, ("zone.leak", "host/a")),
                kinds=np.append(network.kinds, np.int8(CAUSE)),
                base=np.append(np.where(np.arange(len(network)) == finding, 0.0, network.base), network.base[finding]),
                edge_u=np.append(network.edge_u, len(network)).astype(np.int32),
                edge_v=np.append(network.edge_v, finding).astype(np.int32),
                strength=np.append(network.strength, 1.0),
                likelihood=np.vstack((network.likelihood, (1.0, 1.0))),
            )
            assert shares[finding] == pytest.approx(brute_force(explicit)[0][-1], abs=1e-9)


def test_attribution_shares_out_at_most_one():
    for seed in range(20):
        network = random_network(seed, nodes=12)
        solution = solve(Plain(network))
        for finding in network.present:
            shares = attribution(solution, finding)
            assert all(network.kinds[node] == CAUSE for node in shares)
            assert 0.0 <= sum(shares.values()) <= 1.0 + 1e-9


def test_undecided_causes_are_asked_about_first():
    nothing = np.zeros(1)

    def hypothesis(name: str, probability: float) -> Hypothesis:
        return Hypothesis((name, "host/a"), probability, nothing, nothing)

    mixed = [hypothesis("a.a", 0.99), hypothesis("a.b", 0.4), hypothesis("a.c", 0.01), hypothesis("a.d", 0.5)]
    assert [item.key[0] for item in leading(mixed)] == ["a.d", "a.b"]
    weak = [hypothesis(f"a.{name}", 0.01) for name in "fedcba"]
    assert [item.key[0] for item in leading(weak)] == ["a.a", "a.b", "a.c", "a.d"]
    assert leading([hypothesis("a.a", 0.999)]) == []


def test_calibration_belongs_to_its_knowledge():
    calibration = Calibration(a=0.44, b=0.75, digest="right")
    assert calibration.apply(0.0) == 0.0
    assert calibration.apply(1.0) == 1.0
    assert 0.05 < calibration.apply(0.05) < 0.3
    values = [calibration.apply(value / 100) for value in range(101)]
    assert values == sorted(values)
    assert fitting(calibration, "right") == (calibration, [])
    usable, notes = fitting(calibration, "other")
    assert usable is None
    assert len(notes) == 1
    assert fitting(None, "other") == (None, [])
    assert calibration.label == "calibrated on simulation"


def node(name: str) -> tuple[str, str]:
    return (f"a.{name}", "host/a")


def test_circles_lose_their_edges_across_first_then_the_weakest():
    ring = [
        GroundEdge(node("a"), node("b"), 0.9),
        GroundEdge(node("b"), node("c"), 0.8, "uses"),
        GroundEdge(node("c"), node("a"), 0.1),
        GroundEdge(node("c"), node("d"), 0.5, "uses"),
    ]
    kept, dropped = break_circles(ring)
    assert dropped == [ring[1]]
    assert len(kept) == 3
    plain = [dataclasses.replace(edge, across=None) for edge in ring]
    assert break_circles(reversed(plain))[1] == [plain[2]]
    assert break_circles([GroundEdge(node("a"), node("a"), 0.9)])[0] == []
    assert break_circles([]) == ([], [])


def test_two_rings_and_a_bridge():
    edges = [
        GroundEdge(node(first), node(second), 0.5 + ord(first) / 1000)
        for first, second in ("ab", "ba", "cd", "de", "ec", "bc", "ad")
    ]
    kept, dropped = break_circles(edges)
    assert len(dropped) == 2
    assert {edge.parent for edge in dropped} <= {node("a"), node("c")}
    assert len(kept) == 5
