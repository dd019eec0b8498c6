"""Workloads, containers, probes, references, and the clock of resource versions."""

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
from dotmac_diagnose.facts import kubernetes as kinds

API = "deployment/shop/api"


def test_present_state_and_last_exit_of_a_container():
    crashed = waiting(
        "CrashLoopBackOff", "back-off 40s", restarts=4, lastState=ended(137, 30, 12, "OOMKilled", signal=9)
    )
    limits = {"limits": {"memory": "256Mi", "cpu": "500m"}, "requests": {"memory": "128Mi", "cpu": 0.25}}
    given = pod(
        ready=False,
        statuses=[crashed],
        spec={"containers": [container(resources=limits, command=["run"], args=["--x"])]},
    )
    values = one(base(pods=[given]), kinds.Container, API)
    assert (values.state, values.waiting_reason, values.restart_count) == ("waiting", "CrashLoopBackOff", 4)
    assert (values.exit_code, values.exit_reason, values.exit_signal) == (137, "OOMKilled", 9)
    assert (values.exit_seconds, values.run_seconds, values.running_seconds) == (30, 12, None)
    assert (values.memory_limit_bytes, values.memory_request_bytes) == (256 * 2**20, 128 * 2**20)
    assert (values.cpu_limit_millicores, values.cpu_request_millicores) == (500, 250)
    assert values.command == "run --x"


def test_the_present_exit_counts_before_the_former():
    status = {"name": "app", "restartCount": 1, "state": ended(3, 5), "lastState": ended(1, 60)}
    assert one(base(pods=[pod(statuses=[status])]), kinds.Container, API).exit_code == 3


def test_start_errors_have_no_start():
    status = waiting("CrashLoopBackOff", lastState=ended(128, 30, 0, "StartError"))
    status["lastState"]["terminated"]["startedAt"] = "1970-01-01T00:00:00Z"
    values = one(base(pods=[pod(statuses=[status])]), kinds.Container, API)
    assert (values.exit_reason, values.run_seconds) == ("StartError", None)


def test_roles_and_security_settings():
    spec = {
        "initContainers": [container("setup"), container("proxy", restartPolicy="Always")],
        "containers": [container(securityContext={"runAsNonRoot": True})],
        "securityContext": {"runAsNonRoot": False, "runAsUser": 1000, "fsGroup": 2000},
    }
    found = base(pods=[pod(spec=spec)])
    assert {item.container: item.role for item in about(found, kinds.Container, API)} == {
        "setup": "init",
        "proxy": "sidecar",
        "app": "main",
    }
    app = one(found, kinds.Container, API, container="app")
    assert (app.run_as_non_root, app.run_as_user, app.fs_group) == (True, 1000, 2000)
    assert one(found, kinds.Container, API, container="setup").run_as_non_root is False


def test_measured_use():
    metrics = {
        "metadata": meta("api-6f7dd4c94b-abcde"),
        "containers": [{"name": "app", "usage": {"memory": "64Mi", "cpu": "9958106n"}}],
    }
    values = one(base(pods=[pod()], podmetrics=[metrics]), kinds.Container, API)
    assert (values.memory_working_set_bytes, values.cpu_usage_millicores) == (64 * 2**20, 10)
    assert values.cpu_limit_used_percent is None
    limited = pod(spec={"containers": [container(resources={"limits": {"cpu": "40m"}})]})
    assert one(base(pods=[limited], podmetrics=[metrics]), kinds.Container, API).cpu_limit_used_percent == 25.0
    pods = [
        {
            "podRef": {"name": "api-6f7dd4c94b-abcde", "namespace": "shop"},
            "containers": [{"name": "app", "memory": {"workingSetBytes": 5}}],
        }
    ]
    found = extract([KubernetesList("pods", [pod()]), KubeletSummary("node-1", {"pods": pods})])
    assert one(found, kinds.Container, API).memory_working_set_bytes == 5


def test_pods_tell_where_and_why_they_wait():
    status = {
        "conditions": [condition("PodScheduled", "False", reason="Unschedulable", message="0/2 nodes")],
        "phase": "Pending",
    }
    found = base(pods=[pod(spec={"nodeName": None, "dnsConfig": {"nameservers": ["10.0.0.1"]}}, status=status)])
    values = one(found, kinds.Pod, API)
    assert (values.scheduled, values.scheduled_reason, values.scheduled_message) == (
        False,
        "Unschedulable",
        "0/2 nodes",
    )
    assert values.dns_config
    assert values.node is None


def test_deleting_pods_on_a_dead_node():
    given = pod(deletionTimestamp=ago(400))
    values = one(base(pods=[given], nodes=[node("node-1", condition("Ready", "Unknown"))]), kinds.Pod, API)
    assert values.deleting_seconds == 400
    assert values.node_ready is False


def test_a_workload_adds_up_its_pods():
    sets = [replica_set(), replica_set(suffix="74b8699f96", revision=2, age=50)]
    pods = [
        pod(),
        pod("api-74b8699f96-aaaaa", "api-74b8699f96", ready=False, age=40),
        pod("api-74b8699f96-bbbbb", "api-74b8699f96", ready=False, age=40),
    ]
    status = {"replicas": 3, "readyReplicas": 1, "conditions": [condition("ReplicaFailure", message="quota")]}
    found = base(pods=pods, replicasets=sets, deployments=[deployment(replicas=2, revision=2, status=status)])
    values = one(found, kinds.Workload, API)
    assert (values.desired, values.ready, values.current, values.updated) == (2, 1, 3, 0)
    assert (values.newest_ready, values.newest_total, values.former_ready) == (0, 2, 1)
    assert values.template_age_seconds == 50
    assert values.replica_failure_message == "quota"


def test_template_flaws():
    ports = [{"containerPort": 8080, "name": "http"}]
    flawed = template(
        {"app": "api"},
        container("a", ports=ports, env=[{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]),
        container("b", ports=[{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP"}]),
        volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
    )
    claim = {"metadata": meta("data"), "spec": {"accessModes": ["ReadWriteOnce"]}}
    found = base(deployments=[deployment(pods=flawed, replicas=2)], persistentvolumeclaims=[claim])
    values = one(found, kinds.Workload, API)
    assert (values.duplicate_variables, values.shared_container_ports, values.shared_claims) == (
        "X",
        "8080/TCP",
        "data",
    )
    shared = claim | {"spec": {"accessModes": ["ReadWriteMany"]}}
    found = base(deployments=[deployment(pods=flawed, replicas=2)], persistentvolumeclaims=[shared])
    assert one(found, kinds.Workload, API).shared_claims is None


@pytest.mark.parametrize(("changed", "wanted"), [(True, True), (False, False)])
def test_a_paused_deployment(changed: bool, wanted: bool):
    newest = template({"app": "api", "pod-template-hash": "6f7dd4c94b"})
    declared = template({"app": "api"}, container(image="registry.example/shop/api:2") if changed else container())
    found = base(deployments=[deployment(pods=declared, spec={"paused": True})], replicasets=[replica_set(pods=newest)])
    assert one(found, kinds.Workload, API).paused_with_change is wanted
    found = base(deployments=[deployment(pods=declared, spec={"paused": True})])
    assert one(found, kinds.Workload, API).paused_with_change is None


def stateful_pod(ordinal: int, *, ready: bool) -> Object:
    labels = {"controller-revision-hash": "db-1"}
    return pod(f"db-{ordinal}", parent=None, owners=owner("StatefulSet", "db"), ready=ready, labels=labels)


def test_an_ordinal_holds_back_the_next_ones():
    db = {
        "metadata": meta("db"),
        "spec": {"replicas": 3, "serviceName": "db-headless", "template": template({"app": "db"})},
        "status": {"replicas": 2, "updateRevision": "db-1"},
    }
    found = base(statefulsets=[db], pods=[stateful_pod(0, ready=True), stateful_pod(1, ready=False)], services=[])
    values = one(found, kinds.Workload, "statefulset/shop/db")
    assert values.blocked_ordinal == "db-1"
    assert (values.headless_service, values.headless_service_exists) == ("db-headless", False)
    assert values.newest_total == 2
    pods = [stateful_pod(number, ready=number != 1) for number in range(3)]
    assert one(base(statefulsets=[db], pods=pods), kinds.Workload, "statefulset/shop/db").blocked_ordinal is None
    parallel = db | {"spec": db["spec"] | {"podManagementPolicy": "Parallel"}}
    found = base(statefulsets=[parallel], pods=[stateful_pod(0, ready=False)])
    assert one(found, kinds.Workload, "statefulset/shop/db").blocked_ordinal is None


def test_a_bare_pod_and_a_daemon_set_are_workloads():
    agent = {
        "metadata": meta("agent"),
        "spec": {"template": template()},
        "status": {"desiredNumberScheduled": 3, "numberMisscheduled": 1},
    }
    found = base(daemonsets=[agent], pods=[pod("alone", parent=None, ready=False)])
    values = one(found, kinds.Workload, "daemonset/shop/agent")
    assert (values.desired, values.ready, values.misscheduled) == (3, 0, 1)
    values = one(found, kinds.Workload, "pod/shop/alone")
    assert (values.workload_kind, values.desired, values.ready) == ("Pod", 1, 0)
    assert ("pod/shop/alone", "pod/shop/alone") in relation(found, "owns")


def test_images_name_their_registry():
    images = ["nginx", "library/nginx:1", "ghcr.io/a/b@sha256:0", "localhost:5000/x", "Registry.Example/x"]
    given = template({"app": "api"}, *(container(f"c{number}", image=image) for number, image in enumerate(images)))
    found = base(deployments=[deployment(pods=given)])
    assert {target for _, target in relation(found, "pulls_from")} == {
        "registry/docker.io",
        "registry/ghcr.io",
        "registry/localhost:5000",
        "registry/registry.example",
    }


def probe(port: object, path: str = "/ready") -> Object:
    return {"httpGet": {"path": path, "port": port}}


def test_probes_and_their_ports():
    given = template(
        {"app": "api"},
        container(
            ports=[{"name": "http", "containerPort": 8000}],
            livenessProbe=probe("web"),
            readinessProbe=probe("http"),
            startupProbe={"tcpSocket": {"port": 9000}, "failureThreshold": 30},
        ),
    )
    found = base(deployments=[deployment(pods=given)])
    liveness = one(found, kinds.Probe, API, probe="liveness")
    assert (liveness.port, liveness.port_number, liveness.port_declared) == ("web", None, False)
    assert liveness.same_as_readiness is False
    assert liveness.declared_ports == "http:8000/TCP"
    readiness = one(found, kinds.Probe, API, probe="readiness")
    assert (readiness.port_number, readiness.port_declared, readiness.scheme) == (8000, True, "HTTP")
    startup = one(found, kinds.Probe, API, probe="startup")
    assert (startup.handler, startup.port_number, startup.failure_threshold, startup.timeout_seconds) == (
        "tcp",
        9000,
        30,
        1,
    )


def with_probe(path: str) -> Object:
    return template({"app": "api"}, container(readinessProbe=probe(8000, path)))


@pytest.mark.parametrize(
    ("history", "former_status", "differs"),
    [
        ("", {"replicas": 0}, True),  # a first rollout after a good one
        ("1,3", {"replicas": 0}, None),  # a rollback: the other one was used less
        ("1,3", {"replicas": 1, "readyReplicas": 1}, True),  # the other one serves
    ],
)
def test_a_probe_that_differs_from_the_former(history: str, former_status: Object, differs: bool | None):
    annotations = {"deployment.kubernetes.io/revision-history": history} if history else {}
    sets = [
        replica_set(pods=with_probe("/ready"), status=former_status, revision=4),
        replica_set(suffix="74b8699f96", pods=with_probe("/wrong"), revision=5, annotations=annotations),
    ]
    found = base(deployments=[deployment(pods=with_probe("/wrong"), revision=5)], replicasets=sets)
    values = one(found, kinds.Probe, API)
    assert values.differs_from_former is differs
    assert values.former == ("http HTTP /ready 8000" if differs else None)


ENVIRONMENT = [
    {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "HOTS"}}},
    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
    {"name": "EXTRA", "valueFrom": {"secretKeyRef": {"name": "maybe", "key": "x", "optional": True}}},
]


def reading(**spec: object) -> Object:
    given = container(env=ENVIRONMENT, envFrom=[{"configMapRef": {"name": "setings"}}])
    volumes = [
        {"name": "files", "secret": {"secretName": "tls", "items": [{"key": "tls.crt"}]}},
        {
            "name": "all",
            "projected": {
                "sources": [{"configMap": {"name": "kube-root-ca.crt"}}, {"configMap": {"name": "settings"}}]
            },
        },
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
    ]
    more = {"volumes": volumes, "imagePullSecrets": [{"name": "pull"}], "serviceAccountName": "robot"} | spec
    return template({"app": "api"}, given, **more)


def config(name: str, resource_version: int = 10, **data: str) -> Object:
    return {"metadata": meta(name, resourceVersion=str(resource_version)), "data": data}


def test_references_that_do_not_exist():
    found = base(
        deployments=[deployment(pods=reading())],
        configmaps=[config("settings", HOST="x")],
        secrets=[config("login", password="<redacted>"), config("tls", **{"tls.key": "<redacted>"})],
        serviceaccounts=[],
        persistentvolumeclaims=[],
    )
    key = one(found, kinds.Reference, API, variable="HOST")
    assert (key.exists, key.key_exists, key.suggestion) == (True, False, "HOST")
    assert one(found, kinds.Reference, API, variable="PASSWORD").key_exists
    optional = one(found, kinds.Reference, API, target="maybe")
    assert (optional.exists, optional.optional) == (False, True)
    whole = one(found, kinds.Reference, API, used_as="envFrom")
    assert (whole.exists, whole.suggestion) == (False, "settings")
    file = one(found, kinds.Reference, API, target="tls")
    assert (file.used_as, file.key, file.key_exists, file.suggestion) == ("volume", "tls.crt", False, None)
    for kind, name in (("ServiceAccount", "robot"), ("PersistentVolumeClaim", "data"), ("ImagePullSecret", "pull")):
        assert one(found, kinds.Reference, API, target_kind=kind, target=name).exists is False
    assert not about(found, kinds.Reference, API, target="kube-root-ca.crt")


def test_what_was_not_collected_is_unknown():
    found = base(deployments=[deployment(pods=reading())])
    for values in about(found, kinds.Reference, API):
        assert values.exists is None
        assert values.key_exists is None
        assert values.suggestion is None


def test_metadata_alone_tells_no_keys():
    found = base(deployments=[deployment(pods=reading())], secrets=[{"metadata": meta("login")}])
    values = one(found, kinds.Reference, API, variable="PASSWORD")
    assert (values.exists, values.key_exists) == (True, None)


@pytest.mark.parametrize(("replicas", "needed"), [(0, False), (1, True)])
def test_nobody_needs_what_is_scaled_to_zero(replicas: int, needed: bool):
    found = base(deployments=[deployment(pods=reading(), replicas=replicas)], secrets=[])
    assert one(found, kinds.Reference, API, target="login").needed is needed


def stale(secret: Object, *, used: Object | None = None, since: float = 1000, **lists: list[Object]) -> kinds.Reference:
    pods = used or template({"app": "api"}, container(env=[ENVIRONMENT[1]]))
    found = base(
        deployments=[deployment(pods=pods)],
        replicasets=[replica_set(pods=pods)],
        pods=[pod(age=since, statuses=[running(since=since)], resourceVersion="500")],
        secrets=[secret],
        **lists,
    )
    return one(found, kinds.Reference, API, target="login")


def test_the_clock_of_resource_versions():
    leases = [
        lease(resourceVersion="900"),
        lease("node-2", age=400, resourceVersion="600"),
        lease("node-3", age=2000, resourceVersion="300"),
    ]
    later = stale(config("login", 700, password="x"), leases=leases)
    assert (later.changed_after_start, later.changed_seconds) == (True, 400)
    earlier = stale(config("login", 200, password="x"), leases=leases)
    assert earlier.changed_after_start is False
    between = stale(config("login", 400, password="x"), leases=leases)
    assert between.changed_after_start is None


def test_managed_fields_are_exact():
    secret = {
        "metadata": meta("login", managedFields=[{"manager": "kubectl", "time": ago(90)}]),
        "data": {"password": "x"},
    }
    values = stale(secret)
    assert (values.changed_after_start, values.changed_seconds) == (True, 90)
    assert stale(secret, since=60).changed_after_start is False


def test_mounted_files_follow_their_secret():
    secret = {
        "metadata": meta("login", managedFields=[{"manager": "kubectl", "time": ago(90)}]),
        "data": {"password": "x"},
    }
    volumes = [{"name": "v", "secret": {"secretName": "login"}}]
    assert stale(secret, used=template({"app": "api"}, volumes=volumes)).changed_after_start is None
    fixed = container(volumeMounts=[{"name": "v", "mountPath": "/p", "subPath": "password"}])
    assert stale(secret, used=template({"app": "api"}, fixed, volumes=volumes)).changed_after_start is True


def test_events_of_another_store_tell_nothing():
    leases = [lease(resourceVersion="900"), lease("node-3", age=2000, resourceVersion="300")]
    foreign = [
        {"metadata": meta(f"e{number}", resourceVersion=str(100000 + number)), "lastTimestamp": ago(3000 - number)}
        | {"involvedObject": {"kind": "Pod", "name": "x"}, "reason": "Pulled"}
        for number in range(5)
    ]
    assert stale(config("login", 200, password="x"), leases=leases, events=foreign).changed_after_start is False


@pytest.mark.parametrize(
    ("client", "failing"),
    [
        (pod("web-6f7dd4c94b-abcde", "web-6f7dd4c94b"), False),
        (pod("web-6f7dd4c94b-abcde", "web-6f7dd4c94b", ready=False), True),
        (pod("web-6f7dd4c94b-abcde", "web-6f7dd4c94b", statuses=[running(restarts=2, lastState=ended(1, 90))]), True),
        (
            pod("web-6f7dd4c94b-abcde", "web-6f7dd4c94b", statuses=[running(restarts=2, lastState=ended(1, 9000))]),
            False,
        ),
    ],
)
def test_callers_of_a_workload_that_is_scaled_to_zero(client: Object, failing: bool):
    web = template({"app": "web"}, container(env=[{"name": "API_URL", "value": "http://api:80"}]))
    found = base(
        deployments=[deployment(replicas=0), deployment("web", web)],
        services=[service()],
        pods=[client],
        replicasets=[replica_set("web")],
    )
    values = one(found, kinds.Workload, API)
    assert (values.callers, values.callers_failing) == ("deployment/shop/web", failing)
    assert one(found, kinds.Service, "service/shop/api").callers == "deployment/shop/web"
