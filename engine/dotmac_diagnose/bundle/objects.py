"""JSON and YAML texts to Kubernetes objects: Lists, single objects, arrays, several documents in one file."""

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
    "APIService": "apiservices",
    "PodMetrics": "podmetrics",
    "NodeMetrics": "nodemetrics",
}
_MAX_INTEGER_DIGITS = 18


class Unreadable(ValueError):
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
        elif isinstance(value, Mapping):
            kind = value.get("kind")
            if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
                self._add_items(value["items"], kind.removesuffix("List"), stem)
            elif isinstance(kind, str):
                self._add_items([value], kind, stem)
            else:
                self.problems.append("a document without kind was left out")
        else:
            self.problems.append("a document that is no object was left out")

    def _add_items(self, items: list[Any], kind: str, stem: str) -> None:
        if not items:
            self.by_resource.setdefault(plural(kind) if kind else stem, [])
        for item in items:
            if not isinstance(item, Mapping) or not isinstance(item.get("metadata"), Mapping):
                self.problems.append("an item that is no object was left out")
                self.incomplete = True
                continue
            own = item.get("kind")
            name = plural(own if isinstance(own, str) else kind) if own or kind else stem
            entry = item if isinstance(own, str) or not kind else {**item, "kind": kind}
            self.by_resource.setdefault(name, []).append(entry)


def plural(kind: str) -> str:
    """Return the plural resource name of a kind."""
    return _PLURALS.get(kind, kind.lower() + ("" if kind.endswith("s") else "s"))


def read_objects(text: str, stem: str, limits: Limits) -> Objects:
    """Read one text.

    Args:
        text: JSON (one or several documents) or YAML.
        stem: file name without ending; names the resource of an empty List.
        limits: bounds of nesting and aliases.

    Raises:
        Unreadable: with one line that says why.
    """
    found = Objects()
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in {"{", "["}:
        for value in _json_values(start, found, limits):
            found.add(value, stem)
    else:
        for value in _yaml_values(start, limits):
            if value is not None:
                found.add(value, stem)
    if not found.by_resource:
        raise Unreadable(found.problems[0] if found.problems else "it holds no Kubernetes object")
    return found


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else digits


def _json_values(text: str, found: Objects, limits: Limits) -> Iterator[Any]:
    if _too_deep(text, limits.max_depth):
        raise Unreadable(f"it is nested deeper than {limits.max_depth} levels (--max-depth)")
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
        except RecursionError as error:
            raise Unreadable("it is nested too deep") from error
        yield value
        position = _next_value(text, position)


def _next_value(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


def _salvaged(text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    opening = re.search(r'"items"\s*:\s*\[', text)
    position = opening.end() if opening else 0
    while opening and position < len(text):
        position = _next_value(text, position)
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            return
        if isinstance(value, Mapping):
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

    reader = YAML(typ="safe", pure=True)
    depth = aliases = 0
    try:
        for event in reader.parse(text):
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            elif isinstance(event, AliasEvent):
                aliases += 1
            if depth > limits.max_depth:
                raise Unreadable(f"it is nested deeper than {limits.max_depth} levels (--max-depth)")
            if aliases > limits.max_aliases:
                raise Unreadable(f"it has more than {limits.max_aliases} YAML aliases")
        return list(YAML(typ="safe").load_all(text))
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unreadable(f"it is neither JSON nor YAML: {first}") from error
