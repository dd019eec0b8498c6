"""Documents: what collectors fetch and importers find, before anything is understood.

Documents are already redacted when they reach :mod:`dotmac_diagnose.extract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class KubernetesList:
    """Objects of one resource.

    Args:
        list_of: plural resource name in lower case (``pods``, ``endpointslices``, ``deployments`` …).
        items: the raw objects (dicts as in JSON). Hostile: any field may have any type.
        namespace: None when the list spans all namespaces.
        complete: False when a page, an item or a part of the list is missing.
        source: API path or file, for people.
        evidence: path inside the bundle of the redacted document.
    """

    list_of: str
    items: Sequence[Mapping[str, Any]]
    namespace: str | None = None
    complete: bool = True
    source: str = ""
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class KubernetesStatus:
    """A list that could not be read: the resource and why (``denied``, ``unreachable`` …)."""

    list_of: str
    status: str
    reason: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class PodLog:
    """The log of one container, with or without leading RFC 3339 time stamps."""

    namespace: str
    pod: str
    container: str
    text: str
    previous: bool = False
    source: str = ""
    evidence: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class KubeletSummary:
    """``/stats/summary`` of one kubelet (volume and container use)."""

    node: str
    data: Mapping[str, Any]
    source: str = ""
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """``/version`` of an API server or the ``version`` document of a capture.

    ``context`` is the name of the context through which it was asked, None when nobody says.
    """

    data: Mapping[str, Any]
    source: str = ""
    context: str | None = None


UNNAMED_POSTGRES = "postgres/unnamed"
UNNAMED_REDIS = "redis/unnamed"
"""The servers of answers that do not say whose they are: the one server of the type in the capture, if there is one."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one server or one host answered to one question of a live collector.

    Args:
        server: entity id of the one that was asked, for example ``postgres/db.internal``.
        question: name of the question within its collector, for example ``lock_tree``.
        data: the answer as JSON values: rows as a list of objects, a text as a string; None unless
            ``status`` is ``ok``. Hostile: any field may have any type.
        status: a word of :class:`~dotmac_diagnose.facts.Status`: ``ok``, ``denied`` …
        reason: why it is not ``ok``; one line.
        asked_at: moment of the answer, in UTC.
        sample: 0 for the first look, 1 for the second and so on; deltas are made from the last ones.
        milliseconds: how long the answer took.
        source: the SQL name, command or path that was asked, for people.
        evidence: path inside the bundle of the redacted document.
    """

    server: str
    question: str
    data: Any = None
    status: str = "ok"
    reason: str | None = None
    asked_at: datetime | None = None
    sample: int = 0
    milliseconds: int = 0
    source: str = ""
    evidence: str | None = None


Document = KubernetesList | KubernetesStatus | PodLog | KubeletSummary | ServerVersion | ServerAnswer
