"""No planted secret passes the border, in any form; what diagnosis needs does."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.bundle import Bundle

from .planted import CERTIFICATE, Planted, encoded, forms, plant, write


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant()


@pytest.fixture(scope="module")
def bundle(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.read(write(planted, tmp_path_factory.mktemp("capture")))


@pytest.fixture(scope="module")
def written(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("written") / "bundle"
    bundle.write(folder)
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())


def leaks(planted: Planted, text: str) -> list[str]:
    return [
        f"{place}: {form}"
        for place, secret in planted.secrets.items()
        for form, content in forms(secret).items()
        if content in text
    ]


def test_enough_is_planted(planted: Planted) -> None:
    assert len(planted.secrets) >= 60
    assert len(set(planted.secrets.values())) == len(planted.secrets)
    raw = "\n".join(planted.files.values())
    assert (
        len({leak.partition(":")[0] for leak in leaks(planted, raw)}) >= 55
    )  # the others are escaped or encoded twice


def test_no_secret_is_in_the_written_bundle(planted: Planted, written: str) -> None:
    assert leaks(planted, written) == []


def test_no_secret_is_in_the_facts(planted: Planted, bundle: Bundle) -> None:
    text = "\n".join(
        [*(repr(fact) for fact in bundle.base.facts), *(repr(item) for item in bundle.base.outcomes)]
        + [repr(item) for item in bundle.base.changes]
    )
    assert leaks(planted, text) == []


@pytest.mark.parametrize(
    "needed",
    [
        "postgresql://shop_app:***@postgres:5432/shop",
        "redis://:***@redis:6379/0",
        "postgresql://$(DB_USER):$(DB_PASSWORD)@$(DB_HOST)/shop",
        "host=postgres user=shop_app password=<redacted> dbname=shop",
        "sha256:9f9698063544c21841cc4ec9bd9a626bd39bdb52c6b97795cce5d0ef736c193a",
        "9f9698063544c21841cc4ec9bd9a626bd39bdb52c6b97795cce5d0ef736c193a",
        '"DB_PASSWORD"',
        "/run/secrets/db",
        'password authentication failed for user \\"shop_app\\"',
        'secret \\"app\\" not found',
        "invalid token: unexpected end of input",
        "api-5fdfd8f8d5-swpxt",
        "proxy_pass http://api:8000;",
        "postgres.shop.svc",
        encoded(CERTIFICATE),
        "BEGIN CERTIFICATE",
        "port 6379",
        "2026-11-24T07:36:30Z",
    ],
)
def test_what_diagnosis_needs_stays(needed: str, written: str) -> None:
    assert needed in written or needed.replace('\\"', '"') in written


def test_the_manifest_counts_what_each_rule_removed(bundle: Bundle) -> None:
    assert set(bundle.redaction) >= {
        "secret_data", "last_applied", "managed_fields", "binary_data", "url", "token", "assignment", "private_key",
        "known_value", "header", "argument", "field",
    }  # fmt: skip
    assert all(count > 0 for count in bundle.redaction.values())


def test_redaction_of_what_is_redacted_changes_nothing(bundle: Bundle, tmp_path: Path) -> None:
    bundle.write(tmp_path / "bundle")
    again = Bundle.read(tmp_path / "bundle", reextract=True)
    assert again.documents == bundle.documents
    assert again.redaction == bundle.redaction
