"""Facts and relations of pods."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .containers import container_facts
from .harvest import Extracted, about
from .json_access import at, condition_is, conditions, integer, mapping, mappings, text, texts
from .names import name_text
from .snapshot import Snapshot
from .views import MAIN, PodView, claims_of


def pod_facts(snapshot: Snapshot, pod: PodView) -> Iterator[Extracted]:
    """Yield the facts ``kubernetes.pod`` and ``kubernetes.container`` of a pod and its relations."""
    yield about(pod.entity, _pod(snapshot, pod), pod.item)
    yield from container_facts(snapshot, pod)
    yield Relation("owns", pod.entity, pod.pod_entity)
    if pod.node is not None:
        yield Relation("runs_on", pod.pod_entity, entity_id("node", pod.node))
        if not pod.finished:
            yield Relation("runs_on", pod.entity, entity_id("host", host_of_node(snapshot, pod.node)))
    for claim in claims_of(pod.item.spec, pod.item.name):
        yield Relation("mounts", pod.pod_entity, entity_id("persistentvolumeclaim", pod.namespace, claim))


def _pod(snapshot: Snapshot, pod: PodView) -> kinds.Pod:
    status, spec = pod.item.status, pod.item.spec
    standing = snapshot.standing_of(pod)
    scheduled = mapping(pod.conditions.get("PodScheduled"))
    waits = pod.scheduled is False
    main = [container for container in pod.containers if container.role == MAIN]
    return kinds.Pod(
        pod=pod.key,
        phase=pod.phase,
        reason=text(status.get("reason"), 200),
        message=text(status.get("message")),
        ready=pod.ready,
        scheduled=pod.scheduled,
        scheduled_reason=text(scheduled.get("reason"), 200) if waits else None,
        scheduled_message=text(scheduled.get("message")) if waits else None,
        node=pod.node,
        node_ready=node_ready(snapshot, pod.node),
        newest=standing.newest,
        finished=pod.finished,
        superseded=standing.superseded,
        age_seconds=snapshot.age(pod.created),
        unready_seconds=snapshot.age(pod.ready_since) if pod.ready is False else None,
        deleting_seconds=snapshot.age(pod.deleting),
        restarts=pod.restarts,
        all_running=all(container.running for container in main) if main else None,
        host_network=pod.host_network,
        dns_policy=text(spec.get("dnsPolicy"), 40),
        dns_config=bool(texts(at(spec, "dnsConfig", "nameservers"))),
        priority=integer(spec.get("priority")),
    )


def node_ready(snapshot: Snapshot, node: str | None) -> bool | None:
    """Tell whether a node is Ready; None when the node is not known."""
    item = snapshot.index.get("nodes", "", node) if node else None
    return condition_is(conditions(item.status).get("Ready"), "True") if item is not None else None


def host_of_node(snapshot: Snapshot, node: str) -> str:
    """Return the host name of a node: its address of type Hostname, else its name."""
    item = snapshot.index.get("nodes", "", node)
    if item is not None:
        for address in mappings(item.status.get("addresses")):
            name = name_text(address.get("address"))
            if address.get("type") == "Hostname" and name is not None:
                return name.lower()
    return node
