"""Bad input, run as a whole: one line and exit 2, or the member is named and the rest is diagnosed.

In every run memory and time are bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bounded_run import analyze
from capture_forms import unpacked

MEBIBYTE = 1024**2
LONG_LINE = 200 * MEBIBYTE
SMALL = 400 * MEBIBYTE
"""Bytes that a run on small input may hold; about 130 MiB are usual."""

LARGE = 8 * LONG_LINE
"""Bytes that a run on the long line may hold."""

_LINE = re.compile(r"diagnose: error: [^\n]+ \([^\n]+\)\. [^\n]+\n")


def pod(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "shop"}, **more}


def listed(*items: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def bomb() -> str:
    lines = ["kind: List", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 20)]
    return "\n".join(lines)


def write_long_line(path: Path, start: bytes, end: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(start)
        for _ in range(LONG_LINE // MEBIBYTE):
            stream.write(b"x" * MEBIBYTE)
        stream.write(end)


def write_sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(LONG_LINE)


Write = Callable[[Path], object]

UNREADABLE: dict[str, tuple[Write, str, int]] = {
    "no such file": (Path.absolute, "there is no such file", SMALL),
    "empty": (lambda path: path.write_bytes(b""), "the input is empty", SMALL),
    "not JSON": (lambda path: path.write_text("it broke at noon\n"), "neither JSON nor YAML", SMALL),
    "cut": (lambda path: path.write_text(listed(pod())[:50]), "not valid JSON at line 1", SMALL),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 500), "neither text nor a known archive", SMALL),
    "folder without anything": (
        lambda path: (path.mkdir(), (path / "notes.txt").write_text("hello")),
        "nothing in it is a known capture",
        SMALL,
    ),
    "empty folder": (lambda path: path.mkdir(), "the folder is empty", SMALL),
    "alias bomb": (lambda path: path.write_text(bomb()), "--max-yaml-nodes", SMALL),
    "depth of JSON": (lambda path: path.write_text("[" * 10_000 + "]" * 10_000), "--max-depth", SMALL),
    "depth of YAML": (lambda path: path.write_text("kind: " + "[" * 10_000 + "]" * 10_000), "--max-depth", SMALL),
    "long line": (lambda path: write_long_line(path, b"", b""), "neither JSON nor YAML", LARGE),
    "long line of zeros": (write_sparse, "neither text nor a known archive", LARGE),
    "long line of JSON": (
        lambda path: write_long_line(path, b'{"kind":"List","items":["', b'"]}'),
        "1 of 1 items are no Kubernetes objects",
        LARGE,
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_input_is_one_line_and_exit_2(tmp_path: Path, case: str) -> None:
    write, said, most = UNREADABLE[case]
    write(tmp_path / "input")
    ended = analyze(tmp_path, "input")
    if (tmp_path / "input").is_file():
        (tmp_path / "input").unlink()
    assert (ended.code, ended.out) == (2, "")
    assert _LINE.fullmatch(ended.err), ended.err
    assert said in ended.err
    assert "(input)" in ended.err
    assert ended.peak_bytes < most


def test_several_problems_are_all_listed(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(b"")
    ended = analyze(tmp_path, "one.json", "two.json")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "one.json: the input is empty" in ended.err
    assert "two.json: there is no such file" in ended.err


DAMAGED: dict[str, tuple[str, Write, str, int]] = {
    "cut": ("kubectl/jobs.json", lambda path: path.write_text('{"kind": "List", "items": [{'), "not valid JSON", SMALL),
    "empty": ("kubectl/jobs.json", lambda path: path.write_bytes(b""), "the file is empty", SMALL),
    "binary": ("kubectl/jobs.json", lambda path: path.write_bytes(b"\0" * 99), "neither text nor", SMALL),
    "deep": ("kubectl/jobs.json", lambda path: path.write_text('{"a":' * 10_000), "--max-depth", SMALL),
    "alias bomb": ("kubectl/more.yaml", lambda path: path.write_text(bomb()), "--max-yaml-nodes", SMALL),
    "broken item": (
        "kubectl/jobs.json",
        lambda path: path.write_text(listed({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}}, 7)),
        "1 of 2 items are no Kubernetes objects",
        SMALL,
    ),
    "long line": (
        "logs/dotmac-production/dotmac-api/api.log",
        lambda path: write_long_line(path, b"", b""),
        "--max-line-bytes",
        LARGE,
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_member_is_named_and_the_rest_is_diagnosed(tmp_path: Path, case: str) -> None:
    member, write, said, most = DAMAGED[case]
    capture = unpacked("image-tag-wrong", tmp_path)
    (capture / member).parent.mkdir(parents=True, exist_ok=True)
    write(capture / member)
    ended = analyze(tmp_path, capture.name, "--format", "json")
    (capture / member).unlink()
    assert (ended.code, ended.err) == (1, "")
    report = json.loads(ended.out)
    assert [cause["id"] for cause in report["causes"] if cause["reported"]] == ["kubernetes.image_not_found"]
    said_of_it = [item["reason"] for item in report["collectors"] if item["id"] == f"import:{member}"]
    assert any(said in reason for reason in said_of_it), said_of_it
    assert ended.peak_bytes < most


WRONG = (None, True, -1, 1e308, "", "x", [], [[]], {}, {"name": {}}, [None, 7, {"name": 7, "value": []}])
"""Values that no field of these names has."""


def test_wrong_types_in_well_known_fields_are_survived(tmp_path: Path) -> None:
    capture = unpacked("image-tag-wrong", tmp_path)
    good = json.loads((capture / "kubectl" / "pods.json").read_bytes())["items"][0]
    odd = []
    for place in (("spec",), ("status",), ("metadata",), ("spec", "containers"), ("status", "containerStatuses")):
        for number, value in enumerate(WRONG):
            item = json.loads(json.dumps(good))
            item["metadata"]["name"] = f"odd-{'-'.join(place).lower()}-{number}"
            parent = item
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = value
            odd.append(item)
            odd += [{**item, place[0]: {**good[place[0]], key: value}} for key in good[place[0]]]
    (capture / "kubectl" / "odd.json").write_text(listed(*odd))
    ended = analyze(tmp_path, capture.name, "--format", "json")
    assert (ended.code, ended.err) == (1, "")
    reported = [cause["id"] for cause in json.loads(ended.out)["causes"] if cause["reported"]]
    assert "kubernetes.image_not_found" in reported
    assert ended.peak_bytes < SMALL
