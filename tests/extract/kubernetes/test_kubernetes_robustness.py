"""Hostile documents cost at most themselves, and many objects cost little time."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes_objects import container, deployment, endpoint_slice, event, lease, pod, replica_set, service, template

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document, KubeletSummary, KubernetesList
from dotmac_diagnose.facts import OutcomeStatus
from dotmac_diagnose.facts import kubernetes as kinds

HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    3.5,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "x",
    "a/b",
    "\ud800",
    "y" * 50_000,
    [],
    {},
    [1],
    [None, "a", {}],
    {"a": 1},
    {"name": "x"},
    {1: 2},
    [[[[]]]],
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "2026-11-24T07:00:00+99:99",
    "1e999999999",
    "9" * 40,
    "$(X)$(Y)$(",
    "http://[::1]:99999/",
    "../..",
    "name\nnewline",
    "\x1b[31m",
    "-----BEGIN ",
]


def spoil(value: Any, chance: random.Random, rate: float) -> None:
    """Replace parts of a JSON value by hostile ones, in place."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        draw = chance.random()
        if draw < rate:
            value[key] = copy.deepcopy(chance.choice(HOSTILE))
        elif draw < rate * 1.3 and isinstance(value, dict):
            del value[key]
        else:
            spoil(value[key], chance, rate)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("incident", ["pdb-blocks-drain", "red-herring-failed-job"])
def test_spoiled_recordings(recording: Callable[[str], list[Document]], incident: str, seed: int):
    chance = random.Random(seed)
    spoiled: list[Document] = []
    for document in recording(incident):
        if isinstance(document, KubernetesList):
            items = copy.deepcopy(list(document.items))
            spoil(items, chance, chance.choice([0.01, 0.05, 0.2]))
            spoiled.append(KubernetesList(document.list_of, items, source=document.source))
        elif isinstance(document, KubeletSummary):
            data = copy.deepcopy(dict(document.data))
            spoil(data, chance, 0.05)
            spoiled.append(KubeletSummary(document.node, data))
    found = extract(spoiled)
    assert all(item.status is OutcomeStatus.PARTIAL and item.reason for item in found.outcomes)
    for item in found.facts:
        assert item.entity.isprintable()


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("part", ["metadata", "spec", "status"])
def test_one_spoiled_pod_leaves_the_others(part: str, value: Any):
    broken = pod("api-6f7dd4c94b-zzzzz") | {part: value}
    found = extract([KubernetesList("pods", [pod(), broken], source="pods.json"), KubernetesList("leases", [lease()])])
    values = [item.values for item in found.of_kind(kinds.Pod.kind)]
    assert any(
        isinstance(item, kinds.Pod) and item.pod == "shop/api-6f7dd4c94b-abcde" and item.ready for item in values
    )


def test_names_that_could_deceive_are_left_out():
    names = ["a\nb", "a b", "a/b", "\u2028", "", "n" * 300, "a\x1b[0m"]
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in names]
    found = extract([KubernetesList("pods", items, source="pods.json")])
    assert not found.of_kind(kinds.Pod.kind)
    assert found.outcomes[0].reason == "7 of 7 pods have no usable name"


def many(apps: int) -> list[Document]:
    """Return deployments with five pods each, their Services, slices and events."""
    lists: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("pods", "replicasets", "deployments", "services", "endpointslices", "events")
    }
    for number in range(apps):
        name = f"app-{number:04}"
        env = [{"name": "PEER_URL", "value": f"http://app-{number // 2:04}:80"}, {"name": "LOG_LEVEL", "value": "info"}]
        pods = template({"app": name}, container(env=env, ports=[{"containerPort": 8080}]))
        lists["deployments"].append(deployment(name, pods, replicas=5))
        lists["replicasets"].append(replica_set(name, pods=pods))
        lists["services"].append(service(name, {"app": name if number % 20 else f"{name}x"}))
        lists["endpointslices"].append(
            endpoint_slice(name, *(f"10.{number // 250}.{number % 250}.{member}" for member in range(5)))
        )
        for member in "bcdfg":
            pod_name = f"{name}-6f7dd4c94b-{member * 5}"
            lists["pods"].append(pod(pod_name, f"{name}-6f7dd4c94b", labels={"app": name}))
            lists["events"].append(event("Unhealthy", "Pod", pod_name, "Readiness probe failed: 503", 700))
    return [KubernetesList(name, items) for name, items in lists.items()]


def seconds(documents: list[Document]) -> float:
    started = time.process_time()
    extract(documents)
    return time.process_time() - started


def test_time_grows_with_the_number_of_objects_only():
    small, large = many(100), many(400)
    seconds(small)
    assert seconds(large) < 12 * max(min(seconds(small), seconds(small)), 0.02)
