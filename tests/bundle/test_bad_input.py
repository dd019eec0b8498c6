"""Unreadable input is one error with what, where and what to try; a damaged member costs that member only."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from dotmac_diagnose.bundle import Bundle, Limits
from dotmac_diagnose.errors import InputError, LimitExceeded
from dotmac_diagnose.extract.document import KubernetesList

from .captures import FILES, listed, node, pod, write_folder


def pods_of(bundle: Bundle) -> list[str]:
    return sorted(
        item["metadata"]["name"]
        for document in bundle.documents
        if isinstance(document, KubernetesList) and document.list_of == "pods"
        for item in document.items
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the input is empty"),
        (b" \n", "the file is empty"),
        (b"\0\1\2\3" * 100, "neither text nor a known archive"),
        (b"just some words\n", "neither JSON nor YAML of Kubernetes objects nor a known capture"),
        (b"{}", "holds no Kubernetes objects"),
        (b'{"a": [1, 2', "not valid JSON at line 1"),
        (b"[1, 2, 3]", "holds no Kubernetes objects"),
        (b'"text"', "neither JSON nor YAML"),
        (b'{"kind": "List", "apiVersion": "v1", "items": []}', "an empty list that does not say of what"),
        (b"apiVersion: v1\nkind: [List\n", "not valid YAML at line"),
        (b"apiVersion: v1\nkind: Config\nclusters: []\n", "a kubeconfig is never read"),
        (b"kind: !!python/object/apply:os.system [x]\n", "a YAML tag"),
        (b"kind: *nothing\n", "an alias without an anchor"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\3junk", "the file is damaged"),
        (b"PK\3\4junk", "the archive is damaged"),
    ],
)
def test_nothing_readable(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "input.dat"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Bundle.read(path)
    assert said in caught.value.what
    assert caught.value.where == str(path)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no such file \(.*nowhere\)\. Check the path\."):
        Bundle.read(tmp_path / "nowhere")


def test_a_path_with_a_zero_byte() -> None:
    with pytest.raises(InputError, match="zero byte"):
        Bundle.read("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path: Path) -> None:
    path = tmp_path / "pods.json"
    path.write_text(json.dumps(FILES["pods"]))
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        Bundle.read(path)


def test_a_device() -> None:
    with pytest.raises(InputError, match="not a file or folder"):
        Bundle.read("/dev/null")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder is empty"):
        Bundle.read(tmp_path)


def test_a_folder_without_anything_known(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\0\0")
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(InputError) as caught:
        Bundle.read(tmp_path)
    assert "nothing in it is a known capture: notes.txt: " in caught.value.what
    assert "photo.jpg: neither text nor a known archive" in caught.value.what
    assert "kubectl get -o json" in caught.value.hint


def test_several_bad_paths_are_one_error(tmp_path: Path) -> None:
    good, empty = tmp_path / "pods.json", tmp_path / "empty.json"
    good.write_text(json.dumps(FILES["pods"]))
    empty.touch()
    with pytest.raises(InputError) as caught:
        Bundle.read(good, tmp_path / "nowhere", empty)
    assert caught.value.what == (
        f"2 inputs cannot be read: {empty}: the input is empty; {tmp_path / 'nowhere'}: there is no such file"
    )


def damaged(folder: Path, name: str) -> list[tuple[str, str]]:
    return [
        (item.status.value, item.reason or "")
        for item in Bundle.read(folder).outcomes
        if item.collector == f"import:kubectl/{name}"
    ]


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"{", "failed", "not valid JSON at line 1, column 2"),
        (b"", "failed", "the file is empty"),
        (b"\0" * 50, "skipped", "neither text nor a known archive"),
        (b"words", "failed", "neither JSON nor YAML of Kubernetes objects nor a known capture"),
        (b"[" * 500, "failed", "nested deeper than 200 levels. Raise it with --max-depth if you trust this input."),
    ],
)
def test_a_damaged_member_costs_that_member(tmp_path: Path, content: bytes, status: str, reason: str) -> None:
    folder = write_folder(tmp_path / "capture")
    (folder / "kubectl" / "jobs.json").write_bytes(content)
    assert damaged(folder, "jobs.json") == [(status, reason)]
    assert pods_of(Bundle.read(folder)) == ["api-1", "dns-1"]


@pytest.mark.parametrize("form", ["list", "yaml", "array"])
def test_a_list_that_breaks_off_keeps_its_whole_items(tmp_path: Path, form: str) -> None:
    items = [pod("a"), pod("b"), pod("c")]
    text = {
        "list": lambda: json.dumps(listed(*items), indent=1)[:-300],
        "array": lambda: json.dumps(items)[:-50],
        "yaml": lambda: yaml.safe_dump(listed(*items)).partition("kind: List")[0].rstrip()[:-3] + '"\n',
    }[form]()
    (tmp_path / "pods.json").write_text(text)
    bundle = Bundle.read(tmp_path)
    assert pods_of(bundle) == ["a", "b"]
    assert [document.complete for document in bundle.documents if isinstance(document, KubernetesList)] == [False]
    assert [(item.status.value, "2 items before it were kept" in str(item.reason)) for item in bundle.outcomes] == [
        ("partial", True)
    ]


def test_a_broken_item_costs_that_item(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(json.dumps(listed(pod("a"), None, 7, {"metadata": []}, pod("b"))))
    bundle = Bundle.read(tmp_path)
    assert pods_of(bundle) == ["a", "b"]
    assert [item.reason for item in bundle.outcomes] == ["3 of 5 items are no Kubernetes objects"]


def test_a_broken_line_costs_that_line(tmp_path: Path) -> None:
    lines = [json.dumps(pod("a")), '{"kind": "Pod", "metadata": {"name": "b"', json.dumps(pod("c"))]
    (tmp_path / "pods.jsonl").write_text("\n".join(lines))
    assert pods_of(Bundle.read(tmp_path)) == ["a", "c"]


def test_a_page_is_not_the_whole_list(tmp_path: Path) -> None:
    page = listed(pod("a"), pod("b", "other"))
    page["metadata"]["continue"] = "token"
    (tmp_path / "pods.json").write_text(json.dumps(page))
    bundle = Bundle.read(tmp_path)
    assert [document.complete for document in bundle.documents if isinstance(document, KubernetesList)] == [False]
    assert "more pages" in str(bundle.outcomes[0].reason)


def test_a_packed_file_that_ends_early(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(listed(*(pod(f"p{number:04d}") for number in range(2000)))).encode())
    (tmp_path / "pods.json.gz").write_bytes(packed[: len(packed) // 2])
    bundle = Bundle.read(tmp_path / "pods.json.gz")
    assert 100 < len(pods_of(bundle)) < 2000
    assert "the gzip stream ends early" in {item.reason for item in bundle.outcomes}


def hostile(value: Any) -> dict[str, Any]:
    return {**pod("a"), "spec": value, "status": value, "extra": value}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(listed(hostile(10**400))).replace("Infinity", "1"),
        json.dumps(listed(hostile("X"))).replace('"X"', "NaN"),
        json.dumps(listed(hostile("X"))).replace('"X"', "1e999"),
        json.dumps(listed(hostile("X"))).replace('"X"', r'"\ud800 lone"'),
        json.dumps(listed(hostile("X"))).replace('"X"', '{"a": 1, "a": 2}'),
        json.dumps(listed(hostile([[], {}, None, True, -1, "", {"name": 7, "value": []}]))),
        json.dumps(
            listed({**pod("a"), "metadata": {"name": "a", "labels": 7, "annotations": [], "managedFields": {}}})
        ),
        json.dumps(listed({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": [1]}, pod("a"))),
        json.dumps(listed({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "s"}, "data": "x"}, pod("a"))),
    ],
    ids=["integer", "nan", "infinity", "surrogate", "duplicate", "types", "metadata", "secret", "config"],
)
def test_hostile_values_are_survived_and_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "pods.json").write_text(text)
    bundle = Bundle.read(tmp_path / "pods.json")
    assert "a" in pods_of(bundle)
    bundle.write(tmp_path / "out.tar.gz")
    assert Bundle.read(tmp_path / "out.tar.gz").base.facts == bundle.base.facts


def test_yaml_alias_bombs(tmp_path: Path) -> None:
    lines = ["kind: List", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(LimitExceeded, match="--max-yaml-nodes"):
        Bundle.read(tmp_path / "bomb.yaml")
    (tmp_path / "many.yaml").write_text("kind: List\na: &a x\nb: [" + "*a, " * 1001 + "]\n")
    with pytest.raises(LimitExceeded, match="--max-yaml-aliases"):
        Bundle.read(tmp_path / "many.yaml")
    chain = ["kind: List", "a0: &a0 x"] + [f"a{n}: &a{n} {'[' * 50}*a{n - 1}{']' * 50}" for n in range(1, 6)]
    (tmp_path / "chain.yaml").write_text("\n".join(chain))
    with pytest.raises(LimitExceeded, match="--max-depth"):
        Bundle.read(tmp_path / "chain.yaml")


@pytest.mark.parametrize(
    ("limits", "option"),
    [
        (Limits(max_input_bytes=100), "--max-input-bytes"),
        (Limits(max_member_bytes=100), "--max-member-bytes"),
        (Limits(max_depth=3), "--max-depth"),
    ],
)
def test_a_limit_names_its_option(tmp_path: Path, limits: Limits, option: str) -> None:
    path = tmp_path / "pods.json"
    path.write_text(json.dumps(FILES["pods"]))
    with pytest.raises(LimitExceeded, match=option) as caught:
        Bundle.read(path, limits=limits)
    assert caught.value.where == str(path)


def test_limits_of_members(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "capture")
    with pytest.raises(LimitExceeded, match="--max-members"):
        Bundle.read(folder, limits=Limits(max_members=2))
    (folder / "logs" / "shop" / "api-1" / "main.log").write_text("x" * 5000)
    reasons = {item.collector: item.reason for item in Bundle.read(folder, limits=Limits(max_line_bytes=100)).outcomes}
    assert "--max-line-bytes" in str(reasons["import:logs/shop/api-1/main.log"])
    reasons = {
        item.collector: item.reason for item in Bundle.read(folder, limits=Limits(max_member_bytes=2000)).outcomes
    }
    assert "--max-member-bytes" in str(reasons["import:logs/shop/api-1/main.log"])


def test_an_empty_standard_input() -> None:
    with pytest.raises(InputError, match=r"the input is empty \(-\)"):
        Bundle.read("-", stdin=io.BytesIO())


def test_a_kubeconfig_is_never_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "capture")
    secret = "client-key-" + "data-value"
    (folder / ".kube").mkdir()
    (folder / ".kube" / "config").write_text(f"kind: Config\nusers: [{{name: u, user: {{token: {secret}}}}}]\n")
    (folder / "other.yaml").write_text(f"apiVersion: v1\nkind: Config\nclusters: []\nusers: [{{token: {secret}}}]\n")
    bundle = Bundle.read(folder)
    assert {(item.collector, item.reason) for item in bundle.outcomes} == {
        ("import:.kube/config", "a kubeconfig is never read"),
        ("import:other.yaml", "a kubeconfig is never read"),
    }
    bundle.write(tmp_path / "out")
    assert not any(secret in path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_the_node_list_of_a_damaged_capture_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "nodes.json").write_text(json.dumps(listed(node("n"))))
    (tmp_path / "pods.json").write_text("{")
    assert any(fact.entity == "node/n" for fact in Bundle.read(tmp_path).base.facts)
