"""Owners, standing of pods and Jobs, the moment of the capture, and what was looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from kubernetes_objects import (
    NOW,
    Object,
    about,
    ago,
    base,
    condition,
    deployment,
    documents,
    ended,
    lease,
    meta,
    node,
    one,
    owner,
    pod,
    relation,
    replica_set,
    running,
    template,
)

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import KubernetesList, KubernetesStatus, PodLog
from dotmac_diagnose.extract.kubernetes import extract_kubernetes
from dotmac_diagnose.facts import Status
from dotmac_diagnose.facts import kubernetes as kinds


def owner_of(found_pod: Object, **lists: list[Object]) -> str:
    found = base(pods=[found_pod], **lists)
    return found.of_kind(kinds.Pod.kind)[0].entity


def test_owner_is_followed_to_the_top():
    assert owner_of(pod(), replicasets=[replica_set()], deployments=[deployment()]) == "deployment/shop/api"


def test_the_deployment_is_known_without_its_list():
    assert owner_of(pod(), replicasets=[replica_set()]) == "deployment/shop/api"
    assert owner_of(pod()) == "deployment/shop/api"


def test_a_replica_set_whose_deployment_is_gone_owns():
    assert owner_of(pod(), deployments=[]) == "replicaset/shop/api-6f7dd4c94b"


def test_a_replica_set_without_owner_owns():
    alone = {"metadata": meta("api-6f7dd4c94b"), "spec": {"replicas": 1}}
    assert owner_of(pod(), replicasets=[alone]) == "replicaset/shop/api-6f7dd4c94b"


@pytest.mark.parametrize(
    ("owners", "wanted"),
    [
        (owner("StatefulSet", "db"), "statefulset/shop/db"),
        (owner("DaemonSet", "agent"), "daemonset/shop/agent"),
        (owner("ReplicationController", "old", "v1"), "replicaset/shop/old"),
        (owner("Job", "once", "batch/v1"), "job/shop/once"),
        (owner("Node", "node-1", "v1"), "pod/shop/p"),
        (owner("Cluster", "pg", "postgresql.cnpg.io/v1"), "pod/shop/p"),
        (None, "pod/shop/p"),
    ],
)
def test_other_owners(owners: list[Object] | None, wanted: str):
    assert owner_of(pod("p", parent=None, owners=owners)) == wanted


def test_owners_of_other_kinds_manage():
    rollout = {"metadata": meta("api-6f7dd4c94b", ownerReferences=owner("Rollout", "api", "argoproj.io/v1alpha1"))}
    cnpg = pod("pg-1", parent=None, owners=owner("Cluster", "pg", "postgresql.cnpg.io/v1"))
    found = base(pods=[pod(), cnpg], replicasets=[rollout | {"spec": {"template": template()}}], deployments=[])
    assert relation(found, "manages") == {
        ("custom_resource/shop/Rollout.argoproj.io/api", "replicaset/shop/api-6f7dd4c94b"),
        ("custom_resource/shop/Cluster.postgresql.cnpg.io/pg", "pod/shop/pg-1"),
    }


def cron_run(name: str, age: float, state: str | None) -> Object:
    conditions = [condition(state, age=age - 5, reason="BackoffLimitExceeded")] if state else []
    metadata = meta(name, age=age, ownerReferences=owner("CronJob", "rollup", "batch/v1"))
    return {"metadata": metadata, "spec": {"template": template()}, "status": {"conditions": conditions, "active": 0}}


CRON = {
    "metadata": meta("rollup"),
    "spec": {"schedule": "*/10 * * * *", "jobTemplate": {"spec": {"template": template()}}},
}


def test_jobs_keep_their_facts_and_pods_go_to_the_cron_job():
    run_pod = pod("rollup-1-abcde", parent=None, owners=owner("Job", "rollup-1", "batch/v1"), phase="Failed")
    found = base(pods=[run_pod], jobs=[cron_run("rollup-1", 60, "Failed")], cronjobs=[CRON])
    assert about(found, kinds.Pod, "cronjob/shop/rollup")
    assert one(found, kinds.Job, "job/shop/rollup-1").cronjob == "rollup"
    assert relation(found, "creates") == {("cronjob/shop/rollup", "job/shop/rollup-1")}
    assert one(found, kinds.CronJob, "cronjob/shop/rollup").consecutive_failures == 1


def test_runs_of_a_cron_job_replace_each_other():
    jobs = [cron_run("rollup-1", 700, "Failed"), cron_run("rollup-2", 100, "Failed")]
    found = base(jobs=jobs, cronjobs=[CRON])
    assert one(found, kinds.Job, "job/shop/rollup-1").superseded
    assert not one(found, kinds.Job, "job/shop/rollup-2").superseded
    old = base(jobs=[cron_run("rollup-1", 700, "Failed")], cronjobs=[CRON])
    assert one(old, kinds.Job, "job/shop/rollup-1").superseded
    single = {"metadata": meta("once", age=7000), "status": {"conditions": [condition("Failed", age=6000)]}}
    assert not one(base(jobs=[single]), kinds.Job, "job/shop/once").superseded


def evicted(**more: object) -> Object:
    return pod(
        "api-6f7dd4c94b-old11", age=130, phase="Failed", ready=False, status={"reason": "Evicted"}, statuses=[], **more
    )


@pytest.mark.parametrize(("ready_for", "superseded"), [(110, True), (20, False)])
def test_a_replacement_must_have_run_for_a_while(ready_for: float, superseded: bool):
    sibling = pod("api-6f7dd4c94b-new11", age=120, ready_for=ready_for)
    found = base(pods=[evicted(), sibling], replicasets=[replica_set()], deployments=[deployment()])
    values = one(found, kinds.Pod, "deployment/shop/api", pod="shop/api-6f7dd4c94b-old11")
    assert values.superseded is superseded
    assert values.finished
    assert values.reason == "Evicted"


def test_failed_pods_of_an_old_template_are_superseded():
    sets = [replica_set(), replica_set(suffix="74b8699f96", revision=2)]
    found = base(pods=[evicted()], replicasets=sets, deployments=[deployment(revision=2)])
    values = one(found, kinds.Pod, "deployment/shop/api")
    assert values.superseded
    assert values.newest is False


def test_a_failed_pod_of_a_completed_job_is_superseded():
    job = {"metadata": meta("once"), "status": {"conditions": [condition("Complete")], "succeeded": 1}}
    pods = [
        pod(
            "once-a",
            parent=None,
            owners=owner("Job", "once", "batch/v1"),
            phase="Failed",
            statuses=[running() | {"state": ended(1)}],
        ),
        pod("once-b", parent=None, owners=owner("Job", "once", "batch/v1"), phase="Succeeded"),
    ]
    found = base(pods=pods, jobs=[job])
    assert one(found, kinds.Pod, "job/shop/once", pod="shop/once-a").superseded
    failed = {"metadata": meta("once"), "status": {"conditions": [condition("Failed")]}}
    assert not one(base(pods=pods[:1], jobs=[failed]), kinds.Pod, "job/shop/once").superseded


def test_the_capture_is_as_old_as_its_newest_moment():
    assert base(pods=[pod(age=10)]).captured_at == NOW
    found = extract([KubernetesList("pods", [pod(age=50)])])
    assert found.captured_at == NOW - timedelta(seconds=50)
    log = PodLog("shop", "api-6f7dd4c94b-abcde", "app", f"{ago(20)} hello\n")
    assert extract([KubernetesList("pods", [pod(age=50)]), log]).captured_at == NOW - timedelta(seconds=20)


def test_one_wrong_clock_does_not_age_everything():
    future = lease("node-9") | {"spec": {"renewTime": "2099-01-01T00:00:00Z"}}
    assert base(pods=[pod()], leases=[lease(), future]).captured_at == NOW


def test_nothing_gives_nothing():
    found = extract([])
    assert found.facts == ()
    assert found.captured_at is None


def test_lists_tell_what_was_read():
    found = base(deployments=[], statefulsets=[], replicasets=[], pods=[pod()], widgets=[])
    for resource in ("pods", "workloads", "customresources"):
        assert found.coverage(resource, "deployment/shop/api").known
    assert not found.coverage("secrets", "deployment/shop/api").known
    assert one(found, kinds.ResourceList, "cluster/default", list_of="pods").count == 1


def test_namespaced_lists_cover_their_namespace_only():
    parts = [KubernetesList(name, [], namespace="shop") for name in ("deployments", "statefulsets", "replicasets")]
    found = extract(parts)
    assert found.coverage("workloads", "deployment/shop/api").known
    assert not found.coverage("workloads", "deployment/other/api").known


def test_refused_lists_are_facts():
    found = extract([KubernetesStatus("secrets", "denied", "secrets is forbidden")])
    item = found.about("kubernetes.list", "cluster/default")[0]
    assert item.status is Status.DENIED
    assert found.coverage("secrets", "deployment/shop/api").reason == "denied"


def test_unusable_items_cost_only_themselves():
    found = base(pods=[pod(), "junk", {"metadata": {"name": "a/b"}}, {"metadata": 5}], nodes=[node()])  # type: ignore[list-item]
    assert len(found.of_kind(kinds.Pod.kind)) == 1
    assert [(item.collector, item.reason) for item in found.outcomes] == [
        ("import:pods.json", "3 of 4 pods have no usable name")
    ]
    assert not found.coverage("pods", "pod/shop/x").known


def test_of_two_records_the_later_counts():
    older, newer = pod(resourceVersion="5"), pod(resourceVersion="17", phase="Failed")
    for order in ([older, newer], [newer, older]):
        found = extract([KubernetesList("pods", [item]) for item in order])
        assert one(found, kinds.Pod, "deployment/shop/api").phase == "Failed"


def test_logs_find_their_owner():
    restarted = pod(statuses=[running(since=30, restarts=2, lastState=ended(1, finished=40))])
    result = extract_kubernetes(documents(pods=[restarted], replicasets=[replica_set()]))
    known = result.owners("shop", "api-6f7dd4c94b-abcde", "app")
    assert known.entity == "deployment/shop/api"
    assert known.container_running
    assert known.started_at == NOW - timedelta(seconds=30)
    assert known.ended_at == NOW - timedelta(seconds=40)
    gone = result.owners("shop", "api-6f7dd4c94b-zzzzz", "app")
    assert gone.entity == "deployment/shop/api"
    assert gone.container_running is None
    assert result.owners("shop", "stray", "app").entity == "pod/shop/stray"


def test_unredacted_documents_give_no_command_lines():
    commanded = pod(spec={"containers": [{"name": "app", "command": ["app", "secret-thing"]}]})
    shown = extract(documents(pods=[commanded]))
    hidden = extract(documents(pods=[commanded]), redacted=False)
    assert one(shown, kinds.Container, "deployment/shop/api").command == "app secret-thing"
    assert one(hidden, kinds.Container, "deployment/shop/api").command is None
