"""Small captures, written by a person, in all the ways in which kubectl output is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def pod(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": "7", **more},
        "spec": {"containers": [{"name": "main", "image": "registry.shop/main:1"}]},
        "status": {"phase": "Running", "startTime": "2026-11-24T07:36:30Z"},
    }


def node(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {}}


def service(name: str, namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "ClusterIP", "selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8000}]},
    }


def listed(*items: Any, kind: str = "List") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": ""}, "items": list(items)}


FILES: dict[str, Any] = {
    "pods": listed(pod("api-1"), pod("dns-1", "kube-system")),
    "services": listed(service("api")),
    "nodes": listed(node("node-1")),
    "limitranges": listed(),
}
LOG = "2026-11-24T07:36:31.000000Z ERROR could not connect to postgres\n"


def write_folder(folder: Path) -> Path:
    (folder / "kubectl").mkdir(parents=True)
    for name, value in FILES.items():
        (folder / "kubectl" / f"{name}.json").write_text(json.dumps(value))
    logs = folder / "logs" / "shop" / "api-1"
    logs.mkdir(parents=True)
    (logs / "main.log").write_text(LOG)
    return folder
