"""The recorded incidents of the repository, as documents."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pytest

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document, KubeletSummary, KubernetesList, PodLog
from dotmac_diagnose.facts import FactBase

INCIDENTS = Path(__file__).parents[2] / "incidents"


def read_recording(name: str) -> list[Document]:
    """Return the documents of a packed recording."""
    found: list[Document] = []
    with tarfile.open(INCIDENTS / f"{name}.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            document = _document(PurePosixPath(member.name), stream.read()) if stream is not None else None
            if document is not None:
                found.append(document)
    return found


def _document(path: PurePosixPath, content: bytes) -> Document | None:
    inner = PurePosixPath(*path.parts[1:])
    source = str(inner)
    if inner.parts[0] == "kubectl" and inner.suffix == ".json":
        return KubernetesList(inner.stem, json.loads(content)["items"], source=source, evidence=source)
    if inner.stem in ("top-pods", "top-nodes"):
        return KubernetesList(inner.stem, json.loads(content)["items"], source=source, evidence=source)
    if inner.stem.startswith("stats-summary-"):
        return KubeletSummary(inner.stem.removeprefix("stats-summary-"), json.loads(content), source=source)
    if inner.parts[0] == "logs" and inner.suffix == ".log":
        container = inner.stem.removesuffix("-previous")
        text = content.decode("utf-8", "replace")
        return PodLog(inner.parts[1], inner.parts[2], container, text, previous=container != inner.stem, source=source)
    return None


@lru_cache(maxsize=64)
def _base(name: str) -> FactBase:
    return extract(read_recording(name))


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], FactBase]:
    """Return the fact base of a recorded incident by its name."""
    return _base


@pytest.fixture(scope="session")
def recording() -> Callable[[str], list[Document]]:
    """Return the documents of a recorded incident by its name."""
    return read_recording
