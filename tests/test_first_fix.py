"""The first command of the first fix of recorded incidents: exact where the capture tells how it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle

INCIDENTS = Path(__file__).parent / "incidents"
NAMESPACE = "kubectl -n dotmac-production"
FIRST = {
    "configmap-key-missing": f"{NAMESPACE} rollout undo deployment/dotmac-worker --to-revision=3",
    "image-tag-wrong": f"{NAMESPACE} rollout undo deployment/dotmac-api --to-revision=11",
    "liveness-wrong-port": f"{NAMESPACE} rollout undo deployment/dotmac-portal --to-revision=5",
    "oom-at-limit": f"{NAMESPACE} rollout undo deployment/dotmac-api --to-revision=7",
    "pdb-blocks-drain": f"{NAMESPACE} scale deployment/dotmac-portal --replicas=2",
    "rbac-forbidden": f"{NAMESPACE} create role allow-get-leases --verb=get --resource=leases.coordination.k8s.io",
    "secret-rotated-pods-stale": f"{NAMESPACE} rollout restart deployment/dotmac-api",
    "service-selector-typo": f"{NAMESPACE} patch service dotmac-api --type=merge -p "
    """'{"spec":{"selector":{"app":"dotmac-api"}}}'""",
    "wrong-hostname-in-environment": f"{NAMESPACE} set env deployment/dotmac-worker -c worker REDIS_HOST=redis",
}


@pytest.mark.parametrize("incident", FIRST)
def test_the_first_fix_is_exact(incident: str) -> None:
    fix = diagnose(Bundle.read(INCIDENTS / f"{incident}.tar.xz")).fixes[0]
    assert fix.applicability == "exact"
    assert fix.steps[0].run == FIRST[incident]
    assert fix.rollback


def test_every_session_at_the_root_of_a_lock_tree_is_ended_and_the_worst_is_named() -> None:
    diagnosis = diagnose(Bundle.read(INCIDENTS / "postgres-idle-in-transaction-lock.tar.xz"))
    steps = [step.run for step in diagnosis.fixes[0].steps]
    assert [f"pid = {pid}" in step for pid, step in zip((110, 112), steps, strict=True)] == [True, True]
    assert "pid 112 of report-export (idle in transaction) blocks 2 sessions" in diagnosis.causes[0].evidence[0].detail
