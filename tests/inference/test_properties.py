"""Properties that are true of every noisy-OR network (and only those: a present child may lower an ancestor)."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dotmac_diagnose.inference.network import CAUSE, FINDING, Network
from dotmac_diagnose.inference.posterior import Plain, solve
from inference.networks import build, random_network

SEEDS = st.integers(min_value=0, max_value=10**6)
QUICK = settings(max_examples=40, deadline=None)
TOLERANCE = 1e-10


def beliefs(network: Network) -> np.ndarray:
    return solve(Plain(network)).base.probability[0]


def with_evidence(network: Network, node: int, likelihood: tuple[float, float]) -> Network:
    changed = network.likelihood.copy()
    changed[node] = likelihood
    return dataclasses.replace(network, likelihood=changed)


def with_finding(network: Network, parents: dict[int, float], seen: tuple[float, float]) -> Network:
    count = len(network)
    return Network(
        nodes=(*network.nodes, ("zone.extra", "host/a")),
        kinds=np.append(network.kinds, np.int8(FINDING)),
        base=np.append(network.base, 0.001),
        edge_u=np.append(network.edge_u, np.array(sorted(parents), dtype=np.int32)),
        edge_v=np.append(network.edge_v, np.full(len(parents), count, dtype=np.int32)),
        strength=np.append(network.strength, [parents[node] for node in sorted(parents)]),
        likelihood=np.vstack((network.likelihood, seen)),
    )


def causes_of(network: Network) -> list[int]:
    return [node for node in range(len(network)) if network.kinds[node] == CAUSE]


@QUICK
@given(SEEDS)
def test_unknown_is_marginalised(seed: int):
    network = random_network(seed, nodes=10)
    cause = causes_of(network)[0]
    extended = with_finding(network, {cause: 0.8}, (1.0, 1.0))
    unknown = beliefs(extended)
    shown = unknown[-1]
    given_present = beliefs(with_evidence(extended, len(network), (0.0, 1.0)))
    given_absent = beliefs(with_evidence(extended, len(network), (1.0, 0.0)))
    mixed = shown * given_present[: len(network)] + (1.0 - shown) * given_absent[: len(network)]
    assert np.allclose(unknown[: len(network)], mixed, atol=TOLERANCE)
    assert np.allclose(unknown[: len(network)], beliefs(network), atol=TOLERANCE)


@QUICK
@given(SEEDS)
def test_order_and_names_do_not_matter(seed: int):
    network = random_network(seed, nodes=12)
    order = list(range(len(network)))
    random.Random(seed + 1).shuffle(order)
    place = {node: position for position, node in enumerate(order)}
    edges = sorted(
        (place[u], place[v], s)
        for u, v, s in zip(network.edge_u.tolist(), network.edge_v.tolist(), network.strength.tolist(), strict=True)
    )
    renamed = build(
        network.kinds[order].tolist(),
        network.base[order].tolist(),
        edges,
        [tuple(row) for row in network.likelihood[order].tolist()],
    )
    assert np.allclose(beliefs(renamed), beliefs(network)[order], atol=TOLERANCE)


@QUICK
@given(SEEDS, st.floats(min_value=0.05, max_value=0.98))
def test_private_evidence_is_monotone(seed: int, strength: float):
    network = random_network(seed, nodes=10)
    cause = causes_of(network)[0]
    before = beliefs(network)[cause]
    assert beliefs(with_finding(network, {cause: strength}, (0.0, 1.0)))[cause] >= before - TOLERANCE
    assert beliefs(with_finding(network, {cause: strength}, (1.0, 0.0)))[cause] <= before + TOLERANCE


@QUICK
@given(SEEDS, st.floats(min_value=1.0, max_value=3.0))
def test_a_higher_prior_never_lowers_the_posterior(seed: int, factor: float):
    network = random_network(seed, nodes=10)
    cause = causes_of(network)[0]
    raised = network.base.copy()
    raised[cause] = min(0.9, raised[cause] * factor)
    if raised[cause] < network.base[cause]:
        raised[cause] = network.base[cause]
    assert beliefs(dataclasses.replace(network, base=raised))[cause] >= beliefs(network)[cause] - TOLERANCE


@QUICK
@given(
    st.floats(min_value=1e-5, max_value=0.3),
    st.floats(min_value=1e-5, max_value=0.3),
    st.floats(min_value=0.1, max_value=0.98),
    st.floats(min_value=0.1, max_value=0.98),
    st.floats(min_value=1e-6, max_value=0.05),
)
def test_explaining_away(first: float, second: float, one: float, two: float, leak: float):
    def network(known: tuple[float, float]) -> Network:
        return build(
            [CAUSE, CAUSE, FINDING], [first, second, leak], [(0, 2, one), (1, 2, two)], [(1, 1), known, (0, 1)]
        )

    assert beliefs(network((0.0, 1.0)))[0] <= beliefs(network((1.0, 1.0)))[0] + TOLERANCE


@QUICK
@given(SEEDS, SEEDS)
def test_an_unrelated_incident_changes_nothing(seed: int, other: int):
    first, second = random_network(seed, nodes=9), random_network(other, nodes=9)
    count = len(first)
    joined = Network(
        nodes=(*first.nodes, *((f"other.{name.split('.')[1]}", entity) for name, entity in second.nodes)),
        kinds=np.append(first.kinds, second.kinds),
        base=np.append(first.base, second.base),
        edge_u=np.append(first.edge_u, second.edge_u + count).astype(np.int32),
        edge_v=np.append(first.edge_v, second.edge_v + count).astype(np.int32),
        strength=np.append(first.strength, second.strength),
        likelihood=np.vstack((first.likelihood, second.likelihood)),
    )
    assert len(joined.components()) == len(first.components()) + len(second.components())
    assert np.allclose(beliefs(joined)[:count], beliefs(first), atol=TOLERANCE)
