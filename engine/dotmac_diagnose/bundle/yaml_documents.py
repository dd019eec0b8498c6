"""YAML as kubectl writes it: plain, without tags of its own, in one or several documents.

The values are built from the events of libyaml (the pure Python parser of PyYAML serves
where libyaml is missing), so that depth and aliases are bounded while reading. Scalars
follow the JSON schema of YAML 1.2: what looks like a date stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import InputError

from .json_documents import safe_integer, safe_number
from .limits import Limits, exceeded
from .parsed import Parsed, without_collection

if TYPE_CHECKING:
    import yaml

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_KUBERNETES = re.compile(r"^(?:---[ \t]*)?(?:-[ \t]+)?[\"']?(?:apiVersion|kind|items)[\"']?[ \t]*:", re.MULTILINE)


def looks_like_yaml(text: str) -> bool:
    """Tell whether a text has lines that Kubernetes objects have in YAML."""
    return _KUBERNETES.search(text) is not None


def parse_yaml(text: str, limits: Limits) -> Parsed:
    """Parse all YAML documents of a text.

    Returns:
        The documents. Of a list that breaks off, the items before the break.

    Raises:
        InputError: a tag, a recursive alias, or another thing that kubectl never writes.
        LimitExceeded: depth, number of aliases, or what they stand for.
    """
    import yaml

    builder = _Builder(limits)
    with without_collection():
        try:
            for event in _events(text):
                builder.take(event)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
            builder.save(f"not valid YAML{place}")
    return builder.parsed


def _events(text: str) -> Iterator[yaml.Event]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
    return events


@dataclass(slots=True)
class _Open:
    """A container that is being read."""

    value: Any
    anchor: str | None
    nodes: int = 1
    height: int = 1
    key: str | None = None
    has_key: bool = False


@dataclass(slots=True)
class _Builder:
    limits: Limits
    parsed: Parsed = field(default_factory=Parsed)
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Any, int, int]] = field(default_factory=dict)
    _aliases: int = 0
    _alias_nodes: int = 0

    def take(self, event: yaml.Event) -> None:
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event), event.anchor, 1, 0)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _check_tag(event.tag)
            self._check_depth(1)
            self._stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self._stack.pop()
            self._add(done.value, done.anchor, done.nodes, done.height)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor or "")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def _alias(self, name: str) -> None:
        if name not in self._anchors:
            raise InputError("an alias without an anchor, or one that holds itself", hint="kubectl writes none.")
        value, nodes, height = self._anchors[name]
        self._aliases += 1
        self._alias_nodes += nodes
        if self._aliases > self.limits.max_yaml_aliases:
            raise exceeded(f"more than {self.limits.max_yaml_aliases:,} YAML aliases", "max_yaml_aliases")
        if self._alias_nodes > self.limits.max_yaml_nodes:
            what = f"the YAML aliases stand for more than {self.limits.max_yaml_nodes:,} nodes"
            raise exceeded(what, "max_yaml_nodes")
        self._check_depth(height)
        self._add(value, None, nodes, height)

    def _check_depth(self, height: int) -> None:
        if len(self._stack) + height > self.limits.max_depth:
            raise exceeded(f"nested deeper than {self.limits.max_depth} levels", "max_depth")

    def _add(self, value: Any, anchor: str | None, nodes: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, nodes, height)
        if not self._stack:
            self.parsed.values.append(value)
            return
        parent = self._stack[-1]
        parent.nodes += nodes
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.has_key:
            parent.value[parent.key] = value
            parent.has_key = False
        else:
            parent.key, parent.has_key = _key(value), True

    def save(self, problem: str) -> None:
        """Take the whole items of a list that was being read when the text broke off."""
        if len(self._stack) > 1 and isinstance(self._stack[0].value, dict) and self._stack[0].key == "items":
            root, items = self._stack[0].value, self._stack[1].value
            if isinstance(items, list) and items:
                saved = {**root, "items": items}
                self.parsed.add_partial(saved, f"{problem}; {len(items)} items before it were kept")
                return
        self.parsed.problems.append(problem)


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)
    raise InputError("a YAML key that is a list or an object", hint="kubectl writes none.")


def _check_tag(tag: str | None) -> None:
    if tag is not None and tag not in _CORE_TAGS and tag != "!":
        raise InputError("a YAML tag", hint="kubectl writes none.")


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    _check_tag(event.tag)
    if event.tag is not None or event.style:
        return text
    resolve = _RESOLVERS.get(text[:1])
    return resolve(text) if resolve is not None else text


def _word(text: str) -> Any:
    return _WORDS.get(text, text)


def _numeral(text: str) -> Any:
    if _INTEGER.fullmatch(text) is not None:
        return safe_integer(text)
    return safe_number(text) if _FLOAT.fullmatch(text) is not None else text


_RESOLVERS: dict[str, Callable[[str], Any]] = {
    "": _word,
    **dict.fromkeys("~nNtTfF", _word),
    **dict.fromkeys("-+.0123456789", _numeral),
}
