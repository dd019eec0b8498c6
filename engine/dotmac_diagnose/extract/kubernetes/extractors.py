"""Which extractor reads which subject, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from dotmac_diagnose.extract.document import Document
from dotmac_diagnose.facts import Relation, entity_id

from .autoscaling import autoscaler_facts, budget_facts, budgets_of_pods
from .changes import edit_changes, event_changes, rollout_changes
from .control_plane import api_service_facts, lease_facts, webhook_facts
from .custom import custom_facts, helm_facts, manager_relations
from .deletion import deletion_facts
from .discovery import Discovery
from .endpoints import addresses_of_services
from .events import event_facts
from .failing import failing_pods
from .former_release import former_release_facts
from .harvest import Extracted, Harvest
from .index import KubernetesObject
from .ingresses import ingress_facts
from .jobs import cron_job_facts, job_facts
from .lists import list_facts
from .nodes import node_facts
from .pods import pod_facts
from .policies import policy_relations, policy_verdicts
from .probes import probe_facts
from .quota import quota_facts
from .rbac import binding_facts, users_of_accounts
from .references import reference_facts
from .services import service_facts
from .snapshot import Snapshot, namespaces_of
from .storage import claim_facts, usage_facts, volume_facts
from .views import PodView, WorkloadView
from .wiring import wiring_facts
from .workloads import workload_facts

ObjectExtractor = Callable[[KubernetesObject], Iterable[Extracted]]
WorkloadExtractor = Callable[[WorkloadView], Iterable[Extracted]]


def run_extractors(snapshot: Snapshot, discovery: Discovery, documents: Sequence[Document]) -> Harvest:
    """Run every extractor over its subjects."""
    harvest = Harvest()
    harvest.problems += snapshot.index.problems
    addresses = addresses_of_services(snapshot.index)
    failing = failing_pods(snapshot)
    binding = partial(binding_facts, snapshot, users_of_accounts(snapshot))
    webhook = partial(webhook_facts, snapshot, addresses)
    by_resource: tuple[tuple[str, ObjectExtractor], ...] = (
        ("events", partial(event_facts, snapshot)),
        ("events", partial(event_changes, snapshot)),
        ("configmaps", partial(edit_changes, snapshot)),
        ("secrets", partial(edit_changes, snapshot)),
        ("services", partial(service_facts, snapshot, discovery, addresses)),
        ("ingresses", partial(ingress_facts, snapshot, discovery)),
        ("persistentvolumeclaims", partial(claim_facts, snapshot)),
        ("persistentvolumes", volume_facts),
        ("nodes", partial(node_facts, snapshot, failing)),
        ("resourcequotas", quota_facts),
        ("horizontalpodautoscalers", partial(autoscaler_facts, snapshot)),
        ("poddisruptionbudgets", partial(budget_facts, snapshot, budgets_of_pods(snapshot))),
        ("jobs", partial(job_facts, snapshot)),
        ("cronjobs", partial(cron_job_facts, snapshot)),
        ("apiservices", partial(api_service_facts, snapshot)),
        ("leases", partial(lease_facts, snapshot)),
        ("mutatingwebhookconfigurations", webhook),
        ("validatingwebhookconfigurations", webhook),
        ("rolebindings", binding),
        ("clusterrolebindings", binding),
        ("networkpolicies", partial(policy_relations, snapshot)),
        *((resource, partial(custom_facts, snapshot, discovery)) for resource in snapshot.index.custom_resources),
    )
    harvest.gather(snapshot.pods, partial(pod_facts, snapshot), _pod_name)
    workload_extractors: tuple[WorkloadExtractor, ...] = (
        partial(workload_facts, snapshot, discovery),
        partial(wiring_facts, snapshot, discovery),
        partial(probe_facts, snapshot),
        partial(former_release_facts, snapshot),
        partial(reference_facts, snapshot),
        partial(policy_verdicts, snapshot, discovery),
        manager_relations,
        partial(rollout_changes, snapshot),
    )
    for extractor in workload_extractors:
        harvest.gather(snapshot.workloads, extractor, _workload_name)
    for resource, object_extractor in by_resource:
        harvest.gather(snapshot.index.of(resource), object_extractor, _object_name)
    for resource in snapshot.index.resources:
        if resource not in ("events", "podmetrics", "nodemetrics"):
            harvest.gather(snapshot.index.of(resource), partial(deletion_facts, snapshot), _object_name)
    harvest.relations.update(
        Relation("part_of", entity_id("namespace", name), snapshot.cluster) for name in namespaces_of(snapshot)
    )
    harvest.gather((snapshot,), usage_facts, partial(_whole, "stats/summary"))
    harvest.gather((snapshot,), helm_facts, partial(_whole, "secrets"))
    harvest.take(list_facts(snapshot, documents))
    return harvest


def _pod_name(pod: PodView) -> tuple[str, str]:
    return pod.item.source, f"pod {pod.key}"


def _workload_name(workload: WorkloadView) -> tuple[str, str]:
    return workload.origin.source, workload.entity


def _object_name(item: KubernetesObject) -> tuple[str, str]:
    return item.source, f"{item.kind} {item.namespace}/{item.name}".replace(" /", " ")


def _whole(source: str, _: Snapshot) -> tuple[str, str]:
    return source, "all objects"
