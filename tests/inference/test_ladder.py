"""The ladder of exact, screened and approximate answers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dotmac_diagnose.inference.network import CAUSE, FINDING, STATE, Network
from dotmac_diagnose.inference.posterior import APPROXIMATE, APPROXIMATE_CAP, EXACT, SCREENED, Plain, solve
from dotmac_diagnose.inference.screen import NOTHING, Rung, screened
from inference.networks import build, random_network


def dense(causes: int, findings: int, strength: float = 0.9) -> Network:
    edges = [(cause, causes + finding, strength) for cause in range(causes) for finding in range(findings)]
    return build(
        [CAUSE] * causes + [FINDING] * findings,
        [1e-3] * causes + [1e-4] * findings,
        edges,
        [(1.0, 1.0)] * causes + [(0.0, 1.0)] * findings,
    )


def wide_story(seed: int) -> Network:
    """Return a network that is too wide to solve whole: one true cause, many that share its effects."""
    dice = random.Random(seed)
    causes, states = 60, 24
    kinds = [CAUSE] * causes + [STATE] * states + [FINDING] * states
    base = [dice.choice([1e-3, 3e-3, 1e-4]) for _ in range(causes)] + [1e-4] * states + [1e-4] * states
    edges = [(0, causes + state, 0.95) for state in range(states)]
    for cause in range(1, causes):
        edges += [(cause, causes + state, dice.uniform(0.3, 0.9)) for state in dice.sample(range(states), 4)]
    edges += [(causes + state, causes + states + state, 0.9) for state in range(states)]
    seen = [(0.0, 1.0) if dice.random() < 0.9 else (1.0, 1.0) for _ in range(states)]
    return build(kinds, base, sorted(edges), [(1.0, 1.0)] * (causes + states) + seen)


@pytest.mark.timeout(60)
def test_twenty_causes_times_forty_findings_does_not_hang():
    solution = solve(Plain(dense(20, 40)))
    solution.passes([(node, True) for node in range(8)])
    assert np.isfinite(solution.base.probability).all()
    assert solution.width <= 20


def test_beyond_every_rung_the_answer_is_approximate_and_capped():
    solution = solve(Plain(dense(30, 30)), max_width=4)
    assert solution.mode == APPROXIMATE
    assert solution.error_bound > 0
    assert solution.width == 0
    assert solution.base.probability[0, :30].max() <= APPROXIMATE_CAP
    passes = solution.passes([(0, True), (0, False)])
    assert passes.probability[0, 0] == 1.0
    assert passes.probability[1, 0] == 0.0


def test_a_narrow_network_is_exact():
    solution = solve(Plain(random_network(3, nodes=12)))
    assert (solution.mode, solution.error_bound) == (EXACT, 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_network_is_screened_and_says_what_it_may_have_lost(seed: int):
    solution = solve(Plain(wide_story(seed)), max_width=12)
    assert solution.mode == SCREENED
    assert 0 < solution.error_bound <= 0.05
    assert len(solution.network) < 108
    assert solution.network.nodes[0] == ("area.n000", "host/a")
    assert solution.base.probability[0, 0] > 0.99


@pytest.mark.parametrize("seed", range(40))
def test_the_screen_agrees_with_the_exact_answer(seed: int):
    network = random_network(seed + 1000, nodes=14)
    exact = solve(Plain(network))
    reduced = solve(Plain(network, small=False))
    assert exact.mode == EXACT
    for node, key in enumerate(network.nodes):
        if key in reduced.network.index:
            found = reduced.base.probability[0, reduced.network.index[key]]
            assert found == pytest.approx(exact.base.probability[0, node], abs=0.01), key
        else:
            assert exact.base.probability[0, node] < 0.05


def rivals() -> Network:
    """Two causes that explain the same chain equally well: propagation gives one of them everything."""
    kinds = [CAUSE, CAUSE, STATE, STATE, STATE, FINDING, FINDING, FINDING]
    edges = [(0, 2, 0.97), (0, 3, 0.97), (0, 4, 0.97), (1, 2, 0.95), (1, 3, 0.95), (1, 4, 0.95)]
    edges += [(2, 5, 0.97), (3, 6, 0.97), (4, 7, 0.97)]
    return build(kinds, [1e-3, 1e-3, *[1e-5] * 6], edges, [(1, 1)] * 5 + [(0, 1)] * 3)


def test_the_screen_keeps_rivals_that_propagation_hides():
    network = rivals()
    screen = screened(network)
    assert screen.belief[1] < 0.2
    assert screen.rival[1] > 0.9
    exact, reduced = solve(Plain(network)), solve(Plain(network, small=False))
    assert exact.base.probability[0, 1] > 0.4
    assert reduced.base.probability[0, reduced.network.index[network.nodes[1]]] == pytest.approx(
        exact.base.probability[0, 1], abs=1e-3
    )


def test_protected_nodes_stay():
    network = wide_story(1)
    loose = Rung(1.0, 1.0, 2.0)
    weakest = min(range(1, 60), key=lambda node: screened(network).belief[node])
    key = network.nodes[weakest]
    assert key in screened(network).boundary(loose, frozenset()).removed
    assert key not in screened(network).boundary(loose, frozenset({key})).removed


def test_a_cause_with_one_child_folds_into_its_leak_exactly():
    network = build([CAUSE, CAUSE, FINDING], [0.01, 0.002, 0.001], [(0, 2, 0.9), (1, 2, 0.8)], [(1, 1), (1, 1), (0, 1)])
    screen = screened(network)
    assert screen.dependence()[1] == 0.0
    boundary = screen.boundary(Rung(0.0, 0.2, 2.0), frozenset({network.nodes[0]}))
    assert boundary.removed == {network.nodes[1]}
    reduced = network.bounded(boundary)
    whole = solve(Plain(network)).base.probability[0, 0]
    assert solve(Plain(reduced)).base.probability[0, 0] == pytest.approx(whole, abs=1e-9)


def test_nothing_removed_is_the_same_network():
    network = random_network(5)
    assert network.bounded(NOTHING) is network


def test_a_circle_is_refused():
    network = build([CAUSE, STATE, STATE], [0.1, 0.1, 0.1], [(0, 1, 0.5), (1, 2, 0.5), (2, 1, 0.5)], [(1, 1)] * 3)
    with pytest.raises(ValueError, match="circle"):
        _ = network.topological
