"""JSON and YAML texts to Kubernetes objects: Lists, single objects, arrays, several documents in one text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .limits import Limits

_PLURALS = {
    "Endpoints": "endpoints",
    "NetworkPolicy": "networkpolicies",
    "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
    "StorageClass": "storageclasses",
    "PriorityClass": "priorityclasses",
    "PodMetrics": "podmetrics",
    "NodeMetrics": "nodemetrics",
}
_LONGEST_INTEGER = 18
_MOST_ALIASES = 100


class UnreadableError(ValueError):
    """The text is neither JSON nor YAML that can be read."""


@dataclass(slots=True)
class Objects:
    """What a text held: objects by plural resource name, and what was wrong with it."""

    by_resource: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    incomplete: bool = False

    def add(self, value: Any, stem: str) -> None:
        """Sort a document into its resources."""
        if isinstance(value, list):
            self._add_items(value, "", stem)
        elif isinstance(value, Mapping) and isinstance(value.get("kind"), str):
            kind = str(value["kind"])
            items = value.get("items")
            if kind.endswith("List") and isinstance(items, list):
                self._add_items(items, kind.removesuffix("List"), stem)
            else:
                self._add_items([value], kind, stem)
        else:
            self.problems.append("a document without kind was left out")

    def _add_items(self, items: list[Any], kind: str, stem: str) -> None:
        if not items:
            self.by_resource.setdefault(plural(kind) if kind else stem, [])
        for item in items:
            if not isinstance(item, Mapping) or not isinstance(item.get("metadata"), Mapping):
                self.problems.append("an item that is no object was left out")
                self.incomplete = True
                continue
            own = item.get("kind")
            named = own if isinstance(own, str) else kind
            entry = item if isinstance(own, str) or not kind else {**item, "kind": kind}
            self.by_resource.setdefault(plural(named) if named else stem, []).append(entry)


def plural(kind: str) -> str:
    """Return the plural resource name of a kind."""
    return _PLURALS.get(kind, kind.lower() + "s")


def read_objects(text: str, stem: str, limits: Limits) -> Objects:
    """Read one text.

    Args:
        text: JSON (one or several documents) or YAML.
        stem: file name without ending; names the resource of an empty List.
        limits: bound of the nesting.

    Raises:
        UnreadableError: with one line that says why.
    """
    found = Objects()
    start = text.lstrip("\ufeff \t\r\n")
    values = _json_values(start, found, limits) if start[:1] in {"{", "["} else _yaml_values(start, limits)
    for value in values:
        if value is not None:
            found.add(value, stem)
    if not found.by_resource:
        raise UnreadableError(found.problems[0] if found.problems else "it holds no Kubernetes object")
    return found


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _json_values(text: str, found: Objects, limits: Limits) -> Iterator[Any]:
    if _too_deep(text, limits.max_depth):
        raise UnreadableError(f"it is nested deeper than {limits.max_depth} levels (--max-depth)")
    decoder = json.JSONDecoder(parse_int=_integer, parse_constant=lambda _name: None)
    position = 0
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            found.incomplete = True
            found.problems.append(f"the JSON is cut or damaged at character {getattr(error, 'pos', position)}")
            yield from _salvaged(text[position:], decoder)
            return
        yield value
        position = _next_value(text, position)


def _next_value(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


def _salvaged(text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    """Yield the whole items of a List that was cut."""
    opening = re.search(r'"items"\s*:\s*\[', text)
    position = opening.end() if opening else len(text)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, _next_value(text, position))
        except ValueError:
            return
        yield value


def _too_deep(text: str, limit: int) -> bool:
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > limit:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def _yaml_values(text: str, limits: Limits) -> list[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = aliases = 0
    try:
        for event in YAML(typ="safe").parse(text):
            depth += isinstance(event, CollectionStartEvent)
            depth -= isinstance(event, CollectionEndEvent)
            aliases += isinstance(event, AliasEvent)
            if depth > limits.max_depth:
                raise UnreadableError(f"it is nested deeper than {limits.max_depth} levels (--max-depth)")
            if aliases > _MOST_ALIASES:
                raise UnreadableError(f"it has more than {_MOST_ALIASES} YAML aliases")
        return list(YAML(typ="safe").load_all(text))
    except YAMLError as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UnreadableError(f"it is neither JSON nor YAML: {first}") from error
