"""Documents as files of a bundle, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dotmac_diagnose.extract.document import (
    Document,
    KubeletSummary,
    KubernetesList,
    KubernetesStatus,
    PodLog,
    ServerAnswer,
    ServerVersion,
)

from .answers import answer_of, file_of_answer, path_of_answer
from .limits import Limits
from .path_parts import path_part

FOLDER = "evidence"


def with_evidence(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Return the documents, each with its path inside the bundle.

    No two of them get the same path, also where file names do not tell upper from lower case.
    """
    taken: set[str] = set()
    result: list[Document] = []
    for document in documents:
        path = _path_of(document)
        if path is None:
            result.append(document)
            continue
        stem, dot, ending = path.rpartition(".")
        number, unique = 1, path
        while unique.casefold() in taken:
            number += 1
            unique = f"{stem}~{number}{dot}{ending}"
        taken.add(unique.casefold())
        result.append(_with_path(document, unique))
    return tuple(result)


def _path_of(document: Document) -> str | None:
    if isinstance(document, KubernetesList):
        scope = f"namespaces/{path_part(document.namespace)}/" if document.namespace is not None else ""
        return f"{FOLDER}/{scope}{path_part(document.list_of)}.json"
    if isinstance(document, PodLog):
        previous = "-previous" if document.previous else ""
        folders = f"{path_part(document.namespace)}/{path_part(document.pod)}"
        return f"{FOLDER}/logs/{folders}/{path_part(document.container or 'container')}{previous}.log"
    if isinstance(document, KubeletSummary):
        return f"{FOLDER}/kubelet/{path_part(document.node)}.json"
    if isinstance(document, ServerAnswer):
        return f"{FOLDER}/{path_of_answer(document)}"
    return None


def _with_path(document: Document, path: str) -> Document:
    if isinstance(document, KubernetesList | PodLog | KubeletSummary | ServerAnswer):
        return replace(document, evidence=path)
    return document


def index_of(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Return what the manifest says about each document: all but its content."""
    return [_entry(document) for document in documents]


def _entry(document: Document) -> dict[str, Any]:
    entry: dict[str, Any]
    if isinstance(document, KubernetesList):
        entry = {"type": "list", "list_of": document.list_of, "namespace": document.namespace}
        return entry | {"complete": document.complete, "source": document.source, "path": document.evidence}
    if isinstance(document, PodLog):
        entry = {"type": "log", "namespace": document.namespace, "pod": document.pod, "container": document.container}
        entry |= {"previous": document.previous, "truncated": document.truncated}
        return entry | {"source": document.source, "path": document.evidence}
    if isinstance(document, KubeletSummary):
        return {"type": "kubelet", "node": document.node, "source": document.source, "path": document.evidence}
    if isinstance(document, KubernetesStatus):
        entry = {"type": "status", "list_of": document.list_of, "status": document.status}
        return entry | {"reason": document.reason, "namespace": document.namespace}
    if isinstance(document, ServerAnswer):
        return {"type": "answer", "path": document.evidence}
    return {"type": "version", "source": document.source, "data": document.data}


def files_of(documents: Sequence[Document]) -> dict[str, bytes]:
    """Return the files of the documents by path: what kubectl would have printed, redacted."""
    files: dict[str, bytes] = {}
    for document in documents:
        if isinstance(document, KubernetesList) and document.evidence is not None:
            files[document.evidence] = _list(document.items)
        elif isinstance(document, PodLog) and document.evidence is not None:
            files[document.evidence] = document.text.encode("utf-8", "replace")
        elif isinstance(document, KubeletSummary) and document.evidence is not None:
            files[document.evidence] = _json(document.data)
        elif isinstance(document, ServerAnswer) and document.evidence is not None:
            files[document.evidence] = file_of_answer(document)
    return files


def _list(items: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a List as kubectl prints it, but with one object a line."""
    lines = ",\n".join(json.dumps(item, sort_keys=True, separators=(",", ":")) for item in items)
    return f'{{"apiVersion":"v1","kind":"List","items":[\n{lines}\n]}}\n'.encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def documents_of(
    index: Any, files: Mapping[str, bytes], limits: Limits
) -> tuple[tuple[Document, ...], tuple[tuple[str, str], ...]]:
    """Return the documents of a bundle, and (path, reason) of those that cannot be read.

    Args:
        index: ``documents`` of the manifest; any type.
        files: members by name.
        limits: depth of JSON.
    """
    documents: list[Document] = []
    problems: list[tuple[str, str]] = []
    for entry in index if isinstance(index, list) else []:
        path = entry.get("path") if isinstance(entry, dict) else None
        name = path if isinstance(path, str) else "manifest.json"
        try:
            documents.append(_document(entry, files, limits))
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append((name, "the evidence is missing or damaged"))
    return tuple(documents), tuple(problems)


def _document(entry: Mapping[str, Any], files: Mapping[str, bytes], limits: Limits) -> Document:
    kind, source = entry["type"], _text(entry.get("source", ""))
    if kind == "status":
        namespace = _optional(entry["namespace"])
        return KubernetesStatus(_text(entry["list_of"]), _text(entry["status"]), _text(entry["reason"]), namespace)
    if kind == "version":
        return ServerVersion(_mapping(entry["data"]), source)
    path = _text(entry["path"])
    if kind == "log":
        text = files[path].decode("utf-8", "replace")
        return PodLog(
            _text(entry["namespace"]), _text(entry["pod"]), _text(entry["container"]), text,
            entry["previous"] is True, source, path, entry["truncated"] is True,
        )  # fmt: skip
    value = _mapping(_parsed(files[path], limits))
    if kind == "answer":
        return answer_of(value, path)
    if kind == "kubelet":
        return KubeletSummary(_text(entry["node"]), value, source, path)
    items = [_mapping(item) for item in value["items"]]
    complete = entry["complete"] is True
    return KubernetesList(_text(entry["list_of"]), items, _optional(entry["namespace"]), complete, source, path)


def _parsed(data: bytes, limits: Limits) -> Any:
    from .json_documents import parse_json

    parsed = parse_json(data.decode("utf-8"), limits)
    if parsed.problems or len(parsed.values) != 1:
        raise ValueError("not one JSON document")
    return parsed.values[0]


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
