"""Storage, nodes, quotas, autoscalers, Jobs, control plane, deletions, custom resources, bindings and policies."""

from __future__ import annotations

import pytest
from kubernetes_objects import (
    Object,
    about,
    ago,
    base,
    condition,
    container,
    deployment,
    ended,
    endpoint_slice,
    lease,
    meta,
    node,
    one,
    owner,
    pod,
    relation,
    replica_set,
    running,
    service,
    template,
    waiting,
)

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import KubeletSummary, KubernetesList
from dotmac_diagnose.facts import FactBase
from dotmac_diagnose.facts import kubernetes as kinds

API = "deployment/shop/api"
CLAIM = "persistentvolumeclaim/shop/data"


def claim(phase: str = "Pending", **spec: object) -> Object:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, **spec}
    return {"metadata": meta("data", age=300), "spec": body, "status": {"phase": phase}}


def storage_class(name: str, *, default: bool = False, **more: object) -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": meta(name, "", annotations=annotations), **more}


def test_a_claim_of_a_missing_class():
    found = base(
        persistentvolumeclaims=[claim(storageClassName="fastt")], storageclasses=[storage_class("fast")], pods=[]
    )
    values = one(found, kinds.Claim, CLAIM)
    assert (values.class_exists, values.suggestion, values.default_class_exists) == (False, "fast", False)
    assert (values.used_by_pods, values.requested_bytes, values.age_seconds) == (0, 10 * 2**30, 300)


def test_a_claim_without_class_takes_the_default():
    classes = [storage_class("std", default=True, volumeBindingMode="WaitForFirstConsumer", allowVolumeExpansion=True)]
    values = one(base(persistentvolumeclaims=[claim()], storageclasses=classes), kinds.Claim, CLAIM)
    assert (values.storage_class, values.default_class_exists) == (None, True)
    assert values.waits_for_first_consumer
    assert values.expandable
    static = one(base(persistentvolumeclaims=[claim(storageClassName="")], storageclasses=classes), kinds.Claim, CLAIM)
    assert static.waits_for_first_consumer is None
    unknown = one(base(persistentvolumeclaims=[claim(storageClassName="x")]), kinds.Claim, CLAIM)
    assert (unknown.class_exists, unknown.default_class_exists) == (None, None)


def volume(name: str = "pv-1", phase: str = "Available", **spec: object) -> Object:
    body = {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "std", **spec}
    return {"metadata": meta(name, "", labels={"zone": "a"}), "spec": body, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("wanted", "offered", "difference"),
    [
        ({"storageClassName": "fast"}, {}, "storageClassName: fast -> std"),
        ({"accessModes": ["ReadWriteMany"]}, {}, "accessModes: ReadWriteMany -> ReadWriteOnce"),
        ({}, {"capacity": {"storage": "5Gi"}}, "storage: 10Gi -> 5Gi"),
        ({"volumeMode": "Block"}, {}, "volumeMode: Block -> Filesystem"),
        ({"selector": {"matchLabels": {"zone": "b"}}}, {}, "selector: does not match the labels of the volume"),
        ({}, {"claimRef": {"namespace": "other", "name": "x"}}, "claimRef: the volume is kept for other/x"),
        ({}, {}, None),
        ({"accessModes": ["ReadWriteMany"], "volumeMode": "Block"}, {}, None),
    ],
)
def test_the_volume_that_nearly_fits(wanted: Object, offered: Object, difference: str | None):
    found = base(
        persistentvolumeclaims=[claim(**{"storageClassName": "std", **wanted})], persistentvolumes=[volume(**offered)]
    )
    values = one(found, kinds.Claim, CLAIM)
    assert values.near_volume_difference == difference
    assert values.near_volume == ("pv-1" if difference else None)


def test_volumes_and_who_mounts_them():
    given = pod(
        spec={
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "ephemeral": {}}]
        }
    )
    lost = volume(
        phase="Failed", persistentVolumeReclaimPolicy="Delete", claimRef={"namespace": "shop", "name": "data"}
    )
    found = base(pods=[given], persistentvolumeclaims=[claim("Bound", volumeName="pv-1")], persistentvolumes=[lost])
    assert one(found, kinds.Claim, CLAIM).used_by_pods == 1
    values = one(found, kinds.Volume, "persistentvolume/pv-1")
    assert (values.phase, values.claim, values.reclaim_policy) == ("Failed", "shop/data", "Delete")
    assert relation(found, "binds") == {(CLAIM, "persistentvolume/pv-1")}
    name = "api-6f7dd4c94b-abcde"
    assert relation(found, "mounts") == {
        (f"pod/shop/{name}", CLAIM),
        (f"pod/shop/{name}", f"persistentvolumeclaim/shop/{name}-tmp"),
    }


def test_use_of_a_claim():
    use = {"pvcRef": {"name": "data"}, "usedBytes": 98, "capacityBytes": 100, "inodesUsed": 5, "inodes": 10}
    summary = {
        "pods": [{"podRef": {"namespace": "shop", "name": "db-0"}, "volume": [use, {"name": "tmp", "usedBytes": 1}]}]
    }
    found = extract([KubeletSummary("node-1", summary), KubernetesList("nodes", [node(), node("node-2")])])
    values = one(found, kinds.VolumeUsage, CLAIM)
    assert (values.used_percent, values.inodes_used_percent, values.pod) == (98.0, 50.0, "shop/db-0")
    assert not found.coverage("volumestats", CLAIM).known
    whole = extract([KubeletSummary("node-1", summary), KubernetesList("nodes", [node()])])
    assert whole.coverage("volumestats", CLAIM).known


def test_a_node_and_what_fails_on_it():
    bad = node(
        "node-1",
        condition("Ready", "False", 120, reason="KubeletNotReady", message="down"),
        condition("DiskPressure"),
        condition("KernelDeadlock"),
    )
    bad["spec"] = {
        "unschedulable": True,
        "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "c", "effect": "NoExecute"}],
    }
    bad["status"]["allocatable"] = {"cpu": "1930m", "memory": "7Gi", "pods": "110"}
    requests = {"containers": [container(resources={"requests": {"cpu": "100m", "memory": "1Gi"}})]}
    agent = pod("agent-x", parent=None, owners=owner("DaemonSet", "agent"), spec=requests)
    pods = [
        pod(ready=False, statuses=[waiting("CrashLoopBackOff", restarts=3)], spec=requests),
        pod("api-6f7dd4c94b-zzzzz", ready=False, spec={"nodeName": "node-2"}),
        agent,
    ]
    found = base(nodes=[bad, node("node-2")], pods=pods, leases=[lease(age=90), lease("node-2")])
    values = one(found, kinds.Node, "node/node-1")
    assert (values.ready, values.ready_reason, values.ready_changed_seconds) == ("False", "KubeletNotReady", 120)
    assert (values.disk_pressure, values.memory_pressure, values.problem_conditions) == (True, None, "KernelDeadlock")
    assert (values.unschedulable, values.drained_pods_left, values.lease_age_seconds) == (True, 1, 90)
    assert values.taints == "a=b:NoSchedule,c:NoExecute"
    assert (values.pods_total, values.pods_failing, values.workloads_failing, values.workloads_failing_elsewhere) == (
        2,
        1,
        1,
        1,
    )
    assert (values.requested_cpu_millicores, values.requested_memory_bytes) == (200, 2 * 2**30)
    assert (values.allocatable_cpu_millicores, values.allocatable_pods) == (1930, 110)
    assert ("node/node-1", "host/node-1") in relation(found, "is")


@pytest.mark.parametrize(("listed", "ready", "wanted"), [(True, True, True), (True, False, False), (False, True, None)])
def test_the_service_proxy_of_a_node(listed: bool, ready: bool, wanted: bool | None):
    daemon_set = {"metadata": meta("kube-proxy", "kube-system"), "spec": {}, "status": {}}
    proxy = pod("kube-proxy-x", parent=None, owners=owner("DaemonSet", "kube-proxy"), ready=ready)
    proxy["metadata"]["namespace"] = "kube-system"
    found = base(nodes=[node(), node("node-2")], pods=[proxy], daemonsets=[daemon_set] if listed else [])
    assert one(found, kinds.Node, "node/node-1").service_proxy_ready is wanted
    assert one(found, kinds.Node, "node/node-2").service_proxy_ready is (False if listed else None)


def test_pods_that_just_start_do_not_count_as_failing():
    found = base(nodes=[node()], pods=[pod(ready=False, age=20)])
    assert one(found, kinds.Node, "node/node-1").pods_failing == 0


def test_quotas():
    quota = {
        "metadata": meta("team"),
        "status": {"hard": {"pods": "8", "requests.cpu": "2", "x": {}}, "used": {"pods": "8", "requests.cpu": "1500m"}},
    }
    found = base(resourcequotas=[quota])
    shares = {item.resource_name: item.used_percent for item in about(found, kinds.Quota, "namespace/shop")}
    assert shares == {"pods": 100.0, "requests.cpu": 75.0}


def autoscaler(**more: object) -> Object:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
        "maxReplicas": 4,
        **more.pop("spec", {}),
    }  # type: ignore[dict-item]
    return {"metadata": meta("api", **more.pop("metadata", {})), "spec": spec, "status": more.pop("status", {})}  # type: ignore[arg-type]


def test_autoscalers():
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 95}}}
    status = {"currentReplicas": 4, "desiredReplicas": 4, "currentMetrics": [current]}
    status["conditions"] = [
        condition("ScalingLimited", reason="TooManyReplicas"),
        condition("ScalingActive", reason="ValidMetricFound"),
    ]
    found = base(
        horizontalpodautoscalers=[autoscaler(spec={"metrics": [metric]}, status=status)],
        deployments=[deployment()],
        pods=[pod()],
    )
    values = one(found, kinds.HorizontalPodAutoscaler, "horizontalpodautoscaler/shop/api")
    assert (values.target, values.target_exists, values.target_running) == (API, True, True)
    assert (values.minimum, values.maximum, values.desired, values.above_target) == (1, 4, 4, True)
    assert (values.limited_reason, values.active_status) == ("TooManyReplicas", "True")
    assert relation(found, "scales") == {("horizontalpodautoscaler/shop/api", API)}


def test_autoscalers_without_target_and_of_the_old_version():
    annotation = '[{"type":"AbleToScale","status":"False","reason":"FailedGetScale","message":"not found"}]'
    item = autoscaler(metadata={"annotations": {"autoscaling.alpha.kubernetes.io/conditions": annotation}})
    found = base(horizontalpodautoscalers=[item], deployments=[])
    values = one(found, kinds.HorizontalPodAutoscaler, "horizontalpodautoscaler/shop/api")
    assert (values.target_exists, values.able_status, values.able_reason) == (False, "False", "FailedGetScale")
    assert values.above_target is None
    broken = autoscaler(metadata={"annotations": {"autoscaling.alpha.kubernetes.io/conditions": "[" * 20_000}})
    assert one(
        base(horizontalpodautoscalers=[broken]), kinds.HorizontalPodAutoscaler, "horizontalpodautoscaler/shop/api"
    )


def budget(name: str = "api", **labels: str) -> Object:
    status = {"currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
    return {
        "metadata": meta(name),
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels or {"app": "api"}}},
        "status": status,
    }


def test_budgets():
    found = base(
        poddisruptionbudgets=[budget(), budget("all", app="api"), budget("none", app="x")],
        pods=[pod()],
        nodes=[node(unschedulable=True)],
        deployments=[deployment()],
    )
    values = one(found, kinds.DisruptionBudget, "poddisruptionbudget/shop/api")
    assert (values.minimum_available, values.disruptions_allowed, values.overlapping) == ("1", 0, "all")
    assert (values.pods_on_cordoned_nodes, values.cordoned_node) == (1, "node-1")
    assert ("poddisruptionbudget/shop/api", API) in relation(found, "protects")
    assert one(found, kinds.DisruptionBudget, "poddisruptionbudget/shop/none").overlapping is None


def job(name: str = "once", *, labels: dict[str, str] | None = None, **more: object) -> Object:
    spec = {"template": template({"app": name}, *more.pop("containers", [container()])), **more.pop("spec", {})}  # type: ignore[misc,dict-item]
    return {"metadata": meta(name, age=500, labels=labels or {}, **more), "spec": spec, "status": {}}


@pytest.mark.parametrize(
    ("given", "migration", "hook"),
    [
        (job("dotmac-migrate"), True, None),
        (job(containers=[container(command=["alembic", "upgrade", "head"])]), True, None),
        (job(annotations={"helm.sh/hook": "pre-upgrade"}, labels={"component": "migrations"}), True, "pre-upgrade"),
        (job(annotations={"argocd.argoproj.io/hook": "PreSync"}), False, "PreSync"),
        (job("report"), False, None),
    ],
)
def test_migrations_and_hooks(given: Object, migration: bool, hook: str | None):
    values = one(base(jobs=[given]), kinds.Job, f"job/shop/{given['metadata']['name']}")
    assert (values.migration, values.hook) == (migration, hook)


def test_a_sidecar_keeps_a_job_running():
    statuses = [{"name": "main", "state": ended(0, reason="Completed")}, running("proxy")]
    spec = {"containers": [container("main"), container("proxy")]}
    given = pod("once-x", parent=None, owners=owner("Job", "once", "batch/v1"), statuses=statuses, spec=spec)
    active = job() | {"status": {"active": 1, "startTime": ago(400)}}
    values = one(base(jobs=[active], pods=[given]), kinds.Job, "job/shop/once")
    assert values.main_finished_other_runs
    assert (values.active, values.active_seconds, values.age_seconds) == (1, 400, 500)


def test_cron_jobs():
    item = {
        "metadata": meta("rollup"),
        "spec": {"schedule": "0 * * * *", "suspend": True, "concurrencyPolicy": "Forbid", "timeZone": "Etc/UTC"},
        "status": {"lastScheduleTime": ago(9000), "lastSuccessfulTime": ago(9500), "active": [{}]},
    }
    values = one(base(cronjobs=[item]), kinds.CronJob, "cronjob/shop/rollup")
    assert (values.period_seconds, values.suspended, values.active) == (3600, True, 1)
    assert (values.last_schedule_seconds, values.last_success_seconds) == (9000, 9500)
    assert values.consecutive_failures is None
    assert (values.periods_without_run, values.periods_without_success) == (2.5, 2.64)


@pytest.mark.parametrize(
    ("suspended", "applied", "declared"),
    [
        (True, '{"spec":{"suspend":true}}', True),
        (True, '{"spec":{"schedule":"0 * * * *"}}', False),
        (True, '{"spec":{"suspend":"yes"}}', False),
        (True, "[", None),
        (True, None, None),
        (False, '{"spec":{"suspend":true}}', None),
    ],
)
def test_a_suspension_that_the_manifest_declares(suspended: bool, applied: str | None, declared: bool | None):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied} if applied is not None else {}
    spec = {"schedule": "0 * * * *", "suspend": suspended}
    item = {"metadata": meta("rollup", annotations=annotations), "spec": spec, "status": {}}
    values = one(base(cronjobs=[item]), kinds.CronJob, "cronjob/shop/rollup")
    assert values.suspended_as_declared is declared
    assert (values.periods_without_run, values.periods_without_success) == (24, None)


def test_aggregated_apis_and_leases():
    status = {"conditions": [condition("Available", "False", reason="MissingEndpoints", message="no addresses")]}
    spec = {"group": "metrics.k8s.io", "service": {"namespace": "kube-system", "name": "metrics-server"}}
    item = {"metadata": meta("v1beta1.metrics.k8s.io", ""), "spec": spec, "status": status}
    found = base(apiservices=[item], leases=[lease(), lease("kube-scheduler", "kube-system", 300)])
    values = one(found, kinds.ApiService, "cluster/default")
    assert (values.group, values.available, values.service) == ("metrics.k8s.io", "False", "kube-system/metrics-server")
    held = one(found, kinds.Lease, "cluster/default")
    assert (held.name, held.age_seconds) == ("kube-scheduler", 300)


def webhook(**more: object) -> Object:
    rule = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}
    body = {
        "name": "check.example.com",
        "rules": [rule],
        "clientConfig": {"service": {"namespace": "shop", "name": "check"}},
        **more,
    }
    return {"metadata": meta("checker", ""), "webhooks": [body]}


@pytest.mark.parametrize(
    ("more", "hit"),
    [
        ({}, True),
        ({"rules": [{"operations": ["*"], "apiGroups": ["*"], "resources": ["*/*"]}]}, True),
        ({"rules": [{"operations": ["DELETE"], "apiGroups": [""], "resources": ["pods"]}]}, False),
        ({"rules": [{"operations": ["CREATE"], "apiGroups": ["apps"], "resources": ["deployments"]}]}, False),
        ({"objectSelector": {"matchLabels": {"app": "other"}}}, False),
        (
            {
                "namespaceSelector": {
                    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]
                }
            },
            True,
        ),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}, False),
    ],
)
def test_webhooks_that_see_pods(more: Object, hit: bool):
    found = base(
        validatingwebhookconfigurations=[webhook(**more)],
        deployments=[deployment()],
        services=[service("check")],
        endpointslices=[],
    )
    values = one(found, kinds.Webhook, "webhook/check.example.com")
    assert (values.failure_policy, values.service_exists, values.ready_endpoints) == ("Fail", True, 0)
    pairs = {("webhook/check.example.com", API), ("webhook/check.example.com", "namespace/shop")}
    assert relation(found, "intercepts") == (pairs if hit else set())


@pytest.mark.parametrize(
    ("finalizers", "foreign"),
    [
        (["kubernetes.io/pvc-protection"], None),
        (["foregroundDeletion", "example.com/cleanup"], "example.com/cleanup"),
        (["external-attacher/ebs-csi"], None),
    ],
)
def test_deletions(finalizers: list[str], foreign: str | None):
    waits = claim() | {"metadata": meta("data", deletionTimestamp=ago(600), finalizers=finalizers)}
    values = one(base(persistentvolumeclaims=[waits]), kinds.Deletion, CLAIM)
    assert (values.foreign_finalizer, values.deleting_seconds, values.object_kind) == (
        foreign,
        600,
        "PersistentVolumeClaim",
    )


def test_deletions_of_other_objects():
    gone = {"metadata": meta("old", "", deletionTimestamp=ago(900)), "spec": {"finalizers": ["kubernetes"]}}
    gone["status"] = {
        "conditions": [condition("NamespaceContentRemaining", message="pods. has 1 resource"), condition("Ok", "False")]
    }
    custom = {
        "apiVersion": "x.example/v1",
        "kind": "Widget",
        "metadata": meta("w", deletionTimestamp=ago(60), finalizers=["x.example/f"]),
    }
    unheld = {"metadata": meta("plain", deletionTimestamp=ago(60))}
    found = base(namespaces=[gone], widgets=[custom], configmaps=[unheld], deployments=[])
    assert one(found, kinds.Deletion, "namespace/old").conditions == "NamespaceContentRemaining: pods. has 1 resource"
    assert one(found, kinds.Deletion, "custom_resource/shop/Widget.x.example/w").foreign_finalizer == "x.example/f"
    assert len(found.of_kind(kinds.Deletion.kind)) == 2


def custom(api: str, kind: str, name: str, **more: object) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": meta(name), **more}


def test_conditions_of_custom_resources():
    item = custom(
        "x.example/v1",
        "Widget",
        "w",
        status={"conditions": [condition("Ready", "False", 90, reason="Bad", message="no")]},
    )
    found = base(**{"widgets.x.example": [item]})
    values = one(found, kinds.Condition, "custom_resource/shop/Widget.x.example/w")
    assert (values.type, values.status, values.reason, values.age_seconds) == ("Ready", "False", "Bad", 90)


def test_a_foreign_kind_with_a_known_name_is_custom():
    item = custom("serving.knative.dev/v1", "Service", "s", status={"conditions": [condition("Ready", "False")]})
    found = base(services=[item])
    assert about(found, kinds.Condition, "custom_resource/shop/Service.serving.knative.dev/s")
    assert not found.of_kind(kinds.Service.kind)


def test_argo_applications():
    resources = [{"kind": "Deployment", "namespace": "shop", "name": "api"}]
    status = {
        "sync": {"status": "OutOfSync"},
        "health": {"status": "Degraded"},
        "operationState": {"phase": "Failed", "message": "x"},
    }
    item = custom("argoproj.io/v1alpha1", "Application", "shop", status=status | {"resources": resources})
    found = base(applications=[item], deployments=[deployment()])
    entity = "custom_resource/shop/Application.argoproj.io/shop"
    assert {(item.type, item.status, item.reason) for item in about(found, kinds.Condition, entity)} == {
        ("Synced", "False", "OutOfSync"),
        ("Healthy", "False", "Degraded"),
        ("OperationSucceeded", "False", "Failed"),
    }
    assert (entity, API) in relation(found, "manages")


def test_who_manages_what():
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "login", "key": "p"}}}]
    labels = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    annotations = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"}
    item = deployment(pods=template({"app": "api"}, container(env=env)), labels=labels)
    item["metadata"]["annotations"] |= annotations
    found = base(
        deployments=[item],
        externalsecrets=[custom("external-secrets.io/v1", "ExternalSecret", "es", spec={"target": {"name": "login"}})],
        certificates=[custom("cert-manager.io/v1", "Certificate", "c", spec={"secretName": "shop-tls"})],
    )
    assert relation(found, "manages") == {
        ("custom_resource/shop/ExternalSecret.external-secrets.io/es", API),
        ("custom_resource/shop/Certificate.cert-manager.io/c", "certificate/shop/shop-tls"),
        ("custom_resource/flux-system/Kustomization.kustomize.toolkit.fluxcd.io/apps", API),
        ("custom_resource/shop/release.helm.sh/shop", API),
    }


def test_helm_releases():
    def revision(number: int, status: str) -> Object:
        labels = {"owner": "helm", "name": "shop", "version": str(number), "status": status}
        return {"metadata": meta(f"sh.helm.release.v1.shop.v{number}", labels=labels), "type": "helm.sh/release.v1"}

    found = base(secrets=[revision(2, "superseded"), revision(10, "failed"), revision(9, "deployed")])
    values = one(found, kinds.Condition, "custom_resource/shop/release.helm.sh/shop")
    assert (values.type, values.status, values.reason) == ("Deployed", "False", "failed")


def test_gateway_routes():
    api = "gateway.networking.k8s.io/v1"
    route = custom(
        api,
        "HTTPRoute",
        "r",
        spec={
            "parentRefs": [{"name": "gw"}],
            "hostnames": ["shop.example", "*.x"],
            "rules": [{"backendRefs": [{"name": "api", "port": 80}]}],
        },
        status={"parents": [{"conditions": [condition("ResolvedRefs", "False", reason="BackendNotFound")]}]},
    )
    gateway = custom(
        api,
        "Gateway",
        "gw",
        spec={"listeners": [{"hostname": "shop.example"}]},
        status={"conditions": [condition("Programmed", "False")]},
    )
    found = base(httproutes=[route], gateways=[gateway], services=[service()], deployments=[deployment()])
    assert one(found, kinds.Condition, "httproute/shop/r").reason == "BackendNotFound"
    assert one(found, kinds.Condition, "gateway/shop/gw").type == "Programmed"
    assert relation(found, "attached_to") == {("httproute/shop/r", "gateway/shop/gw")}
    assert relation(found, "routes_to") == {("httproute/shop/r", "service/shop/api")}
    assert ("endpoint/shop.example", API) in relation(found, "backed_by")


def test_role_bindings():
    binding = {
        "metadata": meta("robots"),
        "roleRef": {"kind": "Role", "name": "readerr"},
        "subjects": [
            {"kind": "ServiceAccount", "name": "robot"},
            {"kind": "ServiceAccount", "name": "gone", "namespace": "shop"},
            {"kind": "User"},
        ],
    }
    accounts = [{"metadata": meta("robot")}]
    found = base(
        rolebindings=[binding],
        roles=[{"metadata": meta("reader")}],
        serviceaccounts=accounts,
        deployments=[deployment(pods=template({"app": "api"}, serviceAccountName="robot"))],
    )
    values = one(found, kinds.RoleBinding, "rolebinding/shop/robots")
    assert (values.role_exists, values.suggestion) == (False, "reader")
    assert values.missing_service_accounts == "shop/gone"
    assert relation(found, "grants") == {("rolebinding/shop/robots", API)}
    unknown = base(clusterrolebindings=[binding | {"metadata": meta("all", "")}])
    assert one(unknown, kinds.RoleBinding, "rolebinding/-/all").role_exists is None


def policy(name: str = "limit", selects: Object | None = None, **spec: object) -> Object:
    return {
        "metadata": meta(name),
        "spec": {"podSelector": selects if selects is not None else {"matchLabels": {"app": "api"}}, **spec},
    }


def world(*policies: Object, port: int = 5432) -> FactBase:
    """Return the facts of an API that uses PostgreSQL on a port behind its Service, under policies."""
    env = [{"name": "DATABASE_URL", "value": "postgres://u@postgres:5432/x"}]
    ports = [{"name": "pg", "containerPort": port}]
    db = pod("db-0", parent=None, owners=owner("StatefulSet", "db"), labels={"app": "db"}, status={"podIP": "10.0.0.9"})
    dns = deployment("coredns", template({"k8s-app": "kube-dns"}, dnsPolicy="Default"))
    dns["metadata"]["namespace"] = "kube-system"
    statefulset = {
        "metadata": meta("db"),
        "spec": {"template": template({"app": "db"}, container(image="postgres:16", ports=ports))},
    }
    return base(
        networkpolicies=list(policies),
        deployments=[deployment(pods=template({"app": "api"}, container(env=env))), dns],
        statefulsets=[statefulset],
        services=[service("postgres", {"app": "db"}, [{"port": 5432, "targetPort": "pg"}])],
        pods=[db],
        namespaces=[{"metadata": meta("shop", "", labels={"team": "shop"})}, {"metadata": meta("kube-system", "")}],
    )


def verdicts(found: FactBase) -> set[tuple[str, str, int | None, bool]]:
    values = [item.values for item in found.of_kind(kinds.NetworkPolicy.kind)]
    return {
        (item.direction, item.target, item.port, item.allowed)
        for item in values
        if isinstance(item, kinds.NetworkPolicy)
    }


DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
TO_DB = {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}


@pytest.mark.parametrize(
    ("rules", "database", "names"),
    [
        ([], False, False),
        ([TO_DB], True, False),
        ([TO_DB, DNS], True, True),
        ([DNS], False, True),
        ([TO_DB | {"ports": [{"port": "pg"}]}, DNS], True, True),
        ([TO_DB | {"ports": [{"port": 5000, "endPort": 5500}]}, DNS], True, True),
        ([TO_DB | {"ports": [{"port": 80}]}, DNS], False, True),
        ([{}], True, True),
        ([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, DNS], True, True),
        ([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.9/32"]}}]}, DNS], False, True),
    ],
)
def test_egress_policies(rules: list[Object], database: bool, names: bool):
    found = world(policy(policyTypes=["Egress"], egress=rules))
    assert verdicts(found) == {
        ("egress", "postgres/postgres", 5432, database),
        ("egress", "resolver/coredns", 53, names),
    }
    assert relation(found, "restricts") == {("networkpolicy/shop/limit", API)}


def test_the_pods_port_counts_behind_a_service():
    rules = [TO_DB | {"ports": [{"port": 5432}]}, DNS]
    assert ("egress", "postgres/postgres", 6000, False) in verdicts(
        world(policy(policyTypes=["Egress"], egress=rules), port=6000)
    )


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ({"podSelector": {"matchLabels": {"app": "api"}}}, True),
        ({"podSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"team": "shop"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "other"}}}, False),
        (
            {"namespaceSelector": {"matchLabels": {"team": "shop"}}, "podSelector": {"matchLabels": {"app": "web"}}},
            False,
        ),
    ],
)
def test_ingress_policies(peer: Object, allowed: bool):
    found = world(policy("guard", {"matchLabels": {"app": "db"}}, ingress=[{"from": [peer]}]))
    assert verdicts(found) == {("ingress", "postgres/postgres", 5432, allowed)}
    values = one(found, kinds.NetworkPolicy, "networkpolicy/shop/guard")
    word = "allows" if allowed else "does not allow"
    assert values.explanation == (
        f"NetworkPolicy shop/guard {word} ingress from {API} to postgres/postgres on TCP port 5432"
    )


def test_policies_add_up():
    deny = policy("deny", {}, policyTypes=["Ingress", "Egress"])
    allow = policy("allow", egress=[TO_DB, DNS], policyTypes=["Egress"])
    guard = policy("guard", {"matchLabels": {"app": "db"}}, ingress=[{}])
    to_database = {verdict for verdict in verdicts(world(deny, allow, guard)) if verdict[1] == "postgres/postgres"}
    assert to_database == {("egress", "postgres/postgres", 5432, True), ("ingress", "postgres/postgres", 5432, True)}
    assert ("ingress", "postgres/postgres", 5432, False) in verdicts(world(deny, allow))


def test_restarted_pods_and_their_owner_in_the_graph():
    found = base(
        pods=[pod()],
        replicasets=[replica_set()],
        deployments=[deployment()],
        endpointslices=[endpoint_slice("api", "10.0.0.1")],
    )
    assert found.graph.has_edge(API, "pod/shop/api-6f7dd4c94b-abcde")
    assert relation(found, "part_of") >= {(API, "cluster/default"), ("namespace/shop", "cluster/default")}
