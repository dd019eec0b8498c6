"""Which kinds of objects a capture does not hold. What it does not hold is unknown, never absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Outcome, OutcomeStatus
from dotmac_diagnose.facts.kubernetes import ResourceList
from dotmac_diagnose.facts.logs import LogCoverage

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase

CAPTURE = "capture"
"""Id of the outcome that names what is not in a capture."""

WANTED = (
    "pods",
    "events",
    "nodes",
    "services",
    "endpointslices",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses",
    "resourcequotas",
    "limitranges",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "ingresses",
    "networkpolicies",
    "namespaces",
    "leases",
    "apiservices",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
)
"""Resources that rules ask for, those that decide most often first."""


def kinds_not_captured(base: FactBase) -> Outcome | None:
    """Return one outcome that names the kinds of which the capture holds no list.

    Kinds that somebody asked for in vain have an outcome of their own and are not repeated.

    Args:
        base: what was seen.

    Returns:
        None when nothing is missing, or when no list was read at all: such facts are of no capture.
    """
    lists = base.of_kind(ResourceList.kind)
    seen = {item.values.list_of if isinstance(item.values, ResourceList) else item.source for item in lists}
    if not any(isinstance(item.values, ResourceList) for item in lists):
        return None
    if "endpoints" in seen:
        seen.add("endpointslices")
    missing = [name for name in WANTED if name not in seen]
    if "volumestats" not in seen:
        missing.append("volume use")
    if not base.of_kind(LogCoverage.kind):
        missing.append("logs")
    return Outcome(CAPTURE, OutcomeStatus.PARTIAL, f"holds no {', '.join(missing)}") if missing else None
