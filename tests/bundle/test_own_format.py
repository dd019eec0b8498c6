"""The own bundle: what is written is read back equal, and nothing is overwritten."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path

import pytest

from dotmac_diagnose.bundle import Bundle, capture
from dotmac_diagnose.bundle.evidence import with_evidence
from dotmac_diagnose.errors import InputError
from dotmac_diagnose.extract.document import (
    Document,
    KubeletSummary,
    KubernetesList,
    KubernetesStatus,
    PodLog,
    ServerVersion,
)
from dotmac_diagnose.facts import FactBase, Outcome, OutcomeStatus, fact_kinds

from .captures import LOG, node, pod, write_folder

INCIDENTS = Path(__file__).parent.parent / "incidents"
ENDINGS = (".tar.gz", ".tar.zst", ".tgz", "")


def everything(base: FactBase) -> tuple[object, ...]:
    return base.facts, base.relations, base.outcomes, base.changes, base.captured_at, base.context


@pytest.fixture(scope="module")
def live() -> Bundle:
    documents: list[Document] = [
        KubernetesList("pods", [pod("api-1"), pod("dns-1", "kube-system")], source="/api/v1/pods"),
        KubernetesList("services", [], namespace="shop", complete=False),
        KubernetesList("nodes", [node("n")]),
        KubernetesStatus("secrets", "denied", "forbidden"),
        PodLog("shop", "api-1", "main", LOG, source="log"),
        PodLog("shop", "api-1", "main", LOG, previous=True, truncated=True),
        KubeletSummary("n", {"node": {"nodeName": "n"}, "pods": []}),
        ServerVersion({"gitVersion": "v1.34.4"}),
    ]
    outcomes = [Outcome("postgres", OutcomeStatus.DENIED, "no privilege", 12, 0)]
    return capture(documents, outcomes, context="shop-admin")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bundle_reads_back_equal(live: Bundle, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"incident{ending}"
    live.write(path, tool_version="1.2", knowledge_version="7")
    again = Bundle.read(path)
    assert everything(again.base) == everything(live.base)
    assert again.documents == live.documents
    assert again.kind == "bundle"
    assert again.manifest["tool"] == {"name": "dotmac-diagnose", "version": "1.2"}
    assert again.manifest["knowledge"] == {"version": "7"}
    assert again.manifest["context"] == "shop-admin"
    assert again.outcomes == live.outcomes
    assert everything(Bundle.read(path, reextract=True).base) == everything(live.base)


@pytest.mark.parametrize("incident", ["healthy-1", "postgres-wrong-password", "tls-certificate-expired"])
def test_a_recording_reads_back_equal(tmp_path: Path, incident: str) -> None:
    bundle = Bundle.read(INCIDENTS / f"{incident}.tar.xz")
    bundle.write(tmp_path / "incident.tar.zst")
    again = Bundle.read(tmp_path / "incident.tar.zst")
    assert everything(again.base) == everything(bundle.base)
    assert everything(Bundle.read(tmp_path / "incident.tar.zst", reextract=True).base) == everything(bundle.base)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_input_gives_the_same_bytes(live: Bundle, tmp_path: Path, ending: str) -> None:
    contents = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}{ending}"
        live.write(path)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        contents.append([file.read_bytes() for file in files if file.is_file()])
    assert contents[0] == contents[1]


def test_a_rewritten_bundle_is_the_same(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "one", tool_version="1")
    Bundle.read(tmp_path / "one").write(tmp_path / "two", tool_version="1")
    for name in ("facts.jsonl", "relations.jsonl", "changes.jsonl", "outcomes.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_only_the_owner_may_read(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "one.tar.gz")
    live.write(tmp_path / "two")
    assert stat.S_IMODE((tmp_path / "one.tar.gz").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "two").rglob("*") if path.is_file()} == {0o600}
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        assert {member.mode for member in archive} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == {"one.tar.gz", "two"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_overwritten_and_no_link_followed(live: Bundle, tmp_path: Path, ending: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f"link{ending}").symlink_to(victim)
    (tmp_path / f"dangling{ending}").symlink_to(tmp_path / "new")
    (tmp_path / f"there{ending}").write_text("precious")
    for name in ("link", "dangling", "there"):
        with pytest.raises(InputError, match="exists already"):
            live.write(tmp_path / f"{name}{ending}")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="cannot be written"):
        live.write(tmp_path / "no" / "such" / f"folder{ending}")


def test_names_of_evidence_stay_inside_and_apart() -> None:
    logs = [
        PodLog("..", "../../etc", "passwd", "1"),
        PodLog("a", "b", "c", "2"),
        PodLog("a", "b", "C", "3"),
        PodLog("a", "b", "c-previous", "4"),
        PodLog("a", "b", "c", "5", previous=True),
        PodLog("a", "b" * 500, "", "6"),
    ]
    paths = [document.evidence or "" for document in with_evidence(logs) if isinstance(document, PodLog)]
    assert len({path.casefold() for path in paths}) == len(paths)
    assert all(path.startswith("evidence/logs/") and ".." not in path.split("/") for path in paths)
    assert all(len(part) <= 255 for path in paths for part in path.split("/"))


def test_a_newer_bundle_is_refused(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "bundle")
    manifest = tmp_path / "bundle" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 2}))
    with pytest.raises(InputError, match=r"schema version 2, this program reads up to 1 .*Use a newer version"):
        Bundle.read(tmp_path / "bundle")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema_version": "x"}', '{"schema_version": true}'])
def test_a_damaged_manifest(live: Bundle, tmp_path: Path, content: str) -> None:
    live.write(tmp_path / "bundle")
    (tmp_path / "bundle" / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="manifest of the bundle is damaged"):
        Bundle.read(tmp_path / "bundle")


def test_lost_facts_are_derived_from_the_evidence(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "bundle")
    (tmp_path / "bundle" / "facts.jsonl").unlink()
    again = Bundle.read(tmp_path / "bundle")
    assert again.base.facts == live.base.facts
    assert ("import:facts.jsonl", "missing from the bundle") in {
        (item.collector, item.reason) for item in again.outcomes
    }


def test_a_damaged_line_costs_that_line(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "bundle")
    facts = tmp_path / "bundle" / "facts.jsonl"
    lines = facts.read_text().splitlines()
    unknown = '{"kind":"of.another.version","entity":"pod/a/b","status":"ok","values":{}}'
    facts.write_text("\n".join([lines[0][:-5], *lines[1:], unknown]))
    again = Bundle.read(tmp_path / "bundle")
    assert len(again.base.facts) == len(live.base.facts) - 1
    assert ("import:facts.jsonl", "2 lines cannot be read") in {
        (item.collector, item.reason) for item in again.outcomes
    }


def test_damaged_evidence_is_named(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "bundle")
    (tmp_path / "bundle" / "evidence" / "pods.json").write_text("{")
    (tmp_path / "bundle" / "evidence" / "nodes.json").unlink()
    again = Bundle.read(tmp_path / "bundle")
    assert again.base.facts == live.base.facts
    assert {item.collector for item in again.outcomes} >= {"import:evidence/pods.json", "import:evidence/nodes.json"}


def test_a_bundle_and_another_capture_are_one_incident(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "bundle.tar.gz")
    folder = write_folder(tmp_path / "capture")
    together = Bundle.read(tmp_path / "bundle.tar.gz", folder)
    assert together.kind == "bundle+kubectl"
    assert set(together.base.facts) >= set(live.base.facts)
    assert {fact.source for fact in together.base.facts} >= {"kubectl/pods.json"}
    together.write(tmp_path / "both.tar.gz")
    assert everything(Bundle.read(tmp_path / "both.tar.gz").base) == everything(together.base)


def test_a_field_that_is_not_written_reads_back_as_none() -> None:
    for kind, model in fact_kinds().items():
        for name, field in model.model_fields.items():
            if not field.is_required() and type(None) in getattr(field.annotation, "__args__", ()):
                assert field.default is None, f"{kind}.{name}: records leave out None, so the default must be None"
