"""What importers have found so far, and how it becomes documents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dotmac_diagnose.bundle.members import member_outcome
from dotmac_diagnose.extract.document import Document, KubernetesList, PodLog
from dotmac_diagnose.facts import Outcome, OutcomeStatus

from .kinds import CLUSTER_WIDE

Object = Mapping[str, Any]
_MOST_SOURCES = 3
_LONGEST_VERSION = 18


@dataclass(frozen=True, slots=True)
class FoundList:
    """Objects of one resource in one member.

    Args:
        resource: plural name.
        items: the objects.
        member: where it was found.
        group: members of one group were captured with one command line (all namespaces or one).
        namespace: the namespace that the place names; None when the place names none.
        complete: False for single objects and for lists that break off.
    """

    resource: str
    items: Sequence[Object]
    member: str
    group: str = ""
    namespace: str | None = None
    complete: bool = True


@dataclass(slots=True)
class Gathering:
    """Collects lists, other documents and outcomes of all inputs of an incident."""

    lists: list[FoundList] = field(default_factory=list)
    others: list[Document] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def note(self, member: str, status: OutcomeStatus, reason: str) -> None:
        """Note what became of a member."""
        self.outcomes.append(member_outcome(member, status, reason))

    @property
    def is_empty(self) -> bool:
        """Nothing was found that can be diagnosed."""
        return not self.lists and not self.others

    def documents(self) -> list[Document]:
        """Return all documents: lists merged per resource and namespace, logs once each, in a fixed order."""
        return [*_merged_lists(self.lists), *_unique(self.others)]


def namespace_of(item: Object) -> str | None:
    """Return ``metadata.namespace``, None when there is none."""
    metadata = item.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return namespace if isinstance(namespace, str) and namespace else None


def _merged_lists(lists: Sequence[FoundList]) -> Iterable[KubernetesList]:
    by_resource: dict[str, list[FoundList]] = defaultdict(list)
    scopes = _scopes(lists)
    for found in lists:
        by_resource[found.resource].append(found)
    for resource in sorted(by_resource):
        yield from _merged(resource, by_resource[resource], scopes)


@dataclass(frozen=True, slots=True)
class _Group:
    """Namespaces that the lists of one group name."""

    spans: bool
    only: str | None


def _scopes(lists: Iterable[FoundList]) -> dict[str, _Group]:
    seen: dict[str, list[set[str]]] = defaultdict(list)
    by_member: dict[tuple[str, str], set[str]] = defaultdict(set)
    for found in lists:
        names = {name for name in map(namespace_of, found.items) if name is not None}
        by_member[found.group, found.member] |= names
    for (group, _), names in by_member.items():
        seen[group].append(names)
    scopes: dict[str, _Group] = {}
    for group, members in seen.items():
        everything = set().union(*members)
        only = next(iter(everything)) if len(everything) == 1 else None
        scopes[group] = _Group(spans=any(len(names) > 1 for names in members), only=only)
    return scopes


def _merged(resource: str, lists: Sequence[FoundList], scopes: Mapping[str, _Group]) -> Iterable[KubernetesList]:
    items = _unique_items(found.items for found in lists)
    covered: dict[str | None, bool] = {}
    for found in lists:
        scope, known = _scope_of(found, scopes[found.group])
        covered[scope] = covered.get(scope, False) or (found.complete and known)
    sources = _sources(found.member for found in lists)
    if None in covered:
        yield KubernetesList(resource, items, None, covered[None], sources)
        whole = sorted(name for name, complete in covered.items() if name is not None and complete)
        for scope in whole if not covered[None] else ():
            inside = [item for item in items if namespace_of(item) == scope]
            yield KubernetesList(resource, inside, scope, complete=True, source=sources)
        return
    for namespace in sorted(name for name in {*covered, *map(namespace_of, items)} if name is not None):
        inside = [item for item in items if namespace_of(item) in (namespace, None)]
        yield KubernetesList(resource, inside, namespace, covered.get(namespace, False), sources)


def _scope_of(found: FoundList, group: _Group) -> tuple[str | None, bool]:
    """Return the namespace that a list covers (None: all), and whether that is sure."""
    if found.resource in CLUSTER_WIDE:
        return None, True
    if found.namespace is not None:
        return found.namespace, True
    names = {namespace_of(item) for item in found.items}
    if group.spans or (found.items and names == {None}):
        return None, True
    named = names - {None}
    if len(named) == 1:
        return named.pop(), True
    return (group.only, True) if group.only is not None else (None, False)


def _unique_items(groups: Iterable[Sequence[Object]]) -> list[Object]:
    """Return each object once, its latest version, sorted by namespace and name."""
    found: dict[tuple[str, str], Object] = {}
    nameless: dict[str, Object] = {}
    for items in groups:
        for item in items:
            key = _key(item)
            if key is None:
                nameless[_canonical(item)] = item
                continue
            former = found.get(key)
            if former is None or (former is not item and former != item and _later(item, former)):
                found[key] = item
    return [*(found[key] for key in sorted(found)), *(nameless[key] for key in sorted(nameless))]


def _key(item: Object) -> tuple[str, str] | None:
    metadata = item.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return (namespace_of(item) or "", name) if isinstance(name, str) and name else None


def _later(item: Object, former: Object) -> bool:
    versions = _version(item), _version(former)
    return versions[0] > versions[1] if versions[0] != versions[1] else _canonical(item) > _canonical(former)


def _version(item: Object) -> int:
    version = item["metadata"].get("resourceVersion")
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) <= _LONGEST_VERSION:
        return int(version)
    return -1


def _canonical(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _sources(members: Iterable[str]) -> str:
    names = sorted(set(members))
    if len(names) <= _MOST_SOURCES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_SOURCES])} and {len(names) - _MOST_SOURCES} more"


def _unique(documents: Iterable[Document]) -> list[Document]:
    """Return other documents sorted; of two logs of one container the longer one."""
    logs: dict[tuple[str, str, str, bool], PodLog] = {}
    others: dict[str, Document] = {}
    for document in documents:
        if not isinstance(document, PodLog):
            others.setdefault(f"{type(document).__name__} {document!r}", document)
            continue
        key = (document.namespace, document.pod, document.container, document.previous)
        former = logs.get(key)
        if former is None or (len(document.text), document.text) > (len(former.text), former.text):
            logs[key] = document
    return [*(logs[key] for key in sorted(logs)), *(others[key] for key in sorted(others))]
