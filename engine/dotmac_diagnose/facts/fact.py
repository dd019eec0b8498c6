"""Facts, relations and outcomes: what collectors and importers saw, without judgement.

A fact is one flat record about one entity. Its values are a pydantic model, one per
kind, so that rules can be checked against field names and types before anything runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Status(StrEnum):
    """How the look at the source ended. Only ``ok`` and ``empty`` can make a finding absent."""

    OK = "ok"
    EMPTY = "empty"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"


class Vantage(StrEnum):
    """Where the observation was made from."""

    API = "api"
    OPERATOR = "operator"
    NODE = "node"
    POD = "pod"
    SERVER = "server"
    FILE = "file"


class FactValues(BaseModel):
    """Base of the value models. A field that is None was not seen: tests on it are unknown."""

    # A run uses a third of the kinds: each builds its validator when it is first used.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    kind: ClassVar[str]
    """Name of the fact kind, ``area.noun``."""
    resource: ClassVar[str | None] = None
    """The list (Kubernetes resource or other source) that must have been read for a missing
    fact of this kind to mean anything; None when the fact itself is the only proof."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One observation.

    Args:
        entity: id of what it is about, ``type/name``.
        values: the values; None unless ``status`` is ``ok``.
        kind: the kind; taken from ``values`` by :func:`fact`.
        status: how the look ended.
        vantage: where it was made from.
        observed_at: when the observed thing was so, in UTC; None when unknown.
        collector: id of the collector (``kubernetes``, ``postgres``, ``logs`` …).
        source: exact API path, SQL name or file.
        evidence: path inside the bundle of the redacted raw document.
        reason: why there are no values (only with another status than ok).
    """

    entity: str
    kind: str
    values: FactValues | None
    status: Status = Status.OK
    vantage: Vantage = Vantage.API
    observed_at: datetime | None = None
    collector: str = "kubernetes"
    source: str = ""
    evidence: str | None = None
    reason: str | None = None


def fact(
    entity: str,
    values: FactValues,
    *,
    vantage: Vantage = Vantage.API,
    observed_at: datetime | None = None,
    collector: str = "kubernetes",
    source: str = "",
    evidence: str | None = None,
) -> Fact:
    """Return a fact of status ``ok`` with the kind of its values."""
    return Fact(
        entity=entity,
        kind=values.kind,
        values=values,
        vantage=vantage,
        observed_at=observed_at,
        collector=collector,
        source=source,
        evidence=evidence,
    )


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A typed arrow between two entities, named as in ``knowledge/entities.yaml``."""

    type: str
    source: str
    target: str


class OutcomeStatus(StrEnum):
    """How a collector or importer ended."""

    OK = "ok"
    PARTIAL = "partial"
    DENIED = "denied"
    UNAVAILABLE = "unavailable"
    SKIPPED = "skipped"
    TIMEOUT = "timeout"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a collector (or an importer for one member of a capture) achieved.

    Args:
        collector: id, or ``import:<member>`` for a member of a capture.
        status: how it ended.
        reason: why it is not ``ok``; one line.
        duration_ms: wall time.
        facts: number of facts that it gave.
    """

    collector: str
    status: OutcomeStatus
    reason: str | None = None
    duration_ms: int = 0
    facts: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the platform that may have started the trouble (contract ``changes``)."""

    at: datetime
    entity: str
    what: str
