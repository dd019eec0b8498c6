"""When an event still holds."""

from __future__ import annotations

import pytest
from kubernetes_objects import (
    Object,
    ago,
    base,
    condition,
    deployment,
    ended,
    event,
    meta,
    node,
    one,
    pod,
    replica_set,
    running,
    waiting,
)

from dotmac_diagnose.facts import kubernetes as kinds

POD = "api-6f7dd4c94b-abcde"
API = "deployment/shop/api"


def seen(item: Object, *pods: Object, entity: str = API, **lists: list[Object]) -> kinds.Event:
    lists.setdefault("replicasets", [replica_set()])
    lists.setdefault("deployments", [deployment()])
    return one(base(events=[item], pods=list(pods), **lists), kinds.Event, entity)


def test_an_event_of_a_gone_pod_is_obsolete_and_goes_to_the_owner():
    values = seen(event("Unhealthy", "Pod", "api-6f7dd4c94b-zzzzz", "Readiness probe failed: x"))
    assert values.object_exists is False
    assert values.current is False


def test_an_event_of_another_pod_of_the_same_name_is_obsolete():
    item = event("FailedScheduling", "Pod", POD, involved={"uid": "former"})
    assert seen(item, pod(uid="present", ready=False)).current is False


def test_static_pods_have_another_uid_in_events():
    static = pod(
        "kube-scheduler", parent=None, uid="real", annotations={"kubernetes.io/config.mirror": "x"}, ready=False
    )
    item = event("BackOff", "Pod", "kube-scheduler", involved={"uid": "x"})
    assert seen(item, static, entity="pod/shop/kube-scheduler").object_exists


def test_without_the_list_nothing_is_known():
    found = base(events=[event("BackOff", "Pod", POD)])
    values = one(found, kinds.Event, API)
    assert values.object_exists is None
    assert values.current is None


def test_missing_times_fall_back():
    item = event("FailedScheduling", "Pod", POD) | {"lastTimestamp": None, "firstTimestamp": None, "count": None}
    item["eventTime"] = ago(30)[:-1] + ".000000Z"
    values = seen(item, pod(ready=False))
    assert values.age_seconds == 30
    assert values.count == 1
    item["series"] = {"count": 4, "lastObservedTime": ago(7)}
    values = seen(item, pod(ready=False))
    assert (values.age_seconds, values.count) == (7, 4)


def test_the_newer_event_shape():
    item = {
        "metadata": meta("x", age=40),
        "regarding": {"kind": "Pod", "name": POD, "namespace": "shop"},
        "note": "Back-off restarting failed container",
        "reason": "BackOff",
        "type": "Warning",
        "deprecatedCount": 6,
        "deprecatedLastTimestamp": ago(9),
    }
    values = seen(item, pod(ready=False, statuses=[waiting("CrashLoopBackOff")]))
    assert (values.message, values.count, values.age_seconds) == ("Back-off restarting failed container", 6, 9)
    assert values.current


@pytest.mark.parametrize(("scheduled", "current"), [(False, True), (True, False)])
def test_scheduling(scheduled: bool, current: bool):
    spec = {} if scheduled else {"nodeName": None}
    status = {} if scheduled else {"conditions": [condition("PodScheduled", "False", reason="Unschedulable")]}
    assert seen(event("FailedScheduling", "Pod", POD), pod(spec=spec, status=status)).current is current


@pytest.mark.parametrize(
    ("message", "age", "pod_values", "current"),
    [
        ("Readiness probe failed: 503", 10, {"ready": False}, True),
        ("Readiness probe failed: 503", 900, {"ready": True, "ready_for": 600}, False),
        ("Readiness probe failed: 503", 30, {"ready": True, "ready_for": 600}, True),
        ("Readiness probe failed: 503", 400, {"ready": True, "ready_for": 3000}, False),
        ("Startup probe failed: refused", 3500, {"ready": True, "ready_for": 3400}, False),
        (
            "Liveness probe failed: 404",
            20,
            {"ready": True, "ready_for": 5, "statuses": [running(since=15, restarts=4, lastState=ended(137, 15, 30))]},
            True,
        ),
        (
            "Liveness probe failed: 404",
            2000,
            {
                "ready": True,
                "ready_for": 1900,
                "statuses": [running(since=1900, restarts=1, lastState=ended(137, 1901, 60))],
            },
            False,
        ),
    ],
)
def test_probes(message: str, age: float, pod_values: Object, current: bool):
    item = event("Unhealthy", "Pod", POD, message, age, involved={"fieldPath": "spec.containers{app}"})
    assert seen(item, pod(**pod_values)).current is current


@pytest.mark.parametrize(
    ("status", "current"),
    [
        (waiting("ImagePullBackOff"), True),
        (waiting("ErrImagePull"), True),
        (running(), False),
        (waiting("CrashLoopBackOff", restarts=2, lastState=ended(1)), False),
    ],
)
def test_pulls_end_when_the_image_is_there(status: Object, current: bool):
    for reason, message in (
        ("Failed", "Failed to pull image"),
        ("BackOff", 'Back-off pulling image "x"'),
        ("Failed", "Error: ErrImagePull"),
    ):
        item = event(reason, "Pod", POD, message, involved={"fieldPath": "spec.containers{app}"})
        assert seen(item, pod(ready=status["ready"], statuses=[status])).current is current


@pytest.mark.parametrize(
    ("status", "current"),
    [
        (waiting("CrashLoopBackOff", restarts=5, lastState=ended(1)), True),
        (running(since=20, restarts=5, lastState=ended(1, 21, 30)), True),
        (running(since=900, restarts=5, lastState=ended(1, 901, 30)), False),
    ],
)
def test_crashes_end_when_the_container_runs_for_long(status: Object, current: bool):
    item = event("BackOff", "Pod", POD, "Back-off restarting failed container app in pod x", 100)
    assert seen(item, pod(ready=status["ready"], statuses=[status])).current is current


def test_mounts_end_when_a_container_starts():
    item = event("FailedMount", "Pod", POD, "MountVolume.SetUp failed", 300)
    assert seen(item, pod(statuses=[running(since=100)])).current is False
    assert seen(item, pod(ready=False, statuses=[waiting("ContainerCreating")])).current is True


@pytest.mark.parametrize(
    ("message", "claim"),
    [
        ('MountVolume.SetUp failed for volume "pvc-1" : mount failed', "persistentvolumeclaim/shop/data"),
        ('Multi-Attach error for volume "pvc-1" Volume is already used', "persistentvolumeclaim/shop/data"),
        ("Unable to attach or mount volumes: unmounted volumes=[files], timed out", "persistentvolumeclaim/shop/data"),
        ('MountVolume.SetUp failed for volume "settings" : configmap "x" not found', None),
        ("MountVolume.SetUp failed", None),
    ],
)
def test_a_message_about_a_mount_names_a_claim(message: str, claim: str | None):
    volumes = [
        {"name": "files", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "settings", "configMap": {"name": "x"}},
    ]
    data = {"metadata": meta("data"), "spec": {"volumeName": "pvc-1"}, "status": {"phase": "Bound"}}
    waits = pod(ready=False, statuses=[waiting("ContainerCreating")], spec={"volumes": volumes})
    item = event("FailedMount", "Pod", POD, message)
    assert seen(item, waits, persistentvolumeclaims=[data]).claim == claim


@pytest.mark.parametrize(
    ("exists", "desired", "pods", "current"), [(1, 3, 1, True), (1, 1, 1, False), (0, 3, 1, True), (0, 1, 1, False)]
)
def test_refused_creation_holds_while_pods_are_missing(exists: int, desired: int, pods: int, current: bool):
    sets = [replica_set(replicas=desired, status={"replicas": pods})] if exists else []
    item = event("FailedCreate", "ReplicaSet", "api-6f7dd4c94b", "exceeded quota")
    values = seen(item, pod(), replicasets=sets, deployments=[deployment(replicas=desired)])
    assert values.current is current


def test_refused_creation_of_a_stateful_set_and_a_job():
    statefulset = {"metadata": meta("db"), "spec": {"replicas": 2}, "status": {"replicas": 0}}
    item = event("FailedCreate", "StatefulSet", "db")
    assert seen(item, entity="statefulset/shop/db", statefulsets=[statefulset]).current
    job = {"metadata": meta("once"), "spec": {}, "status": {}}
    item = event("FailedCreate", "Job", "once")
    assert seen(item, entity="job/shop/once", jobs=[job]).current
    done = job | {"status": {"conditions": [condition("Complete")], "succeeded": 1}}
    assert not seen(item, entity="job/shop/once", jobs=[done]).current


def test_a_newer_template_makes_events_of_old_pods_obsolete():
    sets = [replica_set(age=9000), replica_set(suffix="74b8699f96", revision=2, age=100)]
    item = event("BackOff", "Pod", POD, "Back-off restarting failed container app", 500)
    crashing = pod(ready=False, statuses=[waiting("CrashLoopBackOff", restarts=3)])
    assert seen(item, crashing, replicasets=sets, deployments=[deployment(revision=2)]).current is False


@pytest.mark.parametrize(("active", "current"), [("True", False), ("False", True)])
def test_autoscaler_events_follow_its_condition(active: str, current: bool):
    item = event("FailedGetResourceMetric", "HorizontalPodAutoscaler", "api", count=81)
    autoscaler = {"metadata": meta("api"), "status": {"conditions": [condition("ScalingActive", active)]}}
    values = seen(item, entity="horizontalpodautoscaler/shop/api", horizontalpodautoscalers=[autoscaler])
    assert values.current is current


@pytest.mark.parametrize(("phase", "current"), [("Pending", True), ("Bound", False)])
def test_claim_events_follow_the_phase(phase: str, current: bool):
    claim = {"metadata": meta("data"), "spec": {}, "status": {"phase": phase}}
    item = event("ProvisioningFailed", "PersistentVolumeClaim", "data")
    values = seen(item, entity="persistentvolumeclaim/shop/data", persistentvolumeclaims=[claim])
    assert values.current is current


@pytest.mark.parametrize(
    ("reason", "given", "current"),
    [
        ("NodeNotReady", node("n", condition("Ready", "Unknown")), True),
        ("NodeNotReady", node("n", condition("Ready")), False),
        ("NodeNotSchedulable", node("n", unschedulable=True), True),
        ("NodeNotSchedulable", node("n"), False),
        ("NodeHasDiskPressure", node("n", condition("DiskPressure")), True),
        ("NodeHasDiskPressure", node("n", condition("DiskPressure", "False")), False),
    ],
)
def test_node_events_follow_the_node(reason: str, given: Object, current: bool):
    item = event(reason, "Node", "n", involved={"namespace": "", "uid": "n"})
    assert seen(item, entity="node/n", nodes=[given]).current is current


def test_junk_events_are_left_out():
    found = base(
        events=[
            {"metadata": meta("a")},
            {"metadata": meta("b"), "involvedObject": {"kind": {}, "name": []}, "reason": []},
        ]
    )
    assert not found.of_kind(kinds.Event.kind)
