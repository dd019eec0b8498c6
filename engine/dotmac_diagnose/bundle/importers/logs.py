"""Logs: files that are named by their container, and the marked sections of ``kubectl cluster-info dump``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dotmac_diagnose.extract.document import PodLog

from .gathering import FoundList

_LOG_FILE = re.compile(r"(?:^|/)logs/([^/]+)/([^/]+)/([^/]+?)((?:-|\.)previous)?\.log$")
_REFUSED_LOG = re.compile(r"(?:^|/)logs/[^/]+/[^/]+/[^/]+\.error$")
_DUMP_LOG = re.compile(r"(?:^|/)([^/]+)/([^/]+)/logs\.txt$")
_START = re.compile(
    r"[ \t]*==== START logs for container (\S{1,253}) of pod ([^\s/]{1,253})/(\S{1,253}) ====[ \t]*\r?(?:\n|$)"
)


def log_of_file(name: str) -> tuple[str, str, str, bool] | None:
    """Return namespace, pod, container and whether it is of the former run, from the name of a log file."""
    match = _LOG_FILE.search(name)
    return (match[1], match[2], match[3], match[4] is not None) if match is not None else None


def is_refused_log(name: str) -> bool:
    """Tell whether a file holds the answer to a log request that failed."""
    return _REFUSED_LOG.search(name) is not None


def pod_of_dump_log(name: str) -> tuple[str, str] | None:
    """Return namespace and pod of a ``<namespace>/<pod>/logs.txt``."""
    match = _DUMP_LOG.search(name)
    return (match[1], match[2]) if match is not None else None


def section_at(text: str, position: int) -> tuple[PodLog, int] | None:
    """Return the marked log at a position, and where it ends; None when there is none.

    The end is the end mark of the same container, since a log may hold such marks itself.
    """
    start = _START.match(text, position)
    if start is None:
        return None
    container, namespace, pod = start.groups()
    mark = f"==== END logs for container {container} of pod {namespace}/{pod} ===="
    end = text.find(mark, start.end())
    body = text[start.end() : end if end >= 0 else len(text)]
    log = PodLog(namespace, pod, container, body, truncated=end < 0)
    return log, end + len(mark) if end >= 0 else len(text)


def logs_of_dump(text: str, namespace: str, pod: str, lists: Iterable[FoundList]) -> Sequence[PodLog]:
    """Return the logs of one ``logs.txt``: marked sections, or one log without marks."""
    found: list[PodLog] = []
    position = 0
    while position < len(text):
        section = section_at(text, position)
        if section is not None:
            found.append(section[0])
            position = section[1]
        following = text.find("\n", position)
        position = len(text) if following < 0 else following + 1
        if section is None and not found and "==== START logs" not in text:
            return [PodLog(namespace, pod, _container_of(namespace, pod, lists), text)]
    return found


def _container_of(namespace: str, pod: str, lists: Iterable[FoundList]) -> str:
    """Return the name of a pod's first container, empty when the pod is not in the capture."""
    for found in lists:
        if found.resource == "pods":
            for item in found.items:
                metadata = item.get("metadata")
                if isinstance(metadata, Mapping) and (metadata.get("namespace"), metadata.get("name")) == (
                    namespace,
                    pod,
                ):
                    return _first_container(item.get("spec"))
    return ""


def _first_container(spec: Any) -> str:
    containers = spec.get("containers") if isinstance(spec, Mapping) else None
    first = containers[0] if isinstance(containers, list) and containers else None
    name = first.get("name") if isinstance(first, Mapping) else None
    return name if isinstance(name, str) else ""
