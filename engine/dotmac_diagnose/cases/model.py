"""What a case file holds. Cases are written by a person, from how the system behaves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CausePlace = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*(@.+)?$")]
"""``area.name``, or ``area.name@type/name`` for one entity."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseFact(_Strict):
    """One fact: its entity, its kind and the values that matter."""

    entity: str
    kind: str
    values: dict[str, Any] = Field(default_factory=dict)
    status: Literal["ok", "empty", "denied", "unreachable", "unsupported", "timeout"] = "ok"


class CaseLog(_Strict):
    """The log of one container, with leading RFC 3339 time stamps as kubectl prints them."""

    pod: str = Field(pattern=r"^[^/]+/[^/]+$", description="namespace/name")
    container: str
    text: str
    previous: bool = False


class Expectation(_Strict):
    """What must hold. Only what is given is checked.

    ``reported`` is the whole set of reported causes, in any order; ``below`` gives the confidence
    that a cause must not reach.
    """

    first: CausePlace | None = None
    reported: list[CausePlace] | None = None
    at_least: float | None = Field(default=None, description="least confidence of the first cause")
    below: dict[CausePlace, float] = Field(default_factory=dict)
    not_reported: list[CausePlace] = Field(default_factory=list)
    present: list[str] = Field(default_factory=list, description="finding@entity")
    absent: list[str] = Field(default_factory=list, description="finding@entity")
    unknown: list[str] = Field(default_factory=list, description="finding@entity")


class Case(_Strict):
    """One case of one cause.

    ``is``: ``fires`` (it is reported first), ``quiet`` (it is not reported, and the evidence says so) or
    ``undecided`` (not reported, for want of evidence).
    """

    about: CausePlace
    is_: Literal["fires", "quiet", "undecided"] = Field(alias="is")
    read: list[str] = Field(default_factory=list, description="lists that were read whole, plural names")
    facts: list[CaseFact] = Field(default_factory=list)
    relations: list[tuple[str, str, str]] = Field(default_factory=list, description="[relation, source, target]")
    objects: list[dict[str, Any]] = Field(default_factory=list, description="Kubernetes objects as kubectl prints them")
    logs: list[CaseLog] = Field(default_factory=list)
    expect: Expectation = Expectation()
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
