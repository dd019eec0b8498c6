"""Exactness: against brute force, in every form that evidence can take."""

from __future__ import annotations

import numpy as np
import pytest

from dotmac_diagnose.inference.elimination import Elimination, Marginals
from dotmac_diagnose.inference.elimination_order import plan_elimination
from dotmac_diagnose.inference.network import CAUSE, FINDING, STATE, Network
from dotmac_diagnose.inference.posterior import EXACT, Plain, solve
from dotmac_diagnose.inference.propagation import propagate
from dotmac_diagnose.inference.tables import or_product, or_product_adjoint
from inference.networks import brute_force, build, random_network


def posterior(network: Network) -> Marginals:
    weights = network.weights[np.newaxis]
    return Marginals.of(Elimination(network, plan_elimination(network)).run(weights), weights)


@pytest.mark.parametrize("block", range(10))
def test_equals_brute_force(block: int):
    for seed in range(block * 30, block * 30 + 30):
        network = random_network(seed, nodes=11, hard=seed % 3 != 0)
        expected, predictive = brute_force(network)
        found = posterior(network)
        assert found.probability[0] == pytest.approx(expected, abs=1e-12, rel=1e-9), seed
        above = network.kinds != CAUSE
        assert found.predictive[0][above] == pytest.approx(predictive[above], abs=1e-12, rel=1e-9), seed


def test_equals_brute_force_on_16_nodes():
    network = random_network(4711, nodes=16)
    assert posterior(network).probability[0] == pytest.approx(brute_force(network)[0], abs=1e-12)


def test_passes_side_by_side_equal_single_passes():
    network = random_network(17, nodes=12)
    solution = solve(Plain(network))
    causes = [node for node in range(len(network)) if network.kinds[node] == CAUSE]
    together = solution.passes([(node, value) for node in causes for value in (True, False)])
    for row, (node, value) in enumerate((node, value) for node in causes for value in (True, False)):
        alone = solution.passes([(node, value)])
        assert together.probability[row] == pytest.approx(alone.probability[0], abs=1e-14)
        assert together.probability[row, node] == (1.0 if value else 0.0)


def test_no_underflow_with_forty_present_findings():
    causes, findings = 12, 40
    kinds = [CAUSE] * causes + [FINDING] * findings
    base = [1e-5] * causes + [1e-6] * findings
    edges = [
        (parent, causes + finding, 0.9)
        for finding in range(findings)
        for parent in sorted({finding % causes, (finding + 1) % causes})
    ]
    network = build(kinds, base, sorted(edges), [(1.0, 1.0)] * causes + [(0.0, 1.0)] * findings)
    found = posterior(network).probability[0]
    assert np.isfinite(found).all()
    assert found[causes:] == pytest.approx(1.0)
    assert found[:causes].min() > 0.0
    assert found[:causes].max() <= 1.0


def test_many_causes_of_one_state_share_its_belief():
    causes = 200
    kinds = [CAUSE] * causes + [STATE, FINDING]
    edges = [(parent, causes, 0.9) for parent in range(causes)] + [(causes, causes + 1, 0.97)]
    network = build(kinds, [1e-4] * causes + [1e-6, 1e-6], edges, [(1.0, 1.0)] * (causes + 1) + [(0.0, 1.0)])
    solution = solve(Plain(network))
    assert solution.mode == EXACT
    assert solution.width <= 3
    belief = solution.base.probability[0, :causes]
    assert belief.max() - belief.min() < 1e-12
    assert belief.sum() == pytest.approx(1.0, abs=0.02)


def test_a_state_that_reaches_itself_by_two_ways_is_counted_once():
    kinds = [CAUSE, STATE, STATE, STATE, FINDING]
    edges = [(0, 1, 0.9), (1, 2, 0.8), (1, 3, 0.7), (2, 3, 0.6), (3, 4, 0.5), (0, 4, 0.3)]
    network = build(kinds, [0.01, 0.001, 0.02, 0.003, 0.01], edges, [(1, 1), (1, 0.5), (1, 0.2), (1, 1), (0, 1)])
    assert posterior(network).probability[0] == pytest.approx(brute_force(network)[0], abs=1e-14)


def test_or_product_is_the_distribution_of_a_disjunction():
    rng = np.random.default_rng(1)
    left, right = rng.random((1, 2, 2)), rng.random((1, 2, 2))
    both = or_product(left, right, (1, 2))
    expected = np.zeros((1, 2, 2))
    for a in range(2):
        for b in range(2):
            for c in range(2):
                for d in range(2):
                    expected[0, a | c, b | d] += left[0, a, b] * right[0, c, d]
    assert both == pytest.approx(expected)
    one = or_product(left, right, (1,))
    assert one[0, 1, 0] == pytest.approx(
        left[0, 1, 0] * (right[0, 0, 0] + right[0, 1, 0]) + left[0, 0, 0] * right[0, 1, 0]
    )


@pytest.mark.parametrize("axes", [(), (1,), (2,), (1, 3), (1, 2, 3)])
def test_adjoint_is_the_derivative(axes: tuple[int, ...]):
    rng = np.random.default_rng(2)
    left = rng.random((2, 2, 2, 2))
    right = rng.random((2, *(2 if axis in axes else 1 for axis in (1, 2, 3))))
    outer = rng.random((2, 2, 2, 2))
    by_left, by_right = or_product_adjoint(outer, left, right, axes, want_left=True, want_right=True)
    assert by_left is not None
    assert by_right is not None
    for factor, derivative in ((left, by_left), (right, by_right)):
        assert derivative.shape == factor.shape
        for place in np.ndindex(*factor.shape):
            kept = factor[place]
            factor[place] = kept + 1.0
            more = (outer * or_product(left, right, axes)).sum()
            factor[place] = kept
            assert more - (outer * or_product(left, right, axes)).sum() == pytest.approx(derivative[place])


def test_belief_propagation_is_exact_on_a_tree():
    kinds = [CAUSE, CAUSE, STATE, FINDING, FINDING]
    network = build(
        kinds,
        [0.01, 0.003, 0.001, 0.001, 0.01],
        [(0, 2, 0.9), (1, 2, 0.7), (1, 4, 0.4), (2, 3, 0.97)],
        [(1, 1), (1, 1), (1, 0.3), (0, 1), (1, 0)],
    )
    found = propagate(network, network.weights[np.newaxis])
    assert found.converged
    assert found.marginals.probability[0] == pytest.approx(brute_force(network)[0], abs=1e-4)
