"""Redaction of documents, before anything else sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dotmac_diagnose.errors import LimitExceeded
from dotmac_diagnose.extract.document import (
    Document,
    KubernetesList,
    KubernetesStatus,
    PodLog,
    ServerAnswer,
    ServerVersion,
)
from dotmac_diagnose.facts import entity_name

from .answers import fields_of, with_fields
from .known import KnownSecrets
from .ledger import Ledger
from .objects import ObjectRedactor
from .text import TextRedactor


@dataclass(frozen=True, slots=True)
class Redacted:
    """Documents without secrets.

    Args:
        documents: in the order in which they came.
        counts: number of distinct texts that each rule changed, by rule.
    """

    documents: tuple[Document, ...]
    counts: Mapping[str, int]


def redact(documents: Iterable[Document], secrets: Iterable[str] = ()) -> Redacted:
    """Redact documents: first each by itself, then all for the values that were found.

    Args:
        documents: raw; they are not modified.
        secrets: values that are known beforehand, for example passwords of the targets.

    Raises:
        LimitExceeded: an object nests too deep to be walked.
    """
    ledger = Ledger()
    for secret in secrets:
        ledger.remember(secret)
    first = [_redact_one(document, ledger) for document in documents]
    known = KnownSecrets(ledger.known - _names_in(item.document for item in first))
    if not known:
        return Redacted(tuple(item.document for item in first), dict(sorted(ledger.counts.items())))
    second = tuple(_replace_known(item, known, ledger.counts) for item in first)
    return Redacted(second, {rule: count for rule, count in sorted(ledger.counts.items()) if count})


@dataclass(frozen=True, slots=True)
class _First:
    """A document after the first pass.

    Args:
        document: without the secrets that its own fields and shapes show.
        texts: its texts that stayed as they were; none for logs, which are texts themselves.
        changed: its objects that are not as they were.
    """

    document: Document
    texts: set[str] = field(default_factory=set)
    changed: Sequence[Any] = ()


def _redact_one(document: Document, ledger: Ledger) -> _First:
    text = TextRedactor(ledger)
    if isinstance(document, PodLog):
        return _First(replace(document, text=text.redact(document.text)))
    if isinstance(document, KubernetesStatus):
        return _First(replace(document, reason=text.redact(document.reason)))
    walker = ObjectRedactor(ledger)
    try:
        if isinstance(document, KubernetesList):
            before = list(with_kind(document))
            items = [walker.redact(item) for item in before]
            changed = [new for new, old in zip(items, before, strict=True) if new is not old]
            return _First(replace(document, items=items), walker.texts, changed)
        if isinstance(document, ServerAnswer):
            fields = walker.redact(fields_of(document, text))
            return _First(with_fields(document, fields), walker.texts, [fields])
        data = walker.redact(document.data)
        return _First(replace(document, data=data), walker.texts, [data])
    except RecursionError as error:
        raise LimitExceeded("an object nests too deep", where=document.source, limit="max-depth") from error


def with_kind(document: KubernetesList) -> Iterable[Mapping[str, Any]]:
    """Yield the items of a list; those of Secrets and ConfigMaps with their kind, which typed lists leave out."""
    kind = {"secrets": "Secret", "configmaps": "ConfigMap"}.get(document.list_of)
    for item in document.items:
        yield item if kind is None or item.get("kind") == kind else {**item, "kind": kind}


def _names_in(documents: Iterable[Document]) -> set[str]:
    """Return the names of objects, namespaces, containers and labels: to hide them would hide the incident."""
    names: set[str] = set()
    for document in documents:
        if isinstance(document, PodLog):
            names |= {document.namespace, document.pod, document.container}
        elif isinstance(document, ServerAnswer):
            names |= {entity_name(document.server), *entity_name(document.server).split(":")}
        elif isinstance(document, KubernetesList):
            for item in document.items:
                names |= _names_of(item)
    return names


def _names_of(item: Mapping[str, Any]) -> set[str]:
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping):
        return set()
    labels = metadata.get("labels")
    found = [metadata.get("name"), metadata.get("namespace")]
    found += labels.values() if isinstance(labels, Mapping) else []
    return {name for name in found if isinstance(name, str)}


def _replace_known(first: _First, known: KnownSecrets, counts: Counter[str]) -> Document:
    document = first.document
    if isinstance(document, PodLog):
        text, found = known.replace(document.text)
        counts["known_value"] += found
        return replace(document, text=text) if found else document
    if isinstance(document, KubernetesStatus):
        return replace(document, reason=known.replace(document.reason)[0])
    changes = _changes(first, known)
    if not changes:
        return document
    counts["known_value"] += len(changes)
    if isinstance(document, KubernetesList):
        return replace(document, items=[_substituted(item, changes) for item in document.items])
    if isinstance(document, ServerAnswer):
        return with_fields(document, _substituted(first.changed[0], changes))
    if isinstance(document, ServerVersion):
        return replace(document, data=_substituted(document.data, changes))
    return replace(document, data=_substituted(document.data, changes))


def _changes(first: _First, known: KnownSecrets) -> dict[str, str]:
    """Return the texts that hold a known value, with what they become."""
    everything = first.texts | _texts_outside(first.changed, first.texts)
    if not known.spans("\n".join(everything).encode("utf-8", "replace")):
        return {}
    changes = {}
    for text in everything:
        new, found = known.replace(text)
        if found:
            changes[text] = new
    return changes


def _texts_outside(values: Sequence[Any], texts: set[str]) -> set[str]:
    """Return the texts that are not among the unchanged ones: what redaction wrote."""
    found: set[str] = set()
    waiting: list[Any] = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value not in texts:
                found.add(value)
        elif isinstance(value, dict):
            found.update(key for key in value if key not in texts)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def _substituted(value: Any, changes: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return changes.get(value, value)
    if isinstance(value, dict):
        return {changes.get(key, key): _substituted(item, changes) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, changes) for item in value]
    return value
