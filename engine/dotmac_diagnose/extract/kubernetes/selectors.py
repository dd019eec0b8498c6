"""Label selectors, and an index that finds what they select without looking at everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from .json_access import Json, label_map, mapping, mappings, text, texts

Subject = TypeVar("Subject")


class LabelIndex(Generic[Subject]):
    """Subjects of each namespace by label.

    Args:
        subjects: namespace, labels and subject, in the order in which they are to be returned.
    """

    def __init__(self, subjects: Iterable[tuple[str, Mapping[str, str], Subject]]) -> None:
        self._all: dict[str, list[tuple[Mapping[str, str], Subject]]] = defaultdict(list)
        self._by_label: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for namespace, labels, subject in subjects:
            position = len(self._all[namespace])
            self._all[namespace].append((labels, subject))
            for key, value in labels.items():
                self._by_label[namespace, key, value].append(position)

    def equal(self, namespace: str, selector: Mapping[str, str]) -> list[Subject]:
        """Return the subjects that carry all labels of a Service selector; an empty selector selects nothing."""
        if not selector:
            return []
        members = self._all.get(namespace, [])
        rarest = min((self._by_label.get((namespace, key, value), []) for key, value in selector.items()), key=len)
        wanted = selector.items()
        return [members[place][1] for place in rarest if wanted <= members[place][0].items()]

    def select(self, namespace: str, selector: Json) -> list[Subject]:
        """Return the subjects that a ``LabelSelector`` selects; an empty one selects all of the namespace."""
        labels = label_map(selector.get("matchLabels"))
        if labels and not selector.get("matchExpressions"):
            return self.equal(namespace, labels)
        return [subject for carried, subject in self._all.get(namespace, []) if selects(selector, carried)]

    def of(self, namespace: str) -> Sequence[tuple[Mapping[str, str], Subject]]:
        """Return labels and subjects of a namespace."""
        return self._all.get(namespace, [])


def selects(selector: object, labels: Mapping[str, str]) -> bool:
    """Tell whether a ``LabelSelector`` selects labels.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
    """
    rules = mapping(selector)
    if not label_map(rules.get("matchLabels")).items() <= labels.items():
        return False
    return all(_expression(rule, labels) for rule in mappings(rules.get("matchExpressions")))


def _expression(rule: Json, labels: Mapping[str, str]) -> bool:
    key, operator = text(rule.get("key")) or "", rule.get("operator")
    values = texts(rule.get("values"))
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels


def written(selector: Mapping[str, str]) -> str | None:
    """Return a Service selector as ``k=v,k=v``; None when there is none."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items())) or None
