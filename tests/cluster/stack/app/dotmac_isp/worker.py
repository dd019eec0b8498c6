"""dotmac-worker: takes jobs from Redis, writes them to PostgreSQL, leads by a Kubernetes lease."""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from sqlalchemy import text

from . import logs, stores

log = logs.start("dotmac.worker")
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def lead() -> None:
    """Asks for the lease dotmac-worker; raises HTTPError when the ServiceAccount may not read it."""
    namespace = (ACCOUNT / "namespace").read_text()
    address = (
        f"https://{os.environ['KUBERNETES_SERVICE_HOST']}/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    )
    token = (ACCOUNT / "token").read_text()
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=5, context=trust):
            return
    except urllib.error.HTTPError as error:
        log.error("leader election failed: %s: %s", error, error.read().decode(errors="replace"))  # noqa: TRY400
        raise


def main() -> None:
    log.info("worker starting, concurrency=2")
    engine, cache = stores.database("dotmac-worker"), stores.cache()
    if os.environ.get("LEADER_ELECTION") == "true":
        lead()
    while True:
        job = cache.brpop(["jobs"], timeout=2)
        if job is None:
            continue
        began = time.monotonic()
        kind = json.loads(job[1])["kind"]
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO usage_events (kind) VALUES (:kind)"), {"kind": kind})
        taken = (time.monotonic() - began) * 1000
        log.info("job %s kind=%s done in %.1f ms", uuid.uuid4().hex[:8], kind, taken)


if __name__ == "__main__":
    main()
