"""Reading captures, redaction, and the own bundle."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from dotmac_diagnose.bundle import Bundle, Limits
from dotmac_diagnose.errors import InputError

INCIDENT = Path(__file__).parent / "incidents" / "image-tag-wrong.tar.xz"
SECRET = "tr0ub4dor-and-3-staples"  # planted, not real


def pod(**container: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "api", "namespace": "shop", "annotations": {"a": f"postgres://u:{SECRET}@db/x"}},
        "spec": {"containers": [{"name": "api", "image": "i", **container}]},
    }


def test_a_written_bundle_reads_back_equal(tmp_path: Path) -> None:
    bundle = Bundle.read(INCIDENT)
    for name in ("one.tar.gz", "two.tar.zst", "three"):
        bundle.write(tmp_path / name)
        again = Bundle.read(tmp_path / name)
        assert again.base.facts == bundle.base.facts
        assert again.base.relations == bundle.base.relations
    assert (tmp_path / "one.tar.gz").stat().st_mode & 0o777 == 0o600


def test_secrets_do_not_pass(tmp_path: Path) -> None:
    objects = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "namespace": "shop"},
            "data": {"DB_PASSWORD": base64.b64encode(SECRET.encode()).decode()},
        },
        pod(env=[{"name": "DB_PASSWORD", "value": SECRET}], args=["--password", SECRET, f"--token={SECRET}"]),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "shop"},
            "data": {"app.ini": f"password = {SECRET}\n", "hex": SECRET.encode().hex()},
        },
    ]
    (tmp_path / "all.json").write_text(json.dumps({"kind": "List", "items": objects}))
    log = tmp_path / "logs" / "shop" / "api"
    log.mkdir(parents=True)
    (log / "api.log").write_text(f"ERROR login failed with password={SECRET}\nError: token {SECRET} refused\n")
    bundle = Bundle.read(tmp_path)
    bundle.write(tmp_path / "out")
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for form in (SECRET.encode(), base64.b64encode(SECRET.encode()), SECRET.encode().hex().encode()):
        assert form not in written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02" * 50, "neither text nor a known archive"),
        (b"hello: [", "neither JSON nor YAML"),
        (b"[" * 10_000, "nested deeper"),
        (b"just words", "neither JSON nor YAML"),
    ],
)
def test_bad_input_is_one_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "input.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        Bundle.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Bundle.read(tmp_path / "nowhere")


def test_a_cut_list_keeps_its_whole_items(tmp_path: Path) -> None:
    text = json.dumps({"kind": "PodList", "items": [pod(), pod()]})
    (tmp_path / "pods.json").write_text(text[: len(text) - 30])
    bundle = Bundle.read(tmp_path)
    assert [outcome.status.value for outcome in bundle.outcomes] == ["partial"]
    assert any(fact.kind == "kubernetes.pod" for fact in bundle.base.facts)


def test_yaml_aliases_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text("a: &a [x]\nb: [" + ",".join(["*a"] * 200) + "]\n")
    with pytest.raises(InputError, match="aliases"):
        Bundle.read(path, limits=Limits())
