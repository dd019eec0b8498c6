"""The telling facts of every recorded incident are there, and right."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from kubernetes_objects import about, one, relation

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document, KubernetesList
from dotmac_diagnose.facts import FactBase, FactValues
from dotmac_diagnose.facts import kubernetes as kinds

Recorded = Callable[[str], FactBase]
NAMESPACE = "dotmac-production"
API, PORTAL, WORKER = (f"deployment/{NAMESPACE}/dotmac-{name}" for name in ("api", "portal", "worker"))

# incident, entity, kind, fields that one fact must have
TELLING: list[tuple[str, str, type[FactValues], dict[str, object]]] = [
    ("bad-command-128", API, kinds.Container, {"exit_code": 128, "exit_reason": "StartError", "pod_newest": True}),
    ("bad-command-128", API, kinds.Event, {"reason": "Failed", "current": True, "count": 3}),
    (
        "configmap-key-missing",
        WORKER,
        kinds.Reference,
        {"key": "WORKER_CONCURENCY", "exists": True, "key_exists": False},
    ),
    ("configmap-key-missing", WORKER, kinds.Container, {"waiting_reason": "CreateContainerConfigError"}),
    ("coredns-scaled-to-zero", "deployment/kube-system/coredns", kinds.Workload, {"desired": 0, "current": 0}),
    (
        "coredns-scaled-to-zero",
        "service/kube-system/kube-dns",
        kinds.Service,
        {"ready_endpoints": 0, "matching_scaled_to_zero": True},
    ),
    ("ephemeral-storage-evicted", WORKER, kinds.Event, {"reason": "Evicted", "current": True}),
    ("ephemeral-storage-evicted", WORKER, kinds.Pod, {"phase": "Succeeded", "finished": True, "superseded": False}),
    (
        "finalizer-blocks-deletion",
        f"deployment/{NAMESPACE}/dotmac-legacy",
        kinds.Deletion,
        {"foreign_finalizer": "dotmac.example/dns-cleanup"},
    ),
    (
        "hpa-metrics-server-down",
        "cluster/default",
        kinds.ApiService,
        {"group": "metrics.k8s.io", "available": "False", "reason": "MissingEndpoints"},
    ),
    (
        "hpa-metrics-server-down",
        f"horizontalpodautoscaler/{NAMESPACE}/dotmac-api-hpa",
        kinds.HorizontalPodAutoscaler,
        {"active_status": "False", "target_running": True},
    ),
    (
        "image-tag-wrong",
        API,
        kinds.Container,
        {"waiting_reason": "ImagePullBackOff", "image": "registry.lab/dotmac/platform:1.5.0"},
    ),
    ("insufficient-cpu", PORTAL, kinds.Pod, {"scheduled": False, "scheduled_reason": "Unschedulable"}),
    (
        "insufficient-cpu",
        f"job/{NAMESPACE}/usage-rollup-29925040",
        kinds.Job,
        {"failed_reason": "BackoffLimitExceeded", "superseded": True},
    ),
    ("jwt-secret-mismatch", PORTAL, kinds.Reference, {"variable": "JWT_SECRET", "target": "portal-secrets"}),
    ("jwt-secret-mismatch", API, kinds.Reference, {"variable": "JWT_SECRET", "target": "dotmac-secrets"}),
    (
        "liveness-wrong-port",
        PORTAL,
        kinds.Probe,
        {"probe": "liveness", "port": "8080", "differs_from_former": True, "former": "http HTTP /health/live http"},
    ),
    ("liveness-wrong-port", PORTAL, kinds.Event, {"reason": "Unhealthy", "current": True}),
    ("liveness-wrong-port", PORTAL, kinds.Container, {"exit_code": 0, "exit_reason": "Completed", "restart_count": 2}),
    (
        "migration-job-failed",
        f"job/{NAMESPACE}/dotmac-migrate",
        kinds.Job,
        {"failed_reason": "BackoffLimitExceeded", "migration": True, "superseded": False},
    ),
    ("nodes-cordoned-pending", "node/node-1", kinds.Node, {"unschedulable": True}),
    ("nodes-cordoned-pending", PORTAL, kinds.Event, {"reason": "FailedScheduling", "current": True}),
    ("oom-at-limit", API, kinds.Container, {"exit_code": 137, "exit_reason": "OOMKilled", "restart_count": 3}),
    (
        "pdb-blocks-drain",
        f"poddisruptionbudget/{NAMESPACE}/dotmac-portal",
        kinds.DisruptionBudget,
        {"disruptions_allowed": 0, "pods_on_cordoned_nodes": 1, "cordoned_node": "node-1"},
    ),
    (
        "postgres-scaled-to-zero",
        f"statefulset/{NAMESPACE}/postgres",
        kinds.Workload,
        {"desired": 0, "callers_failing": True},
    ),
    (
        "postgres-volume-full",
        f"persistentvolumeclaim/{NAMESPACE}/data-postgres-0",
        kinds.VolumeUsage,
        {"used_percent": 98.0},
    ),
    (
        "pvc-storage-class-missing",
        f"persistentvolumeclaim/{NAMESPACE}/documents",
        kinds.Claim,
        {"storage_class": "fast-ssd", "class_exists": False, "used_by_pods": 1},
    ),
    (
        "quota-pods",
        f"namespace/{NAMESPACE}",
        kinds.Quota,
        {"resource_name": "pods", "hard": "8", "used": "8", "used_percent": 100.0},
    ),
    ("quota-pods", PORTAL, kinds.Event, {"reason": "FailedCreate", "current": True, "count": 3}),
    ("rbac-forbidden", WORKER, kinds.Container, {"exit_code": 1, "waiting_reason": "CrashLoopBackOff"}),
    (
        "readiness-wrong-path",
        API,
        kinds.Probe,
        {"probe": "readiness", "path": "/healthz/ready", "differs_from_former": True},
    ),
    ("red-herring-failed-job", API, kinds.Reference, {"target": "smtp-credentials", "exists": False, "needed": True}),
    (
        "red-herring-failed-job",
        f"persistentvolumeclaim/{NAMESPACE}/old-exports",
        kinds.Claim,
        {"waits_for_first_consumer": True, "used_by_pods": 0},
    ),
    ("redis-scaled-to-zero", f"deployment/{NAMESPACE}/redis", kinds.Workload, {"desired": 0, "callers_failing": True}),
    ("release-import-error", API, kinds.Container, {"exit_code": 1, "waiting_reason": "CrashLoopBackOff"}),
    ("secret-missing", PORTAL, kinds.Reference, {"target": "dotmac-portal-secrets", "exists": False}),
    ("secret-rotated-pods-stale", API, kinds.Reference, {"variable": "DB_PASSWORD", "changed_after_start": True}),
    ("secret-rotated-pods-stale", WORKER, kinds.Reference, {"variable": "DB_PASSWORD", "changed_after_start": True}),
    (
        "service-account-missing",
        WORKER,
        kinds.Reference,
        {"target_kind": "ServiceAccount", "target": "dotmac-jobs", "exists": False},
    ),
    ("service-account-missing", WORKER, kinds.Event, {"reason": "FailedCreate", "current": True}),
    (
        "service-selector-typo",
        f"service/{NAMESPACE}/dotmac-api",
        kinds.Service,
        {
            "near_workload": API,
            "near_difference": "app: dotmac-apis -> dotmac-api",
            "near_selector": '{"app": "dotmac-api"}',
            "matching_pods": 0,
        },
    ),
    (
        "two-selector-and-image",
        f"service/{NAMESPACE}/dotmac-portal",
        kinds.Service,
        {"near_workload": PORTAL, "ready_endpoints": 0},
    ),
    ("untolerated-taint", "node/node-2", kinds.Node, {"taints": "dedicated=database:NoSchedule"}),
    (
        "wrong-hostname-in-environment",
        WORKER,
        kinds.Dependency,
        {
            "variable": "REDIS_HOST",
            "host": "redis-master",
            "port": 6379,
            "service_exists": False,
            "suggestion": "redis",
            "engine": "redis",
        },
    ),
]


@pytest.mark.parametrize(("incident", "entity", "model", "fields"), TELLING)
def test_telling_fact(
    recorded: Recorded, incident: str, entity: str, model: type[FactValues], fields: dict[str, object]
):
    found = recorded(incident)
    seen = [item.values for item in found.about(model.kind, entity)]
    assert about(found, model, entity, **fields), seen
    assert found.outcomes == ()


@pytest.mark.parametrize(
    "incident", ["service-selector-typo", "postgres-slots-many-workers", "postgres-scaled-to-zero"]
)
def test_a_rolled_back_probe_is_no_model_for_the_present_one(recorded: Recorded, incident: str):
    for probe in about(recorded(incident), kinds.Probe, API):
        assert probe.differs_from_former is not True


def test_healthy_shows_no_trouble(recorded: Recorded):
    found = recorded("healthy-1")
    events = [item.values for item in found.of_kind(kinds.Event.kind)]
    assert not [item for item in events if isinstance(item, kinds.Event) and item.type == "Warning" and item.current]
    for item in found.facts:
        values = item.values
        if isinstance(values, kinds.Pod):
            assert values.finished or values.ready
        elif isinstance(values, kinds.Container):
            assert values.waiting_reason is None
            assert values.restart_count == 0
        elif isinstance(values, kinds.Workload):
            assert values.desired == values.ready
        elif isinstance(values, kinds.Reference):
            assert values.exists
            assert values.key_exists is not False
            assert values.changed_after_start is not True
        elif isinstance(values, kinds.Dependency):
            assert values.service_exists
            assert values.port_exists
        elif isinstance(values, kinds.Service):
            assert values.selector is None or values.ready_endpoints
            assert values.near_workload is None
        elif isinstance(values, kinds.Node):
            assert values.ready == "True"
            assert values.pods_failing == 0


def test_wiring_of_the_stack(recorded: Recorded):
    found = recorded("healthy-1")
    statefulset = f"statefulset/{NAMESPACE}/postgres"
    assert relation(found, "runs") == {
        (f"deployment/{NAMESPACE}/edge", "nginx/edge"),
        (f"deployment/{NAMESPACE}/redis", "redis/redis"),
        ("deployment/kube-system/coredns", "resolver/coredns"),
        (statefulset, "postgres/postgres"),
    }
    uses = relation(found, "uses")
    for client in (API, PORTAL, WORKER, f"cronjob/{NAMESPACE}/usage-rollup"):
        assert {(client, "postgres/postgres"), (client, "redis/redis"), (client, "resolver/coredns")} <= uses
    assert (f"deployment/{NAMESPACE}/loadgen", "endpoint/edge") in uses
    assert relation(found, "routes_to") >= {("nginx/edge", API), ("nginx/edge", PORTAL)}
    assert relation(found, "backed_by") >= {
        ("endpoint/edge", API),
        ("endpoint/edge", f"service/{NAMESPACE}/dotmac-portal"),
    }
    assert relation(found, "fronted_by") == {("endpoint/edge", "nginx/edge")}
    assert relation(found, "served_by") == {(f"certificate/{NAMESPACE}/dotmac-tls", "endpoint/edge")}
    assert relation(found, "stores_on") == {("postgres/postgres", f"persistentvolumeclaim/{NAMESPACE}/data-postgres-0")}
    assert one(found, kinds.Workload, statefulset).callers == f"{API},{PORTAL},{WORKER}"


@pytest.mark.parametrize("incident", ["postgres-scaled-to-zero", "redis-scaled-to-zero", "coredns-scaled-to-zero"])
def test_a_server_without_pods_is_still_known(recorded: Recorded, incident: str):
    found = recorded(incident)
    assert {"postgres/postgres", "redis/redis", "resolver/coredns"} <= {target for _, target in relation(found, "runs")}
    assert (WORKER, "redis/redis") in relation(found, "uses")


def test_a_wrong_host_is_no_use_of_the_server(recorded: Recorded):
    found = recorded("wrong-hostname-in-environment")
    uses = relation(found, "uses")
    assert (WORKER, "postgres/postgres") in uses
    assert (WORKER, "redis/redis") not in uses
    assert not found.entities_of_type("external_api")


@pytest.mark.parametrize("incident", ["secret-rotated-pods-stale", "postgres-wrong-password"])
def test_order_changes_nothing(recorded: Recorded, recording: Callable[[str], list[Document]], incident: str):
    shuffled = recording(incident)
    chance = random.Random(7)
    chance.shuffle(shuffled)
    mixed: list[Document] = []
    for document in shuffled:
        if isinstance(document, KubernetesList):
            items = chance.sample(list(document.items), len(document.items))
            document = KubernetesList(document.list_of, items, source=document.source, evidence=document.evidence)
        mixed.append(document)
    first, second = recorded(incident), extract(mixed)
    assert first.facts == second.facts
    assert first.relations == second.relations
    assert first.changes == second.changes
    assert first.captured_at == second.captured_at


def test_changes_name_the_rollout(recorded: Recorded):
    changes = {(item.entity, item.what) for item in recorded("image-tag-wrong").changes}
    what = "image registry.lab/dotmac/platform:1.4.2 -> registry.lab/dotmac/platform:1.5.0"
    assert any(entity == API and what in words for entity, words in changes)


def test_an_edited_secret_is_a_change(recorded: Recorded):
    found = recorded("secret-rotated-pods-stale")
    assert any(item.what == "Secret dotmac-secrets changed" for item in found.changes)
