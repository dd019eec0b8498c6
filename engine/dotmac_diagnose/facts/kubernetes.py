"""Fact kinds of Kubernetes objects.

Facts about a pod or container are attached to the topmost known owner of the pod
(``deployment/shop/api``); the pod is named in the field ``pod``. A Job keeps its own
facts (:class:`Job`) even when a CronJob owns it. Ages and durations are seconds before
the moment of the capture, so that an analysis does not depend on today's clock.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .fact import FactValues


class ResourceList(FactValues):
    """One list request or one list of a capture. Tells what was looked at at all."""

    kind: ClassVar[str] = "kubernetes.list"
    list_of: str = Field(description="plural resource name, for example pods or endpointslices")
    namespace: str | None = Field(default=None, description="None: all namespaces")
    count: int = Field(description="number of objects")
    complete: bool = Field(default=True, description="False: a page or member is missing")


class Pod(FactValues):
    """One pod, attached to its topmost owner."""

    kind: ClassVar[str] = "kubernetes.pod"
    resource: ClassVar[str | None] = "pods"
    pod: str = Field(description="namespace/name")
    phase: str | None = None
    reason: str | None = Field(default=None, description="status.reason, for example Evicted")
    message: str | None = None
    ready: bool | None = Field(default=None, description="condition Ready")
    scheduled: bool | None = Field(default=None, description="condition PodScheduled")
    scheduled_reason: str | None = None
    scheduled_message: str | None = None
    node: str | None = None
    node_ready: bool | None = Field(default=None, description="Ready condition of its node")
    newest: bool | None = Field(default=None, description="belongs to the newest template of its owner")
    finished: bool = Field(default=False, description="phase Succeeded, or Failed without a restart to come")
    superseded: bool = Field(
        default=False,
        description="finished, and a later pod or run of the same owner has taken its place or succeeded",
    )
    age_seconds: float | None = None
    unready_seconds: float | None = Field(default=None, description="since condition Ready became False")
    deleting_seconds: float | None = Field(default=None, description="since deletionTimestamp was due")
    restarts: int | None = Field(default=None, description="sum over the containers")
    all_running: bool | None = Field(default=None, description="every ordinary container is running")
    host_network: bool = False
    dns_policy: str | None = None
    dns_config: bool = Field(default=False, description="dnsConfig names nameservers")
    priority: int | None = None


class Container(FactValues):
    """One container of one pod with its present state and its last exit."""

    kind: ClassVar[str] = "kubernetes.container"
    resource: ClassVar[str | None] = "pods"
    pod: str
    container: str
    role: str = Field(description="main, init or sidecar (init container with restartPolicy Always)")
    image: str | None = None
    image_pull_policy: str | None = None
    state: str | None = Field(default=None, description="waiting, running or terminated")
    ready: bool | None = None
    restart_count: int | None = None
    waiting_reason: str | None = None
    waiting_message: str | None = None
    exit_code: int | None = Field(default=None, description="of the last exit: present state, else lastState")
    exit_signal: int | None = None
    exit_reason: str | None = Field(default=None, description="OOMKilled, Error, Completed, StartError …")
    exit_message: str | None = None
    exit_seconds: float | None = Field(default=None, description="since the last exit")
    run_seconds: float | None = Field(default=None, description="length of the last ended run")
    running_seconds: float | None = Field(default=None, description="since the present run started")
    pod_finished: bool = False
    superseded: bool = Field(default=False, description="see Pod.superseded")
    pod_newest: bool | None = None
    memory_limit_bytes: int | None = None
    memory_request_bytes: int | None = None
    cpu_limit_millicores: int | None = None
    cpu_request_millicores: int | None = None
    memory_working_set_bytes: int | None = Field(default=None, description="metrics.k8s.io or kubelet")
    cpu_usage_millicores: int | None = None
    cpu_limit_used_percent: float | None = Field(default=None, description="CPU usage as a share of the limit")
    command: str | None = Field(default=None, description="command and args, shell-quoted, redacted")
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    fs_group: int | None = None
    writable_claims: str | None = Field(default=None, description="claims mounted writable, comma separated")


class Probe(FactValues):
    """One probe of one container of a pod template."""

    kind: ClassVar[str] = "kubernetes.probe"
    resource: ClassVar[str | None] = "pods"
    container: str
    probe: str = Field(description="liveness, readiness or startup")
    handler: str = Field(description="http, tcp, grpc or exec")
    scheme: str | None = None
    path: str | None = None
    port: str | None = Field(default=None, description="number or name as written")
    port_number: int | None = Field(default=None, description="None when a name is not declared")
    port_declared: bool | None = Field(default=None, description="the container declares this port")
    declared_ports: str | None = Field(default=None, description="name:number/protocol, comma separated")
    timeout_seconds: int | None = None
    period_seconds: int | None = None
    failure_threshold: int | None = None
    initial_delay_seconds: int | None = None
    same_as_readiness: bool | None = Field(default=None, description="same handler, path and port as readiness")
    differs_from_former: bool | None = Field(
        default=None, description="the former ReplicaSet, whose pods were or are ready, has another probe"
    )
    former: str | None = Field(default=None, description="the former probe as handler scheme path port")


class Event(FactValues):
    """One event, attached to the entity of its involved object (a pod's owner for pods)."""

    kind: ClassVar[str] = "kubernetes.event"
    resource: ClassVar[str | None] = "events"
    reason: str
    message: str
    type: str | None = Field(default=None, description="Normal or Warning")
    object_kind: str
    object_name: str = Field(description="name without namespace")
    pod: str | None = Field(default=None, description="namespace/name when the object is a pod")
    claim: str | None = Field(default=None, description="entity of the claim whose volume the message names")
    count: int = 1
    age_seconds: float | None = Field(default=None, description="since the last time")
    first_age_seconds: float | None = None
    object_exists: bool | None = Field(default=None, description="the object is still in the capture")
    current: bool | None = Field(
        default=None,
        description="not made obsolete: the object exists and has not recovered or changed since the last time",
    )


class Workload(FactValues):
    """One Deployment, StatefulSet, DaemonSet, ReplicaSet or bare pod as its controller sees it."""

    kind: ClassVar[str] = "kubernetes.workload"
    resource: ClassVar[str | None] = "workloads"
    workload_kind: str = Field(description="Deployment, StatefulSet …")
    desired: int | None = Field(default=None, description="spec.replicas or desiredNumberScheduled")
    ready: int | None = None
    available: int | None = None
    updated: int | None = None
    current: int | None = Field(default=None, description="pods that exist")
    paused: bool = False
    paused_with_change: bool | None = Field(default=None, description="paused and the template was not rolled out")
    progressing_reason: str | None = None
    progressing_status: str | None = None
    available_status: str | None = None
    replica_failure_message: str | None = None
    template_age_seconds: float | None = Field(default=None, description="since the newest template was first used")
    age_seconds: float | None = None
    newest_ready: int | None = Field(default=None, description="ready pods of the newest template")
    newest_total: int | None = None
    former_ready: int | None = Field(default=None, description="ready pods of former templates")
    strategy: str | None = None
    max_unavailable: str | None = None
    service_account: str | None = None
    callers: str | None = Field(
        default=None, description="running workloads that name a Service of this one, comma separated"
    )
    callers_failing: bool | None = Field(default=None, description="one of these callers is unready or restarts")
    deleting_seconds: float | None = None
    finalizers: str | None = Field(default=None, description="comma separated")
    headless_service: str | None = None
    headless_service_exists: bool | None = None
    blocked_ordinal: str | None = Field(default=None, description="StatefulSet pod that holds back the next ones")
    misscheduled: int | None = None
    shared_claims: str | None = Field(
        default=None, description="ReadWriteOnce claims mounted by two or more replicas, comma separated"
    )
    shared_container_ports: str | None = Field(
        default=None, description="ports that two containers of the template declare, as number/protocol"
    )
    duplicate_variables: str | None = None


class FormerRelease(FactValues):
    """The newest former pod template of a Deployment whose pods were or are ready."""

    kind: ClassVar[str] = "kubernetes.former_release"
    resource: ClassVar[str | None] = "replicasets"
    revision: int = Field(description="revision of the newest template")
    former_revision: int
    former_ready: int = Field(description="ready pods of the former template")
    changed: str = Field(description="what the newest template changed, in words; no values of variables")
    only_labels: bool = Field(description="the containers and volumes are the same: going back repairs nothing")
    age_seconds: float | None = Field(default=None, description="since the newest template came into use")
    completed: bool | None = Field(default=None, description="the rollout of the newest template was completed once")


class Reference(FactValues):
    """One reference of a pod template to a ConfigMap, Secret, key, claim or ServiceAccount."""

    kind: ClassVar[str] = "kubernetes.reference"
    resource: ClassVar[str | None] = "pods"
    target_kind: str = Field(description="ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount or ImagePullSecret")
    target: str = Field(description="name without namespace")
    key: str | None = None
    used_as: str = Field(description="env, envFrom, volume, imagePullSecret or serviceAccount")
    container: str | None = None
    variable: str | None = Field(default=None, description="environment variable that is filled from the key")
    optional: bool = False
    exists: bool | None = Field(default=None, description="None: that kind was not collected")
    key_exists: bool | None = None
    suggestion: str | None = Field(default=None, description="the one near name or key that exists")
    needed: bool = Field(default=True, description="False: all pods that would read it have finished")
    changed_after_start: bool | None = Field(
        default=None, description="the object changed after running pods that read it into env had started"
    )
    changed_seconds: float | None = None


class Dependency(FactValues):
    """One address of a service that a workload's environment, arguments or configuration names."""

    kind: ClassVar[str] = "kubernetes.dependency"
    resource: ClassVar[str | None] = "workloads"
    variable: str = Field(description="environment variable, argument or file key that holds the address")
    host: str = Field(description="in lower case, as written")
    port: int | None = Field(default=None, description="as written, else of a sibling variable; None: default port")
    engine: str | None = Field(
        default=None, description="postgres, redis or http, from scheme, variable name or port; None: not clear"
    )
    external: bool = Field(default=False, description="the host has a dot and is no name of the cluster")
    service: str | None = Field(default=None, description="entity of the Service that the host names")
    service_exists: bool | None = Field(default=None, description="None: external, or Services were not collected")
    port_exists: bool | None = Field(
        default=None, description="the Service has this port; None without port or Service"
    )
    service_ports: str | None = Field(default=None, description="ports of the Service, comma separated")
    suggestion: str | None = Field(
        default=None, description="the one near Service name, or name.namespace of the same name elsewhere"
    )
    source: str = Field(description="env, args, or the ConfigMap that holds the value: ConfigMap/name")
    container: str | None = None


class Service(FactValues):
    """One Service with what its selector and EndpointSlices hold."""

    kind: ClassVar[str] = "kubernetes.service"
    resource: ClassVar[str | None] = "services"
    type: str
    headless: bool = False
    selector: str | None = Field(default=None, description="k=v, comma separated; None when there is none")
    matching_pods: int | None = Field(default=None, description="unfinished pods that the selector matches")
    matching_workloads: int | None = Field(default=None, description="workloads whose template it matches")
    matching_scaled_to_zero: bool | None = Field(default=None, description="all matched workloads have replicas 0")
    ready_endpoints: int | None = None
    unready_endpoints: int | None = None
    near_workload: str | None = Field(
        default=None, description="entity whose labels differ from the selector in the fewest places"
    )
    near_difference: str | None = Field(default=None, description="label: selector value -> label value")
    near_selector: str | None = Field(default=None, description="selector that would match, as JSON")
    callers: str | None = Field(default=None, description="running workloads that name this Service, comma separated")
    internal_traffic_policy: str | None = None
    external_traffic_policy: str | None = None
    nodes_without_endpoint: int | None = Field(default=None, description="ready nodes with pods and no ready endpoint")
    load_balancer_pending_seconds: float | None = None


class ServicePort(FactValues):
    """One port of one Service, compared with the pods that it selects."""

    kind: ClassVar[str] = "kubernetes.service_port"
    resource: ClassVar[str | None] = "services"
    port_name: str | None = None
    port: int
    target_port: str = Field(description="number or name as written")
    protocol: str = "TCP"
    app_protocol: str | None = None
    target_is_name: bool = False
    name_declared: bool | None = Field(default=None, description="a selected pod declares this port name")
    number_declared: bool | None = Field(default=None, description="a selected pod declares this number")
    protocol_declared: bool | None = Field(default=None, description="the declared port has the same protocol")
    declared_ports: str | None = Field(default=None, description="name:number/protocol of the selected pods")
    suggestion: str | None = Field(default=None, description="the one declared port that fits")
    endpoints_ready: int | None = None


class IngressBackend(FactValues):
    """One rule of one Ingress with its backend."""

    kind: ClassVar[str] = "kubernetes.ingress_backend"
    resource: ClassVar[str | None] = "ingresses"
    host: str | None = None
    path: str | None = None
    service: str | None = None
    service_exists: bool | None = None
    port: str | None = None
    port_exists: bool | None = None
    ingress_class: str | None = None
    class_exists: bool | None = None
    tls_secret: str | None = None
    tls_secret_exists: bool | None = None
    has_address: bool | None = None
    suggestion: str | None = None


class Claim(FactValues):
    """One PersistentVolumeClaim with its class, volume and kubelet volume statistics."""

    kind: ClassVar[str] = "kubernetes.claim"
    resource: ClassVar[str | None] = "persistentvolumeclaims"
    phase: str | None = None
    storage_class: str | None = None
    class_exists: bool | None = None
    default_class_exists: bool | None = None
    waits_for_first_consumer: bool | None = None
    used_by_pods: int | None = None
    volume: str | None = None
    requested_bytes: int | None = None
    access_modes: str | None = None
    near_volume: str | None = Field(default=None, description="Available volume that differs in one field")
    near_volume_difference: str | None = None
    resize_message: str | None = None
    expandable: bool | None = Field(default=None, description="the class allows expansion")
    age_seconds: float | None = None
    suggestion: str | None = Field(default=None, description="near class name that exists")


class VolumeUsage(FactValues):
    """kubelet statistics of one mounted claim (up to a minute old)."""

    kind: ClassVar[str] = "kubernetes.volume_usage"
    resource: ClassVar[str | None] = "volumestats"
    used_bytes: int
    capacity_bytes: int
    used_percent: float
    inodes_used_percent: float | None = None
    pod: str | None = None


class Volume(FactValues):
    """One PersistentVolume."""

    kind: ClassVar[str] = "kubernetes.volume"
    resource: ClassVar[str | None] = "persistentvolumes"
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    reclaim_policy: str | None = None
    claim: str | None = None
    storage_class: str | None = None


class Node(FactValues):
    """One node with its conditions."""

    kind: ClassVar[str] = "kubernetes.node"
    resource: ClassVar[str | None] = "nodes"
    ready: str | None = Field(default=None, description="True, False or Unknown")
    ready_reason: str | None = None
    ready_message: str | None = None
    ready_changed_seconds: float | None = None
    unschedulable: bool = False
    drained_pods_left: int | None = Field(default=None, description="evictable pods left on a cordoned node")
    taints: str | None = Field(default=None, description="key=value:effect, comma separated")
    memory_pressure: bool | None = None
    disk_pressure: bool | None = None
    pid_pressure: bool | None = None
    network_unavailable: bool | None = None
    problem_conditions: str | None = Field(default=None, description="other conditions that are True")
    lease_age_seconds: float | None = None
    service_proxy_ready: bool | None = Field(
        default=None, description="its pod of kube-proxy is ready; None: the cluster runs none, or pods were not listed"
    )
    kubelet_version: str | None = None
    pods_total: int | None = None
    pods_failing: int | None = Field(default=None, description="unready or restarting pods of unfinished workloads")
    workloads_failing: int | None = None
    workloads_failing_elsewhere: int | None = None
    allocatable_cpu_millicores: int | None = None
    allocatable_memory_bytes: int | None = None
    allocatable_pods: int | None = None
    requested_cpu_millicores: int | None = None
    requested_memory_bytes: int | None = None


class Quota(FactValues):
    """One resource of one ResourceQuota, attached to the namespace."""

    kind: ClassVar[str] = "kubernetes.quota"
    resource: ClassVar[str | None] = "resourcequotas"
    quota: str
    resource_name: str = Field(description="pods, requests.cpu, limits.memory …")
    hard: str
    used: str
    used_percent: float | None = None


class HorizontalPodAutoscaler(FactValues):
    """One HorizontalPodAutoscaler."""

    kind: ClassVar[str] = "kubernetes.horizontal_pod_autoscaler"
    resource: ClassVar[str | None] = "horizontalpodautoscalers"
    target: str
    target_exists: bool | None = None
    target_running: bool | None = Field(default=None, description="the target has a ready pod older than a minute")
    minimum: int | None = None
    maximum: int | None = None
    current: int | None = None
    desired: int | None = None
    above_target: bool | None = None
    able_status: str | None = None
    able_reason: str | None = None
    able_message: str | None = None
    active_status: str | None = None
    active_reason: str | None = None
    active_message: str | None = None
    limited_status: str | None = None
    limited_reason: str | None = None


class DisruptionBudget(FactValues):
    """One PodDisruptionBudget."""

    kind: ClassVar[str] = "kubernetes.disruption_budget"
    resource: ClassVar[str | None] = "poddisruptionbudgets"
    minimum_available: str | None = None
    maximum_unavailable: str | None = None
    disruptions_allowed: int | None = None
    current_healthy: int | None = None
    desired_healthy: int | None = None
    expected_pods: int | None = None
    pods_needed: int | None = Field(default=None, description="pods with which one disruption would be allowed")
    pods_on_cordoned_nodes: int | None = None
    cordoned_node: str | None = None
    overlapping: str | None = Field(default=None, description="other budgets that select the same pod")


class Job(FactValues):
    """One Job. Its conditions stay here although a CronJob may own it."""

    kind: ClassVar[str] = "kubernetes.job"
    resource: ClassVar[str | None] = "jobs"
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    suspended: bool = False
    failed_reason: str | None = Field(default=None, description="reason of condition Failed")
    failed_message: str | None = None
    failed_seconds: float | None = Field(default=None, description="since condition Failed")
    complete: bool = False
    cronjob: str | None = Field(default=None, description="owning CronJob")
    superseded: bool = Field(default=False, description="a later Job of the same CronJob started or succeeded")
    age_seconds: float | None = None
    active_seconds: float | None = None
    main_finished_other_runs: bool | None = None
    migration: bool = Field(default=False, description="name, labels, hook or command say that it migrates a schema")
    hook: str | None = Field(default=None, description="Helm or Argo CD hook phase")


class CronJob(FactValues):
    """One CronJob."""

    kind: ClassVar[str] = "kubernetes.cronjob"
    resource: ClassVar[str | None] = "cronjobs"
    schedule: str
    time_zone: str | None = None
    suspended: bool = False
    concurrency_policy: str | None = None
    last_schedule_seconds: float | None = None
    last_success_seconds: float | None = None
    period_seconds: float | None = Field(default=None, description="None: the schedule cannot be parsed")
    periods_without_run: float | None = Field(
        default=None, description="since the last scheduled time, else since its creation, in periods"
    )
    periods_without_success: float | None = Field(default=None, description="since the last success, in periods")
    suspended_as_declared: bool | None = Field(
        default=None, description="suspended, and what was applied last says so too; None: nothing was applied"
    )
    active: int = 0
    consecutive_failures: int | None = None
    age_seconds: float | None = None


class ApiService(FactValues):
    """One APIService (aggregated API), attached to the cluster."""

    kind: ClassVar[str] = "kubernetes.api_service"
    resource: ClassVar[str | None] = "apiservices"
    name: str
    group: str
    available: str | None = None
    reason: str | None = None
    message: str | None = None
    service: str | None = Field(default=None, description="namespace/name of the backend; None: served locally")


class Webhook(FactValues):
    """One webhook of a mutating or validating configuration."""

    kind: ClassVar[str] = "kubernetes.webhook"
    resource: ClassVar[str | None] = "webhookconfigurations"
    configuration: str
    failure_policy: str | None = None
    service: str | None = None
    service_exists: bool | None = None
    ready_endpoints: int | None = None
    intercepts_pods: bool | None = None


class Lease(FactValues):
    """The Lease of a control-plane component, attached to the cluster."""

    kind: ClassVar[str] = "kubernetes.lease"
    resource: ClassVar[str | None] = "leases"
    name: str
    namespace: str
    age_seconds: float | None = None


class Deletion(FactValues):
    """An object that waits for its deletion, attached to the entity that it is."""

    kind: ClassVar[str] = "kubernetes.deletion"
    resource: ClassVar[str | None] = "workloads"
    object_kind: str
    object_name: str
    deleting_seconds: float
    finalizers: str
    foreign_finalizer: str | None = Field(default=None, description="first finalizer that no core controller owns")
    conditions: str | None = Field(default=None, description="for a namespace: the conditions that are True")


class Condition(FactValues):
    """One condition of a custom resource."""

    kind: ClassVar[str] = "kubernetes.condition"
    resource: ClassVar[str | None] = "customresources"
    object_kind: str
    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    age_seconds: float | None = None


class NetworkPolicy(FactValues):
    """One NetworkPolicy and one pair of workloads that it denies."""

    kind: ClassVar[str] = "kubernetes.policy_verdict"
    resource: ClassVar[str | None] = "networkpolicies"
    direction: str = Field(description="ingress or egress")
    source: str = Field(description="entity of the client")
    target: str = Field(description="entity of the server, or resolver/coredns")
    port: int | None = None
    protocol: str = "TCP"
    allowed: bool
    explanation: str


class RoleBinding(FactValues):
    """One RoleBinding or ClusterRoleBinding with what it refers to."""

    kind: ClassVar[str] = "kubernetes.role_binding"
    resource: ClassVar[str | None] = "rolebindings"
    role_kind: str | None = Field(default=None, description="Role or ClusterRole")
    role: str | None = None
    role_exists: bool | None = Field(default=None, description="None: that kind was not collected")
    service_accounts: str | None = Field(default=None, description="namespace/name of the subjects, comma separated")
    missing_service_accounts: str | None = Field(default=None, description="those that do not exist")
    suggestion: str | None = Field(default=None, description="the one near role name that exists")


class SecretCertificate(FactValues):
    """The public part of a certificate in a Secret or file."""

    kind: ClassVar[str] = "tls.certificate"
    resource: ClassVar[str | None] = "certificates"
    subject: str | None = None
    issuer: str | None = None
    names: str | None = None
    not_before_seconds: float | None = Field(default=None, description="since notBefore; negative: in the future")
    expires_in_seconds: float | None = Field(default=None, description="until notAfter; negative: expired")
    serial: str | None = None
    self_signed: bool | None = None


KUBERNETES_KINDS: tuple[type[FactValues], ...] = (
    ResourceList,
    Pod,
    Container,
    Probe,
    Event,
    Workload,
    FormerRelease,
    Reference,
    Dependency,
    Service,
    ServicePort,
    IngressBackend,
    Claim,
    VolumeUsage,
    Volume,
    Node,
    Quota,
    HorizontalPodAutoscaler,
    DisruptionBudget,
    Job,
    CronJob,
    ApiService,
    Webhook,
    Lease,
    Deletion,
    Condition,
    NetworkPolicy,
    RoleBinding,
    SecretCertificate,
)
