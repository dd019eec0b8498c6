"""YAML as a tree of values with places, read safely.

Only plain data is accepted: one document, no tags, no merge keys, few aliases, little depth.
Plain scalars follow the core schema of YAML 1.2: ``on``, ``yes`` and ``12:30`` are texts.

Events come from ruamel.yaml. Where PyYAML with libyaml is installed (the Kubernetes client
brings it), its event stream is used instead, because it is fifteen times as fast; whatever it
refuses is read again by ruamel.yaml, whose word on syntax and whose message is final.
"""

from __future__ import annotations

import importlib
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 24
MAX_NODES = 200_000
MAX_ALIASES = 100
MAX_EXPANDED_NODES = 400_000
MAX_NUMBER_LENGTH = 30

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a mapping: where its key stands and what its value is."""

    line: int
    column: int
    node: Node


@dataclass(slots=True)
class Node:
    """One value with its place; lines and columns start at 1.

    Args:
        line: line of the first character.
        column: column of the first character.
        value: a scalar, the items of a mapping by key, or the nodes of a sequence.
        size: number of nodes below and including this one, aliases expanded.
        height: number of levels below and including this one, aliases expanded.
    """

    line: int
    column: int
    value: Scalar | dict[str, Item] | list[Node]
    size: int = 1
    height: int = 1

    def data(self) -> Any:
        """Return the value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.node.data() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """Return the value under a key or index, or None."""
        if isinstance(self.value, dict):
            item = self.value.get(str(step))
            return item.node if item else None
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of the value under a path, or of the nearest value above it.

        Args:
            path: keys and indexes.
            key: take the place of the last key instead of its value.
        """
        node = self
        place = (node.line, node.column)
        for index, step in enumerate(path):
            item = node.value.get(str(step)) if isinstance(node.value, dict) else None
            below = node.child(step)
            if below is None:
                break
            node = below
            at_key = item is not None and (key and index == len(path) - 1)
            place = (item.line, item.column) if item is not None and at_key else (node.line, node.column)
        return place


def parse_yaml(data: bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """Parse one YAML file.

    Args:
        data: bytes of the file.
        file: name for messages.

    Returns:
        The root (None for an empty or unusable file) and all problems. A breach of a limit or of the
        syntax ends the file; duplicate keys, tags and bad numbers are collected.
    """
    if len(data) > MAX_FILE_BYTES:
        return None, [Problem("KB001", f"the file has more than {MAX_FILE_BYTES // 1024**2} MiB", file, 1, 1)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return None, [Problem("KB001", "the file is not UTF-8 here", file, line, column)]
    fast = _libyaml_events(text)
    if fast is not None:
        builder = _Builder(file)
        try:
            return builder.build(fast), builder.problems
        except _Stop as stop:
            return None, [*builder.problems, stop.problem]
        except _libyaml_error():
            pass  # ruamel.yaml below decides whether and where the syntax is wrong
    builder = _Builder(file)
    try:
        return builder.build(_ruamel_events(text)), builder.problems
    except _Stop as stop:
        return None, [*builder.problems, stop.problem]
    except _ruamel_error() as error:
        return None, [*builder.problems, _syntax_problem(error, file)]


def _ruamel_events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML

    events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
    return events


def _ruamel_error() -> type[Exception]:
    from ruamel.yaml.error import YAMLError

    return YAMLError


def _libyaml_events(text: str) -> Iterator[Any] | None:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        return None
    if not getattr(yaml, "__with_libyaml__", False):
        return None
    events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
    return events


def _libyaml_error() -> type[Exception]:
    error: type[Exception] = importlib.import_module("yaml").YAMLError
    return error


def _syntax_problem(error: Exception, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or "the text holds a character that YAML does not allow"
    context = getattr(error, "context", None)
    message = f"YAML syntax: {context + ', ' if context else ''}{what}"
    line = mark.line + 1 if mark is not None else 1
    column = mark.column + 1 if mark is not None else 1
    return Problem("KB002", " ".join(message.split()), file, line, column)


class _Stop(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is still being read."""

    node: Node
    anchor: str | None
    key: tuple[str, int, int] | None = None


@dataclass(slots=True)
class _Builder:
    """Turns events into nodes without recursion, so that depth cannot exhaust the stack."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Node] = field(default_factory=dict)
    _root: Node | None = None
    _documents: int = 0
    _nodes: int = 0
    _aliases: int = 0

    def build(self, events: Iterable[Any]) -> Node | None:
        for event in events:
            name = type(event).__name__
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if name == "ScalarEvent":
                self._scalar(event, line, column)
            elif name in ("MappingStartEvent", "SequenceStartEvent"):
                self._start(event, name == "MappingStartEvent", line, column)
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                self._end()
            elif name == "AliasEvent":
                self._alias(event, line, column)
            elif name == "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise _Stop(self._problem("KB004", "a second YAML document starts; use one per file", line, column))
        return self._root

    def _problem(self, code: str, message: str, line: int, column: int) -> Problem:
        return Problem(code, message, self.file, line, column)

    def _count(self, line: int, column: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Stop(self._problem("KB004", f"the file has more than {MAX_NODES} values", line, column))

    def _check_tag(self, event: Any, line: int, column: int) -> None:
        if event.tag is not None and event.tag != "!":
            self.problems.append(self._problem("KB004", "tags (!...) are not allowed", line, column))

    def _scalar(self, event: Any, line: int, column: int) -> None:
        self._count(line, column)
        self._check_tag(event, line, column)
        text = self._whole_characters(event.value, line, column)
        plain = not event.style and event.tag is None
        frame = self._open[-1] if self._open else None
        if frame is not None and isinstance(frame.node.value, dict) and frame.key is None:
            self._take_key(frame, text, plain=plain, line=line, column=column)
            return
        value = self._resolve(text, line, column) if plain else text
        self._put(Node(line, column, value), event.anchor)

    def _whole_characters(self, text: str, line: int, column: int) -> str:
        r"""Join surrogate halves, as JSON writes them (``\ud83d\ude00``); a lone half is no text."""
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return text
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self.problems.append(self._problem("KB004", "the text holds half a character (a surrogate)", line, column))
            return ""

    def _take_key(self, frame: _Open, text: str, *, plain: bool, line: int, column: int) -> None:
        if plain and not isinstance(self._resolve(text, line, column), str):
            self.problems.append(self._problem("KB004", f"the key {text[:40]!r} must be a text", line, column))
        frame.key = (text, line, column)

    def _resolve(self, text: str, line: int, column: int) -> Scalar:
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        first = text[0]
        if first not in "+-.0123456789":
            return text
        number = _INT.fullmatch(text) or _FLOAT.fullmatch(text)
        if not number and not _SPECIAL_FLOAT.fullmatch(text):
            return text
        value = _number(text) if number and len(text) <= MAX_NUMBER_LENGTH else None
        if value is None:
            message = f"the number {text[:MAX_NUMBER_LENGTH]} is too long or not finite; quote it if it is a text"
            self.problems.append(self._problem("KB004", message, line, column))
            return 0
        return value

    def _start(self, event: Any, is_mapping: bool, line: int, column: int) -> None:  # noqa: FBT001
        self._count(line, column)
        self._check_tag(event, line, column)
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(self._problem("KB004", f"nested deeper than {MAX_DEPTH} levels", line, column))
        self._refuse_as_key(line, column)
        self._open.append(_Open(Node(line, column, {} if is_mapping else []), event.anchor))

    def _refuse_as_key(self, line: int, column: int) -> None:
        frame = self._open[-1] if self._open else None
        if frame is not None and isinstance(frame.node.value, dict) and frame.key is None:
            raise _Stop(self._problem("KB004", "a key must be a text", line, column))

    def _end(self) -> None:
        frame = self._open.pop()
        self._put(frame.node, frame.anchor)

    def _alias(self, event: Any, line: int, column: int) -> None:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _Stop(self._problem("KB004", f"the file has more than {MAX_ALIASES} aliases", line, column))
        self._refuse_as_key(line, column)
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _Stop(self._problem("KB004", f"*{event.anchor[:40]} names no complete anchor above it", line, column))
        self._put(Node(line, column, target.value, target.size, target.height), None)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        frame = self._open[-1]
        frame.node.size += node.size
        frame.node.height = max(frame.node.height, node.height + 1)
        if len(self._open) + node.height > MAX_DEPTH + 1:
            raise _Stop(self._problem("KB004", f"nested deeper than {MAX_DEPTH} levels", node.line, node.column))
        if frame.node.size > MAX_EXPANDED_NODES:
            raise _Stop(self._problem("KB004", "aliases expand to too many values", node.line, node.column))
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
        elif isinstance(frame.node.value, dict) and frame.key is not None:
            key, line, column = frame.key
            frame.key = None
            if key in frame.node.value:
                first = frame.node.value[key]
                message = f"the key {key[:100]!r} stands twice; first in line {first.line}"
                self.problems.append(self._problem("KB003", message, line, column))
            else:
                frame.node.value[key] = Item(line, column, node)


def _number(text: str) -> int | float | None:
    """Return the number that a plain scalar of number form stands for, None when it is not finite."""
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    value = float(text)
    return value if math.isfinite(value) else None
