"""Random networks and a brute-force oracle for the tests of inference."""

from __future__ import annotations

import random

import numpy as np

from dotmac_diagnose.inference.network import CAUSE, FINDING, STATE, Network


def build(
    kinds: list[int],
    base: list[float],
    edges: list[tuple[int, int, float]],
    likelihood: list[tuple[float, float]],
    names: list[tuple[str, str]] | None = None,
) -> Network:
    """Return a network from plain lists."""
    return Network(
        nodes=tuple(names or [(f"area.n{position:03d}", "host/a") for position in range(len(kinds))]),
        kinds=np.array(kinds, dtype=np.int8),
        base=np.array(base, dtype=float),
        edge_u=np.array([edge[0] for edge in edges], dtype=np.int32),
        edge_v=np.array([edge[1] for edge in edges], dtype=np.int32),
        strength=np.array([edge[2] for edge in edges], dtype=float),
        likelihood=np.array(likelihood, dtype=float).reshape((len(kinds), 2)),
    )


def random_network(seed: int, *, nodes: int = 14, hard: bool = True) -> Network:
    """Return a layered network of 2 to 5 layers with hard, soft and intermediate evidence, shuffled."""
    dice = random.Random(seed)
    layers = dice.randint(2, 5)
    layer = sorted([0, layers - 1, *(dice.randrange(layers) for _ in range(nodes - 2))])
    order = list(range(nodes))
    dice.shuffle(order)
    kinds = [CAUSE] * nodes
    base = [0.0] * nodes
    likelihood = [(1.0, 1.0)] * nodes
    edges: list[tuple[int, int, float]] = []
    for position in range(nodes):
        above = [other for other in range(position) if layer[other] < layer[position]]
        chosen = dice.sample(above, min(len(above), dice.randint(1, 4))) if layer[position] else []
        node = order[position]
        if not chosen:
            base[node] = 10 ** dice.uniform(-4, -0.3)
            if dice.random() < 0.3:
                likelihood[node] = (1.0, dice.uniform(0.01, 1.0))
            continue
        kinds[node] = FINDING if layer[position] == layers - 1 else STATE
        base[node] = 10 ** dice.uniform(-6, -1)
        edges.extend((order[other], node, dice.uniform(0.1, 0.98)) for other in sorted(chosen))
        draw = dice.random()
        if draw < (0.6 if kinds[node] == FINDING else 0.15):
            likelihood[node] = (0.0, 1.0) if hard else (0.01, 1.0)
        elif draw < 0.8:
            likelihood[node] = (1.0, 0.0) if kinds[node] == FINDING else (1.0, dice.uniform(0.001, 1.0))
    edges.sort()
    return build(kinds, base, edges, likelihood)


def brute_force(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Return (posterior, predictive) of every node by summing over all assignments.

    Predictive: P(node = 1 | all evidence but the node's own).
    """
    count = len(network)
    states = ((np.arange(2**count)[:, None] >> np.arange(count)[None, :]) & 1).astype(bool)
    off = np.ones((2**count, count)) * (1.0 - network.base)
    on = np.ones((2**count, count)) * network.base
    for parent, child, strength in zip(network.edge_u, network.edge_v, network.strength, strict=True):
        active = np.where(states[:, parent], strength, 0.0)
        on[:, child] += off[:, child] * active  # 1 - off would lose the digits of a small leak
        off[:, child] *= 1.0 - active
    prior = np.where(states, on, off)
    seen = np.where(states, network.likelihood[:, 1], network.likelihood[:, 0])
    joint = prior.prod(axis=1) * seen.prod(axis=1)
    posterior = (joint[:, None] * states).sum(axis=0) / joint.sum()
    predictive = np.zeros(count)
    for node in range(count):
        others = prior.prod(axis=1) * np.delete(seen, node, axis=1).prod(axis=1)
        predictive[node] = others[states[:, node]].sum() / others.sum()
    return posterior, predictive
