"""Facts of role bindings: whether role and subjects exist, and whose pods they serve."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import mapping, mappings, text
from .names import is_name, name_text
from .near import nearest
from .snapshot import Snapshot


def binding_facts(
    snapshot: Snapshot, users: dict[tuple[str, str], list[str]], item: KubernetesObject
) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.role_binding`` of a binding and the workloads that it grants rights to.

    Args:
        snapshot: the cluster.
        users: entities of workloads by their ServiceAccount (namespace, name).
        item: a RoleBinding or ClusterRoleBinding.
    """
    index = snapshot.index
    entity = entity_id("rolebinding", item.namespace or "-", item.name)
    reference = mapping(item.raw.get("roleRef"))
    kind, role = text(reference.get("kind"), 40), name_text(reference.get("name"))
    resource, place = ("roles", item.namespace) if kind == "Role" else ("clusterroles", "")
    exists = index.exists(resource, place, role) if role is not None else None
    accounts = []
    for subject in mappings(item.raw.get("subjects")):
        name, namespace = subject.get("name"), subject.get("namespace") or item.namespace
        if subject.get("kind") == "ServiceAccount" and is_name(name) and is_name(namespace):
            accounts.append((str(namespace), str(name)))
    missing = [key for key in accounts if index.exists("serviceaccounts", *key) is False]
    suggestion = None
    if exists is False and role is not None:
        suggestion = nearest(role, (other.name for other in index.of(resource) if other.namespace == place))
    values = kinds.RoleBinding(
        role_kind=kind,
        role=role,
        role_exists=exists,
        service_accounts=",".join(sorted("/".join(key) for key in set(accounts))) or None,
        missing_service_accounts=",".join(sorted("/".join(key) for key in set(missing))) or None,
        suggestion=suggestion,
    )
    yield about(entity, values, item)
    for key in accounts:
        for workload in users.get(key, ()):
            yield Relation("grants", entity, workload)


def users_of_accounts(snapshot: Snapshot) -> dict[tuple[str, str], list[str]]:
    """Return the entities of workloads by their ServiceAccount."""
    found: dict[tuple[str, str], list[str]] = {}
    for workload in snapshot.workloads:
        found.setdefault((workload.namespace, workload.service_account), []).append(workload.entity)
    return found
