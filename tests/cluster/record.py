"""A recording of the cluster as a folder: what kubectl lists, logs, metrics, and the servers' own views."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

from cluster.lab import NAMESPACE, Api, environment, kubectl, objects

RECORDINGS = Path(os.environ.get("DOTMAC_RECORDINGS", "/var/tmp/dotmac-recordings"))
KINDS = {
    "APIService": "apiservices", "ConfigMap": "configmaps", "CronJob": "cronjobs", "DaemonSet": "daemonsets",
    "Deployment": "deployments", "EndpointSlice": "endpointslices", "Event": "events",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers", "Ingress": "ingresses", "IngressClass": "ingressclasses",
    "Job": "jobs", "Lease": "leases", "LimitRange": "limitranges",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations", "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies", "Node": "nodes", "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims", "Pod": "pods", "PodDisruptionBudget": "poddisruptionbudgets",
    "PriorityClass": "priorityclasses", "ReplicaSet": "replicasets", "ResourceQuota": "resourcequotas",
    "Secret": "secrets", "Service": "services", "ServiceAccount": "serviceaccounts", "StatefulSet": "statefulsets",
    "StorageClass": "storageclasses", "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}  # fmt: skip
QUERIES = {
    "pg_stat_activity": "SELECT pid, datname, usename, application_name, client_addr, backend_start, xact_start, "
    "query_start, state_change, wait_event_type, wait_event, state, backend_type, "
    "pg_blocking_pids(pid) AS blocking_pids, "
    "left(query, 200) AS query FROM pg_stat_activity",
    "pg_locks": "SELECT locktype, database, relation::regclass, page, tuple, virtualxid, transactionid, pid, mode, "
    "granted, waitstart FROM pg_locks",
    "pg_settings": "SELECT name, setting, unit, source, boot_val, reset_val, pending_restart FROM pg_settings",
    "pg_databases": "SELECT datname, datconnlimit, pg_database_size(oid) AS bytes FROM pg_database",
    "pg_roles": "SELECT rolname, rolconnlimit, rolcanlogin FROM pg_roles",
    "pg_prepared_xacts": "SELECT transaction, gid, prepared, owner, database FROM pg_prepared_xacts",
    "pg_stat_database": "SELECT * FROM pg_stat_database",
    "pg_stat_user_tables": "SELECT * FROM pg_stat_user_tables",
}
REDIS_COMMANDS = {"info": "INFO everything", "config": "CONFIG GET *", "slowlog": "SLOWLOG GET 50"}


def write(path: Path, content: bytes | str | None) -> None:
    if content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lists(folder: Path) -> list[dict[str, Any]]:
    """Writes kubectl/KIND.json of every kind, secrets without values, and returns the pods."""
    sorted_out: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in objects(",".join(KINDS.values()), "-A"):
        if item["kind"] == "Secret":
            item["data"] = dict.fromkeys(item.get("data") or {}, "<redacted>")
            item["metadata"].pop("annotations", None)
        sorted_out[item["kind"]].append(item)
    for kind, name in KINDS.items():
        document = {"apiVersion": "v1", "items": sorted_out[kind], "kind": "List", "metadata": {"resourceVersion": ""}}
        write(folder / "kubectl" / f"{name}.json", json.dumps(document, indent=4))
    return sorted_out["Pod"]


def logs(folder: Path, pods: list[dict[str, Any]], api: Api) -> None:
    """Writes logs/NAMESPACE/POD/CONTAINER.log, and -previous.log of those that restarted."""
    for pod in pods:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        status = pod.get("status", {})
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            path = f"/api/v1/namespaces/{namespace}/pods/{name}/log?timestamps=true&tailLines=500"
            path += f"&container={container['name']}"
            place = folder / "logs" / namespace / name
            write(place / f"{container['name']}.log", api.get(path))
            if container.get("restartCount"):
                write(place / f"{container['name']}-previous.log", api.get(path + "&previous=true"))


def run_inside(app: str, command: str) -> str:
    """Output of a shell command in the first running pod of APP, empty when there is none that answers."""
    pods = objects("pods", "-n", NAMESPACE, "-l", f"app={app}", "--field-selector", "status.phase=Running")
    if not pods:
        return ""
    arguments = ["kubectl", "exec", "-n", NAMESPACE, pods[0]["metadata"]["name"], "--", "sh", "-c", command]
    try:
        return subprocess.run(
            arguments, env=environment(), capture_output=True, text=True, timeout=15, check=False
        ).stdout
    except subprocess.TimeoutExpired:
        return ""


def servers(folder: Path) -> None:
    """Writes pg/VIEW.csv and redis/NAME.txt when the servers answer."""
    script = "\n".join(
        f"\\echo =={name}\nCOPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER);" for name, query in QUERIES.items()
    )
    answer = run_inside("postgres", f"psql -XqU postgres dotmac <<'SQL'\n{script}\nSQL")
    for name, _, text in (part.partition("\n") for part in re.split(r"^==", answer, flags=re.MULTILINE)[1:]):
        write(folder / "pg" / f"{name}.csv", text)
    for name, command in REDIS_COMMANDS.items():
        answer = run_inside("redis", f'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli {command}')
        masked = re.sub(r"(?m)^(requirepass|masterauth)\n.+$", r"\1\n<redacted>", answer)
        write(folder / "redis" / f"{name}.txt", masked)


def record(folder: Path, *, with_servers: bool) -> None:
    """Writes the recording of this moment into FOLDER."""
    api = Api()
    logs(folder, lists(folder), api)
    write(folder / "top-pods.json", api.get("/apis/metrics.k8s.io/v1beta1/pods"))
    write(folder / "top-nodes.json", api.get("/apis/metrics.k8s.io/v1beta1/nodes"))
    for node in objects("nodes"):
        name = node["metadata"]["name"]
        write(folder / f"stats-summary-{name}.json", api.get(f"/api/v1/nodes/{name}/proxy/stats/summary"))
    write(folder / "version.json", kubectl("get", "--raw", "/version"))
    if with_servers:
        servers(folder)
