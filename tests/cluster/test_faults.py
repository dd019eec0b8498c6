"""The faults are well-formed, and the guard lets them near a lab only; nothing here needs a cluster."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cluster import lab
from cluster.run import faults

KNOWN_KEYS = {"id", "inject", "seen", "settle", "within", "truth", "accept", "notes", "file"}
STEPS = ({"patch", "with"}, {"json", "with"}, {"apply"}, {"delete"}, {"sh"}, {"sh", "undo"})
ENTITY = re.compile(r"[a-z_]+/[^/]+(?:/[^/]+)*")
FAULTS = faults()


def test_every_fault_has_its_own_id() -> None:
    assert [name for name, count in Counter(fault["id"] for fault in FAULTS).items() if count > 1] == []


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["id"] for fault in FAULTS])
def test_a_fault_says_what_to_do_and_what_is_true(fault: dict[str, Any]) -> None:
    assert set(fault) <= KNOWN_KEYS
    assert all(set(step) in STEPS for step in fault.get("inject", []))
    assert all(set(wish) in ({"sh"}, {"event"}, {"log", "matches"}) for wish in fault.get("seen", []))
    for entry in [*fault["truth"], *fault.get("accept", [])]:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", entry["cause"])
        assert ENTITY.fullmatch(entry["entity"])
    for wish in fault.get("seen", []):
        re.compile(wish.get("event") or wish.get("matches") or "")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="the guard asks kubectl what KUBECONFIG says")
@pytest.mark.parametrize(
    ("server", "context"),
    [
        ("https://203.0.113.7:6443", "lab"),
        ("https://api.customer.example:6443", "lab"),
        ("https://10.0.0.1:6443", "isp-production"),
    ],
)
def test_the_guard_refuses_what_may_be_production(
    server: str, context: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: {context}\n"
        f"clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
        f"contexts: [{{name: {context}, context: {{cluster: c, user: u}}}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("DIAGNOSE_TEST_CLUSTER", "yes")
    with pytest.raises(lab.Refused, match="does not look like a lab"):
        lab.guard()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="the guard asks kubectl what KUBECONFIG says")
def test_a_foreign_lab_must_be_named_on_purpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: kind-lab\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\nusers: [{name: u, user: {}}]\n"
        "contexts: [{name: kind-lab, context: {cluster: c, user: u}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.delenv("DIAGNOSE_TEST_CLUSTER", raising=False)
    with pytest.raises(lab.Refused, match="DIAGNOSE_TEST_CLUSTER=yes"):
        lab.guard()
