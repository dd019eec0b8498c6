"""Which list an object belongs to: from ``kind`` and ``apiVersion`` to the plural resource name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dotmac_diagnose.extract.kubernetes.index import KINDS

CLUSTER_WIDE = frozenset(
    {
        "apiservices",
        "certificatesigningrequests",
        "clusterrolebindings",
        "clusterroles",
        "componentstatuses",
        "csidrivers",
        "csinodes",
        "customresourcedefinitions",
        "flowschemas",
        "gatewayclasses",
        "ingressclasses",
        "mutatingwebhookconfigurations",
        "namespaces",
        "nodemetrics",
        "nodes",
        "persistentvolumes",
        "priorityclasses",
        "prioritylevelconfigurations",
        "runtimeclasses",
        "storageclasses",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
        "volumeattachments",
    }
)
"""Resources whose objects have no namespace."""

_MORE_KINDS: Mapping[str, tuple[str, str]] = {
    "certificatesigningrequests": ("CertificateSigningRequest", "certificates.k8s.io"),
    "componentstatuses": ("ComponentStatus", ""),
    "customresourcedefinitions": ("CustomResourceDefinition", "apiextensions.k8s.io"),
    "flowschemas": ("FlowSchema", "flowcontrol.apiserver.k8s.io"),
    "gatewayclasses": ("GatewayClass", "gateway.networking.k8s.io"),
    "gateways": ("Gateway", "gateway.networking.k8s.io"),
    "httproutes": ("HTTPRoute", "gateway.networking.k8s.io"),
    "podtemplates": ("PodTemplate", ""),
    "runtimeclasses": ("RuntimeClass", "node.k8s.io"),
    "csistoragecapacities": ("CSIStorageCapacity", "storage.k8s.io"),
}
_FORMER_GROUPS: Mapping[str, frozenset[str]] = {
    "events": frozenset({"events.k8s.io"}),
    "deployments": frozenset({"extensions"}),
    "replicasets": frozenset({"extensions"}),
    "daemonsets": frozenset({"extensions"}),
    "ingresses": frozenset({"extensions"}),
    "networkpolicies": frozenset({"extensions"}),
    "poddisruptionbudgets": frozenset({"extensions"}),
}
_SHORT_NAMES: Mapping[str, str] = {
    "cm": "configmaps",
    "crd": "customresourcedefinitions",
    "crds": "customresourcedefinitions",
    "deploy": "deployments",
    "ds": "daemonsets",
    "endpointslice": "endpointslices",
    "ep": "endpoints",
    "ev": "events",
    "hpa": "horizontalpodautoscalers",
    "ing": "ingresses",
    "netpol": "networkpolicies",
    "no": "nodes",
    "ns": "namespaces",
    "pc": "priorityclasses",
    "pdb": "poddisruptionbudgets",
    "po": "pods",
    "pv": "persistentvolumes",
    "pvc": "persistentvolumeclaims",
    "quota": "resourcequotas",
    "rc": "replicationcontrollers",
    "rs": "replicasets",
    "sa": "serviceaccounts",
    "sc": "storageclasses",
    "sts": "statefulsets",
    "svc": "services",
}
_KNOWN: Mapping[str, tuple[str, str]] = {**KINDS, **_MORE_KINDS}
_PLURAL_OF_KIND: Mapping[str, str] = {kind: plural for plural, (kind, _) in _KNOWN.items()}
_PLURAL_OF_WORD: Mapping[str, str] = {
    **_SHORT_NAMES,
    **{kind.lower(): plural for kind, plural in _PLURAL_OF_KIND.items()},
    **{plural: plural for plural in _KNOWN},
}
_WORD = re.compile(r"[a-z0-9]+")
_LONGEST_KIND = 63
_METRICS: Mapping[str, str] = {"pods": "podmetrics", "nodes": "nodemetrics"}


def resource_of(kind: str, api_version: str) -> str:
    """Return the list that objects of a kind belong to.

    Args:
        kind: ``kind`` of the object, for example ``Pod``.
        api_version: ``apiVersion`` of the object; empty when it does not say.

    Returns:
        The plural name in lower case; for a foreign kind that is named like one of
        Kubernetes' own ``plural.group``.
    """
    group = api_version.rpartition("/")[0]
    plural = _PLURAL_OF_KIND.get(kind)
    if plural is None:
        return _guess(kind[:_LONGEST_KIND].lower())
    own = _KNOWN[plural][1]
    if not api_version or group == own or group in _FORMER_GROUPS.get(plural, ()):
        return plural
    return f"{plural}.{group}"


def _guess(word: str) -> str:
    """Return the plural that the API machinery guesses (``UnsafeGuessKindToResource``)."""
    if word.endswith("endpoints"):
        return word
    if word.endswith("s"):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def kind_of_list(list_kind: str) -> str | None:
    """Return ``Pod`` for ``PodList``; None for a plain ``List``."""
    return list_kind[:-4] if list_kind.endswith("List") and list_kind != "List" else None


def resource_of_file(name: str) -> str | None:
    """Return the resource that a file name tells: ``limitranges.json``, ``get-pods-A.json``, ``top-pods.json``."""
    stem = name.rpartition("/")[2].lower().partition(".")[0]
    whole = _PLURAL_OF_WORD.get(re.sub(r"[^a-z0-9]", "", stem))
    if whole is not None:
        return whole
    words = _WORD.findall(stem)
    for word in words:
        plural = _PLURAL_OF_WORD.get(word)
        if plural is not None:
            return _METRICS.get(plural, plural) if "top" in words else plural
    return None


def kind_of_resource(resource: str) -> tuple[str, str] | None:
    """Return kind and API group of one of Kubernetes' own resources."""
    return _KNOWN.get(resource)
