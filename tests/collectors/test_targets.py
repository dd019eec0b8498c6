from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.targets import Targets, address_of, default_cluster, passwords_in

ADDRESSES = [
    ("postgresql://app:s3cr3t-word@db.internal:5433/shop", "db.internal:5433", {"s3cr3t-word"}),
    ("postgresql://app:p%40ss-word@db/shop", "db", {"p%40ss-word", "p@ss-word"}),
    ("postgresql://app:p/a?s@s-word@db:5432/shop?sslmode=require", "db:5432", {"p/a?s@s-word"}),
    ("postgresql://db/shop?user=app&password=s3cr3t-word", "db", {"s3cr3t-word"}),
    ("host=db port=5433 user=app password='s3cr3t \\'word'", "db:5433", {"s3cr3t 'word"}),
    ("dbname=shop", "localhost", set()),
    ("redis://:s3cr3t-word@cache:6380/0", "cache:6380", {"s3cr3t-word"}),
    ("redis://cache", "cache", set()),
    ("rediss://[::1]:6379/0", "[::1]:6379", set()),
    ("unix:///run/redis.sock", "/run/redis.sock", set()),
    ("https://shop.example/@people?token=s3cr3t-word", "https://shop.example/@people", {"s3cr3t-word"}),
    ("https://me:s3cr3t-word@shop.example/health", "https://shop.example/health", {"s3cr3t-word"}),
]


@pytest.mark.parametrize(("text", "label", "secrets"), ADDRESSES)
def test_an_address_is_shown_without_what_is_secret_in_it(text: str, label: str, secrets: set[str]) -> None:
    assert address_of(text) == label
    assert set(passwords_in(text)) == secrets


def test_targets_never_show_a_password() -> None:
    addresses = [text for text, _, _ in ADDRESSES]
    targets = Targets(postgres=addresses, pgbouncer=addresses, redis=addresses, urls=addresses)
    shown = f"{targets!r} {targets} {targets.labels()}"
    assert "word" not in shown
    assert "db.internal:5433" in shown
    assert targets.secrets() == frozenset().union(*(secrets for _, _, secrets in ADDRESSES))


def test_no_target_is_false_and_each_kind_is_true() -> None:
    assert not Targets()
    for field in ("postgres", "pgbouncer", "redis", "urls", "namespaces", "log_files", "server_data"):
        assert Targets(**{field: ["x"]})
    assert Targets(context="kind")
    assert Targets(kubeconfig="/tmp/config")


def test_lists_become_tuples_without_repetition() -> None:
    assert Targets(postgres=["a", "b", "a"]).postgres == ("a", "b")


@pytest.mark.parametrize("wrong", ["postgresql://db", [""], [None], 5, {"a": 1}])
def test_what_is_no_list_of_texts_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="postgres"):
        Targets(postgres=wrong)  # type: ignore[arg-type]


def test_without_targets_the_cluster_of_kubectl_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert not default_cluster()
    usual = tmp_path / ".kube" / "config"
    usual.parent.mkdir()
    usual.write_text("")
    assert default_cluster().kubeconfig == usual
    monkeypatch.setenv("KUBECONFIG", "/other")
    assert default_cluster().kubeconfig == "/other"
