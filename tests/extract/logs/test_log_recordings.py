"""Logs of recorded incidents: the telling lines are current, and a healthy system has next to none."""

from __future__ import annotations

import json
import tarfile
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotmac_diagnose.extract.document import PodLog
from dotmac_diagnose.extract.log_owners import LogOwner
from dotmac_diagnose.extract.logs import extract_logs
from dotmac_diagnose.facts.logs import LogMessage

if TYPE_CHECKING:
    from dotmac_diagnose.facts import Fact

INCIDENTS = Path(__file__).parents[2] / "incidents"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _owner(pod: dict[str, Any], pods: list[dict[str, Any]], container: str) -> LogOwner:
    """The owner by the pod's first owner reference: enough to judge the logs."""
    metadata, status = pod["metadata"], pod["status"]
    reference = (metadata.get("ownerReferences") or [{"kind": "Pod", "name": metadata["name"]}])[0]
    state = next(item for item in status["containerStatuses"] if item["name"] == container)
    running = state["state"].get("running")
    last = state["state"].get("terminated") or state.get("lastState", {}).get("terminated") or {}
    finished = status["phase"] in {"Succeeded", "Failed"}
    later = any(
        other["metadata"]["creationTimestamp"] > metadata["creationTimestamp"]
        and (other["metadata"].get("ownerReferences") or [{}])[0].get("name", "") == reference["name"]
        for other in pods
    )
    return LogOwner(
        f"{reference['kind'].lower()}/{metadata['namespace']}/{reference['name']}",
        running is not None,
        _moment(running["startedAt"] if running else last.get("startedAt")),
        _moment(last.get("finishedAt")),
        state["ready"],
        finished,
        finished and later,
    )


@cache
def facts_of_incident(name: str) -> tuple[Fact, ...]:
    logs: list[PodLog] = []
    pods: list[dict[str, Any]] = []
    captured_at: datetime | None = None
    with tarfile.open(INCIDENTS / f"{name}.tar.xz") as archive:
        for member in archive:
            parts = member.name.split("/")
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            if parts[1] == "logs" and member.name.endswith(".log"):
                container = parts[4].removesuffix(".log")
                text = stream.read().decode("utf-8", "replace")
                previous = container.endswith("-previous")
                logs.append(
                    PodLog(parts[2], parts[3], container.removesuffix("-previous"), text, previous, member.name)
                )
            elif parts[1:] == ["kubectl", "pods.json"]:
                pods = json.load(stream)["items"]
            elif parts[1:] == ["truth.yaml"]:
                (recorded,) = (line for line in stream.read().decode().splitlines() if line.startswith("recorded:"))
                captured_at = datetime.fromisoformat(recorded.split("'")[1])
    assert captured_at is not None
    by_name = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in pods}

    def owners(namespace: str, pod: str, container: str) -> LogOwner:
        return _owner(by_name[namespace, pod], pods, container)

    return tuple(extract_logs(logs, owners, captured_at))


def current_messages(name: str) -> list[tuple[str, LogMessage]]:
    return [
        (fact.entity, fact.values)
        for fact in facts_of_incident(name)
        if isinstance(fact.values, LogMessage) and fact.values.current
    ]


def test_a_healthy_system_has_next_to_no_current_messages():
    assert {message.container for _, message in current_messages("healthy-1")} <= {"metrics-server"}


@pytest.mark.parametrize(
    ("name", "container", "text", "exception"),
    [
        ("coredns-scaled-to-zero", "api", "Temporary failure in name resolution", "OperationalError"),
        ("coredns-scaled-to-zero", "worker", "failed to resolve host 'postgres'", "OperationalError"),
        ("jwt-secret-mismatch", "api", "Signature verification failed", "InvalidSignatureError"),
        (
            "migration-job-failed",
            "main",
            'column "segment" of relation "customers" contains null values',
            "IntegrityError",
        ),
        ("postgres-idle-in-transaction-lock", "postgres", "still waiting for ShareLock", None),
        ("postgres-scaled-to-zero", "api", "Connection refused", "OperationalError"),
        ("postgres-slots-many-workers", "postgres", "FATAL: remaining connection slots are reserved", None),
        ("postgres-volume-full", "postgres", "could not extend file", None),
        ("postgres-wrong-password", "postgres", 'FATAL: password authentication failed for user "dotmac"', None),
        ("postgres-wrong-password", "api", "password authentication failed for user", "OperationalError"),
        ("rbac-forbidden", "worker", "is forbidden: User", None),
        ("redis-scaled-to-zero", "worker", "Error 111 connecting to redis:6379", "ConnectionError"),
        ("redis-wrong-password", "api", "invalid username-password pair", "AuthenticationError"),
        ("release-import-error", "api", "No module named 'reportlab'", "ModuleNotFoundError"),
        ("secret-rotated-pods-stale", "worker", "password authentication failed", "OperationalError"),
        ("service-selector-typo", "nginx", "connect() failed (111: Connection refused)", None),
        ("tls-certificate-expired", "loadgen", "certificate has expired", "ConnectError"),
        ("wrong-hostname-in-environment", "worker", "Name or service not known", "ConnectionError"),
    ],
)
def test_telling_lines_are_current(name: str, container: str, text: str, exception: str | None):
    found = [
        message
        for _, message in current_messages(name)
        if message.container == container and text in message.text and message.exception == exception
    ]
    assert found


def test_the_edge_counts_the_failures_of_its_backend():
    counts = [
        fact.values
        for fact in facts_of_incident("service-selector-typo")
        if fact.kind == "log.access" and fact.values.model_dump().get("backend") == "10.96.88.214:8000"
    ]
    (values,) = counts
    assert values is not None
    assert values.model_dump()["status_502"] > 10


def test_errors_of_an_earlier_restart_are_not_current():
    assert not [
        message.text
        for entity, message in current_messages("quota-pods")
        if message.container in {"nginx", "loadgen", "postgres"}
    ]
