"""The cluster of the tests: kubectl, the API as JSON, and the guard that keeps faults away from any other cluster."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAMESPACE = "dotmac-production"
OURS = {"dotmac-api", "dotmac-portal", "dotmac-worker", "postgres", "redis", "edge", "loadgen", "usage-rollup"}
PRIVATE = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
STATE = Path(os.environ.get("DOTMAC_CLUSTER_STATE", "/var/tmp/dotmac-cluster"))
OWN_CONFIGURATION = STATE / "pki" / "admin.kubeconfig"


class Refused(Exception):
    """The cluster may be somebody's production."""


def kubectl(*arguments: str, given: str | None = None, check: bool = True) -> str:
    """Standard output of `kubectl ARGUMENTS`; RuntimeError carries what it said."""
    done = subprocess.run(
        ["kubectl", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(),
    )
    if check and done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)[:200]}: {done.stderr.strip()[:600]}")
    return done.stdout


def environment() -> dict[str, str]:
    """Ours with KUBECONFIG: the caller's, else that of cluster.sh."""
    return {"KUBECONFIG": str(OWN_CONFIGURATION)} | dict(os.environ)


def objects(kinds: str, *arguments: str) -> list[dict[str, Any]]:
    """The objects that `kubectl get KINDS ARGUMENTS -o json` lists."""
    found = json.loads(kubectl("get", kinds, *arguments, "-o", "json"))
    return list(found["items"]) if found["kind"] == "List" else [found]


class Api:
    """GET on the API server, for what kubectl would start a process each time."""

    def __init__(self) -> None:
        raw = json.loads(kubectl("config", "view", "--minify", "--flatten", "-o", "json"))
        cluster, user = raw["clusters"][0]["cluster"], raw["users"][0]["user"]
        self.server = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.trust = ssl.create_default_context(cadata=authority)
        self.headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}

    def get(self, path: str) -> bytes | None:
        """The body of the answer, or None when the server refuses."""
        request = urllib.request.Request(self.server + path, headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.trust) as answer:
                return bytes(answer.read())
        except (urllib.error.HTTPError, TimeoutError):
            return None


def guard() -> None:
    """Raises Refused unless the cluster of KUBECONFIG is a private lab with nothing but our stack in NAMESPACE."""
    raw = json.loads(kubectl("config", "view", "--minify", "-o", "json"))
    server, context = raw["clusters"][0]["cluster"]["server"], raw["current-context"]
    host = urlsplit(server).hostname or ""
    try:
        address = ipaddress.ip_address(host)
        private = address.is_loopback or any(address in network for network in PRIVATE)
    except ValueError:
        private = host == "localhost"
    if not private or re.search(r"prod|live|customer", context, re.IGNORECASE):
        raise Refused(f"{context} at {server} does not look like a lab; faults are injected into private clusters only")
    own = Path(environment()["KUBECONFIG"]) == OWN_CONFIGURATION
    if not own and os.environ.get("DIAGNOSE_TEST_CLUSTER") != "yes":
        raise Refused(f"{context} at {server} was not made by cluster.sh; set DIAGNOSE_TEST_CLUSTER=yes to break it")
    present = objects("deployments,statefulsets,daemonsets,cronjobs", "-n", NAMESPACE)
    if foreign := sorted({item["metadata"]["name"] for item in present} - OURS):
        raise Refused(f"namespace {NAMESPACE} holds workloads that are not ours: {', '.join(foreign)}")
