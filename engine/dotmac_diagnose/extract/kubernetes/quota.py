"""Facts of ResourceQuotas."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Fact, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import about
from .index import KubernetesObject
from .json_access import mapping, scalar_text, text
from .quantity import percent


def quota_facts(quota: KubernetesObject) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.quota`` per resource of a ResourceQuota, on its namespace."""
    hard = mapping(quota.status.get("hard")) or mapping(quota.spec.get("hard"))
    used = mapping(quota.status.get("used"))
    for key in sorted(key for key in hard if isinstance(key, str)):
        name, limit, taken = text(key, 300), scalar_text(hard[key]), scalar_text(used.get(key))
        if name is None or limit is None or taken is None:
            continue
        values = kinds.Quota(
            quota=quota.name, resource_name=name, hard=limit, used=taken, used_percent=percent(taken, limit)
        )
        yield about(entity_id("namespace", quota.namespace), values, quota)
