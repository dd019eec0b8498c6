"""What is accepted of a collector: documents and relations of the right types, copied, within bounds.

The copy is made when a thing is yielded, so that nothing changes it later, and holds JSON values only.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, cast
from uuid import UUID

from dotmac_diagnose.bundle.json_documents import parse_json
from dotmac_diagnose.bundle.limits import Limits
from dotmac_diagnose.extract.document import (
    Document,
    KubeletSummary,
    KubernetesList,
    KubernetesStatus,
    PodLog,
    ServerAnswer,
    ServerVersion,
)
from dotmac_diagnose.facts import Relation, Status

_LIMITS = Limits(max_depth=100)
_STATUSES = frozenset(item.value for item in Status)
_TEXTUAL = (date, time, Decimal, IPv4Address, IPv4Network, IPv6Address, IPv6Network, UUID)
_LONGEST_WORD = 4096


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken of one collector.

    Args:
        documents: most documents and relations together.
        content: most characters of JSON or log text together.
    """

    documents: int = 50_000
    content: int = 256 * 1024 * 1024


class Full(Exception):
    """The bounds are reached."""


class Intake:
    """Takes what one collector yields, from its thread, until it is closed.

    Args:
        bounds: how much is taken.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._closed = False
        self._documents: list[Document] = []
        self._relations: list[Relation] = []
        self._content = 0
        self._refused: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Number of documents that were taken."""
        return len(self._documents)

    def take(self, item: object) -> None:
        """Take one thing; what is not understood is counted.

        Raises:
            Full: the bounds are reached, or the run has ended.
        """
        try:
            accepted, size = _accepted(item)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            with self._lock:
                name = type(item).__name__[:100]
                self._refused[f"{name}: {str(error)[:100]}" if isinstance(error, _Refused) else name] += 1
            return
        with self._lock:
            total = len(self._documents) + len(self._relations)
            if self._closed or total >= self._bounds.documents or self._content + size > self._bounds.content:
                raise Full
            self._content += size
            if isinstance(accepted, Relation):
                self._relations.append(accepted)
            else:
                self._documents.append(accepted)

    def close(self) -> tuple[tuple[Document, ...], tuple[Relation, ...], Mapping[str, int]]:
        """Take no more; return documents, relations, and how many of what were not understood."""
        with self._lock:
            self._closed = True
            return tuple(self._documents), tuple(self._relations), dict(self._refused)


class _Refused(TypeError):
    """A document of a known type with a wrong field."""


def _accepted(item: object) -> tuple[Document | Relation, int]:
    if type(item) is Relation:
        relation = Relation(_word(item.type), _word(item.source), _word(item.target))
        return relation, len(relation.type) + len(relation.source) + len(relation.target)
    if type(item) is ServerAnswer:
        return _answer(item)
    if type(item) is PodLog:
        text = _text(item.text)
        return PodLog(
            _word(item.namespace), _word(item.pod), _word(item.container), text,
            item.previous is True, _text(item.source), None, item.truncated is True,
        ), len(text)  # fmt: skip
    if type(item) is KubernetesList:
        return _list(item)
    if type(item) is KubernetesStatus:
        scope = None if item.namespace is None else _word(item.namespace)
        return KubernetesStatus(_word(item.list_of), _status(item.status), _text(item.reason), scope), 0
    if type(item) is KubeletSummary:
        data, size = _mapping(item.data)
        return KubeletSummary(_word(item.node), data, _text(item.source)), size
    if type(item) is ServerVersion:
        data, size = _mapping(item.data)
        context = _text(item.context) if item.context is not None else None
        return ServerVersion(data, _text(item.source), context), size
    raise TypeError("neither document nor relation")


def _answer(item: ServerAnswer) -> tuple[ServerAnswer, int]:
    status = _status(item.status)
    data, size = _plain(item.data) if status == "ok" else (None, 0)
    if item.asked_at is not None and (not isinstance(item.asked_at, datetime) or item.asked_at.tzinfo is None):
        raise _Refused("asked_at is no time with an offset")
    asked = None if item.asked_at is None else item.asked_at.astimezone(UTC)
    server = _word(item.server)
    if not server.partition("/")[0]:
        raise _Refused("server is no entity")
    answer = ServerAnswer(
        server, _word(item.question), data, status, None if item.reason is None else _line(item.reason),
        asked, _count(item.sample), _count(item.milliseconds), _text(item.source),
    )  # fmt: skip
    return answer, size


def _list(item: KubernetesList) -> tuple[KubernetesList, int]:
    given: object = item.items
    if not isinstance(given, list | tuple):
        raise _Refused("items is no list")
    plain, size = _plain(list(given))
    items = [entry for entry in plain if isinstance(entry, dict)]
    complete = item.complete is True and len(items) == len(plain)
    scope = None if item.namespace is None else _word(item.namespace)
    return KubernetesList(_word(item.list_of), items, scope, complete, _text(item.source)), size


def _mapping(value: object) -> tuple[Mapping[str, Any], int]:
    plain, size = _plain(value)
    if not isinstance(plain, dict):
        raise _Refused("data is no object")
    return cast("Mapping[str, Any]", plain), size


def _plain(value: object) -> tuple[Any, int]:
    """Return a copy of JSON values alone, and its size in characters."""
    text = json.dumps({"value": value}, default=_written)
    try:
        parsed = parse_json(text, _LIMITS)
    except Exception as error:
        raise _Refused(f"data cannot be kept: {error}") from error
    return parsed.values[0]["value"], len(text)


def _written(value: object) -> Any:
    """Return how a value that JSON does not know is written."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo is not None else value
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, _TEXTUAL):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Refused("a field that must be text is none")
    return value.encode("utf-8", "replace").decode()


def _line(value: object) -> str:
    return " ".join(_text(value).split())[:_LONGEST_WORD]


def _word(value: object) -> str:
    text = _text(value)
    if len(text) > _LONGEST_WORD:
        raise _Refused("a name is too long")
    return text


def _status(value: object) -> str:
    if not isinstance(value, str) or value not in _STATUSES:
        raise _Refused("status is none of the known words")
    return str(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise _Refused("a field that must be a count is none")
    return int(value)
