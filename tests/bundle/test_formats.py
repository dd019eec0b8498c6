"""The same capture in every form gives the same facts."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
import zstandard

from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.errors import InputError, UsageError
from dotmac_diagnose.extract.document import KubernetesList, KubernetesStatus, PodLog

from .captures import FILES, LOG, listed, node, pod, service, write_folder

INCIDENTS = Path(__file__).parent.parent / "incidents"


def content(bundle: Bundle) -> list[tuple[Any, ...]]:
    """The facts without their sources, which are file names."""
    return sorted((fact.entity, fact.kind, fact.status.value, repr(fact.values)) for fact in bundle.base.facts)


def lists(bundle: Bundle) -> dict[tuple[str, str | None], tuple[bool, list[str]]]:
    return {
        (item.list_of, item.namespace): (item.complete, sorted(entry["metadata"]["name"] for entry in item.items))
        for item in bundle.documents
        if isinstance(item, KubernetesList)
    }


def custom(version: str, kind: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "s"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "capture")


def as_tar(folder: Path, pack: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname="some-name")
    return pack(buffer.getvalue())


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, lzma.compress, bz2.compress, zstandard.compress],
    ids=["tar", "gz", "xz", "bz2", "zst"],
)
def test_an_archive_is_the_folder(folder: Path, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    archive = tmp_path / "capture.bin"
    archive.write_bytes(as_tar(folder, pack))
    packed, plain = Bundle.read(archive), Bundle.read(folder)
    assert packed.base.facts == plain.base.facts
    assert packed.documents == plain.documents
    assert packed.kind == plain.kind == "kubectl"


def test_a_zip_is_the_folder(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "capture.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder.parent))
    assert Bundle.read(tmp_path / "capture.zip").base.facts == Bundle.read(folder).base.facts


def test_yaml_is_json(folder: Path, tmp_path: Path) -> None:
    for name, value in FILES.items():
        (tmp_path / "yaml" / "kubectl").mkdir(parents=True, exist_ok=True)
        (tmp_path / "yaml" / "kubectl" / f"{name}.yaml").write_text(yaml.safe_dump(value))
    (folder / "logs").rename(tmp_path / "yaml" / "logs")
    write_folder(tmp_path / "json")
    assert content(Bundle.read(tmp_path / "yaml")) == content(Bundle.read(tmp_path / "json"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_powershell_writes(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(FILES["pods"]), encoding=encoding)
    assert lists(Bundle.read(tmp_path / "pods.json")) == {("pods", None): (True, ["api-1", "dns-1"])}


def test_packed_files_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "pods.json.gz").write_bytes(gzip.compress(json.dumps(FILES["pods"]).encode()))
    assert lists(Bundle.read(tmp_path)) == {("pods", None): (True, ["api-1", "dns-1"])}


def test_standard_input() -> None:
    bundle = Bundle.read("-", stdin=io.BytesIO(json.dumps(FILES["pods"]).encode()))
    assert bundle.inputs == ("-",)
    assert lists(bundle) == {("pods", None): (True, ["api-1", "dns-1"])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(pod("a")), {("pods", "shop"): (False, ["a"])}),
        (json.dumps([pod("a"), pod("b")]), {("pods", "shop"): (False, ["a", "b"])}),
        (json.dumps(pod("b")) + "\n" + json.dumps(pod("a")) + "\n", {("pods", "shop"): (False, ["a", "b"])}),
        (
            json.dumps(pod("a")) + json.dumps(node("n")),
            {("nodes", None): (False, ["n"]), ("pods", "shop"): (False, ["a"])},
        ),
        (
            json.dumps(listed({key: value for key, value in pod("a").items() if key != "kind"}, kind="PodList")),
            {("pods", "shop"): (True, ["a"])},
        ),
        (
            json.dumps(listed(pod("a"), service("a"))),
            {("pods", "shop"): (True, ["a"]), ("services", "shop"): (True, ["a"])},
        ),
        (
            json.dumps(listed(pod("a"), pod("b", "other"), service("a"))),
            {("pods", None): (True, ["a", "b"]), ("services", None): (True, ["a"])},
        ),
        (
            json.dumps(listed(custom("metrics.k8s.io/v1beta1", "PodMetrics"))),
            {("podmetrics", "s"): (True, ["a"])},
        ),
        (
            json.dumps(listed(custom("serving.knative.dev/v1", "Service"))),
            {("services.serving.knative.dev", "s"): (True, ["a"])},
        ),
        (
            json.dumps(listed(custom("x.io/v1", "Policy"))),
            {("policies", "s"): (True, ["a"])},
        ),
        ("---\n" + yaml.safe_dump(pod("a")) + "---\n" + yaml.safe_dump(node("n")),
         {("nodes", None): (False, ["n"]), ("pods", "shop"): (False, ["a"])}),
    ],
)  # fmt: skip
def test_ways_to_write_objects(tmp_path: Path, text: str, expected: dict[Any, Any]) -> None:
    (tmp_path / "input").write_text(text)
    assert lists(Bundle.read(tmp_path / "input")) == expected


def test_an_empty_list_counts_as_read(folder: Path) -> None:
    found = lists(Bundle.read(folder))
    assert found["limitranges", None] == (True, [])
    assert found["services", None] == (True, ["api"])


def test_lists_of_one_namespace_do_not_speak_for_others(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(listed(pod("a"))))
    (tmp_path / "limitranges.json").write_text(json.dumps(listed()))
    assert lists(Bundle.read(tmp_path)) == {("limitranges", "shop"): (True, []), ("pods", "shop"): (True, ["a"])}


def test_an_empty_list_alone_does_not_say_where(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(listed()))
    assert lists(Bundle.read(tmp_path / "pods.json")) == {("pods", None): (False, [])}


def test_the_later_version_of_an_object_counts(tmp_path: Path) -> None:
    for order in ("ab", "ba"):
        (tmp_path / order).mkdir()
        for name, version in zip(order, ("8", "10"), strict=True):
            (tmp_path / order / f"{name}.json").write_text(json.dumps(listed(pod("x", resourceVersion=version))))
        (document,) = (item for item in Bundle.read(tmp_path / order).documents if isinstance(item, KubernetesList))
        assert [item["metadata"]["resourceVersion"] for item in document.items] == ["10"]


def test_several_inputs_are_one_incident_in_any_order(folder: Path) -> None:
    files = [str(path) for path in sorted(folder.rglob("*.json"))]
    first, second = Bundle.read(*files), Bundle.read(*reversed(files))
    assert first.base.facts == second.base.facts
    assert first.documents == second.documents
    assert first.inputs == second.inputs == tuple(files)
    assert lists(first)["pods", None] == (True, ["api-1", "dns-1"])


DUMP = (
    json.dumps(listed(node("n"), kind="NodeList"))
    + "\n"
    + json.dumps(listed(kind="EventList"))
    + json.dumps(listed(pod("api-1"), kind="PodList"))
    + "\n==== START logs for container main of pod shop/api-1 ====\n"
    + "one\n==== START logs for container main of pod shop/other ====\ntwo\n"
    + "==== END logs for container main of pod shop/api-1 ====\n"
    + json.dumps({"kind": "EventList", "items": None})
    + json.dumps(listed(pod("dns-1", "kube-system"), kind="PodList"))
)


def test_a_dump_on_one_stream(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(DUMP)
    bundle = Bundle.read(tmp_path / "dump.txt")
    assert bundle.kind == "cluster-info-dump"
    assert lists(bundle) == {
        ("events", "kube-system"): (True, []),
        ("events", "shop"): (True, []),
        ("nodes", None): (True, ["n"]),
        ("pods", "kube-system"): (True, ["dns-1"]),
        ("pods", "shop"): (True, ["api-1"]),
    }
    (log,) = (item for item in bundle.documents if isinstance(item, PodLog))
    assert (log.namespace, log.pod, log.container) == ("shop", "api-1", "main")
    assert log.text == "one\n==== START logs for container main of pod shop/other ====\ntwo\n"


def test_a_damaged_part_of_a_stream_costs_no_log_behind_it(tmp_path: Path) -> None:
    start = DUMP.index("==== START logs")
    (tmp_path / "dump.txt").write_text(DUMP[:start] + "half a line\n" + DUMP[start:])
    bundle = Bundle.read(tmp_path / "dump.txt")
    assert [log.pod for log in bundle.documents if isinstance(log, PodLog)] == ["api-1"]
    assert ("pods", "kube-system") in lists(bundle)
    assert [item.status.value for item in bundle.outcomes] == ["partial"]


def test_a_recorded_dump_folder_has_the_pods_of_the_recording() -> None:
    dump = Bundle.read(INCIDENTS / "image-tag-wrong.tar.xz", input_format="cluster-info-dump")
    whole = Bundle.read(INCIDENTS / "image-tag-wrong.tar.xz")
    assert dump.kind == "cluster-info-dump"
    found = lists(dump)
    assert {key for key in found if key[0] == "pods"} == {("pods", "dotmac-production"), ("pods", "kube-system")}
    names = sorted(name for (resource, _), (_, names) in found.items() if resource == "pods" for name in names)
    assert names == sorted(lists(whole)["pods", None][1])
    assert any(isinstance(item, PodLog) for item in dump.documents)


def test_a_log_without_marks_belongs_to_the_first_container(tmp_path: Path) -> None:
    for name in ("events", "services", "replication-controllers"):
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / f"{name}.json").write_text(json.dumps(listed()))
    (tmp_path / "shop" / "pods.json").write_text(json.dumps(listed(pod("api-1"), kind="PodList")))
    (tmp_path / "shop" / "api-1").mkdir()
    (tmp_path / "shop" / "api-1" / "logs.txt").write_text(LOG)
    bundle = Bundle.read(tmp_path)
    assert [(log.pod, log.container, log.text) for log in bundle.documents if isinstance(log, PodLog)] == [
        ("api-1", "main", LOG)
    ]
    assert ("services", "shop") in lists(bundle)


def test_what_could_not_be_read_keeps_its_reason(folder: Path) -> None:
    (folder / "kubectl" / "secrets.json.error").write_text(
        'Error from server (Forbidden): secrets is forbidden: User "u"'
    )
    refused = {"kind": "Status", "status": "Failure", "reason": "BadRequest", "code": 400,
               "message": 'container "main" in pod "api-2" is waiting to start: PodInitializing'}  # fmt: skip
    (folder / "logs" / "shop" / "api-1" / "side.error").write_text(json.dumps(refused))
    bundle = Bundle.read(folder)
    assert [(item.list_of, item.status) for item in bundle.documents if isinstance(item, KubernetesStatus)] == [
        ("secrets", "denied")
    ]
    assert {(item.collector, item.status.value) for item in bundle.outcomes} >= {
        ("import:kubectl/secrets.json.error", "denied"),
        ("import:logs/shop/api-1/side.error", "skipped"),
    }


def test_what_is_not_read_yet_is_named(folder: Path) -> None:
    for name in ("text/get-pods.txt", "dump/nodes.json", "truth.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x: y\n")
    assert {(item.collector, item.status.value, item.reason) for item in Bundle.read(folder).outcomes} >= {
        ("import:text/", "skipped", "format not read yet (1 file)"),
        ("import:dump/", "skipped", "duplicate of kubectl/ and logs/ (1 file)"),
    }
    assert not any("truth" in item.collector for item in Bundle.read(folder).outcomes)


def test_a_format_may_be_forced_and_must_exist(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no input format 'nonsense'.*Known: bundle, kubectl, cluster-info-dump"):
        Bundle.read(folder, input_format="nonsense")
    with pytest.raises(InputError, match="no bundle of this program"):
        Bundle.read(folder, input_format="bundle")
    with pytest.raises(UsageError, match="no input was named"):
        Bundle.read()
    with pytest.raises(UsageError, match="twice"):
        Bundle.read("-", "-")
