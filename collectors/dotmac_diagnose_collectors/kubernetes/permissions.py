"""What may be listed here, and the Role that would allow the rest."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dotmac_diagnose_collectors.base import Permission

from .connection import Connection
from .resources import RESOURCES, Resource

ROLE = "dotmac-diagnose"


def permissions_of(connection: Connection, scopes: Sequence[str | None]) -> tuple[Permission, ...]:
    """Ask for one object of each list and one log; no review is created.

    Args:
        connection: the API server.
        scopes: namespaces, or None for the whole cluster.
    """
    found: list[Permission] = []
    for scope in scopes:
        missing: list[Resource] = []
        for resource in RESOURCES:
            if scope is not None and not resource.namespaced:
                continue
            code = connection.get(resource.path(scope), {"limit": 1}).code
            where = f" in {scope}" if scope is not None else ""
            what = f"list {resource.name}{where}"
            if code in (401, 403):
                missing.append(resource)
                found.append(Permission(what, held=False, reason=f"HTTP {code}"))
            elif code in (200, 404):
                found.append(Permission(what, held=True))
            else:
                found.append(Permission(what, held=None, reason=f"HTTP {code}" if code else "no answer"))
        if missing:
            what = f"the lists above{f' in {scope}' if scope is not None else ''}, and logs"
            grant = role_yaml(missing, scope)
            found.append(Permission(what, held=False, grant=grant, reason="apply the Role, then bind it"))
    return tuple(found)


def role_yaml(resources: Iterable[Resource], namespace: str | None) -> str:
    """Return a Role or ClusterRole that allows to read some resources and the logs of pods.

    ``nodes/proxy`` is not among them: whoever may read it can run commands in containers.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    for resource in resources:
        group = resource.group_version.partition("/")[0] if "/" in resource.group_version else ""
        groups[group].add(resource.plural)
    groups[""].add("pods/log")
    kind = "ClusterRole" if namespace is None else "Role"
    place = f"\n  namespace: {json.dumps(namespace)}" if namespace is not None else ""
    rules = "".join(
        f"\n- apiGroups: [{json.dumps(group)}]\n  resources: [{', '.join(sorted(names))}]\n  verbs: [get, list]"
        for group, names in sorted(groups.items())
    )
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {ROLE}{place}\nrules:{rules}\n"
