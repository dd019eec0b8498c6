"""From parsed entries to models: every wrong, unknown or missing key as a problem with its place."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from .model import (
    AbsentRule,
    Cause,
    Edge,
    FactPattern,
    Finding,
    FindingPattern,
    Fix,
    JoinRule,
    RelationPattern,
    State,
    Step,
    Test,
)
from .suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotmac_diagnose.errors import Problem

    from .sources import Sources
    from .yaml_tree import Node, Path

ModelType = TypeVar("ModelType", bound=BaseModel)

_PATTERNS: Mapping[str, type[BaseModel]] = {
    "JoinRule": JoinRule,
    "FindingPattern": FindingPattern,
    "RelationPattern": RelationPattern,
    "FactPattern": FactPattern,
}
_MARKS = {"all": "JoinRule", "finding": "FindingPattern", "relation": "RelationPattern", "fact": "FactPattern"}
"""The key that tells which of several shapes the writer meant."""

_UNION_MEMBERS = frozenset({*_PATTERNS, "Test", "str", "int", "float", "bool"})
_MODELS_BELOW: Mapping[tuple[type[BaseModel], str], type[BaseModel]] = {
    (Cause, "leads_to"): Edge,
    (State, "leads_to"): Edge,
    (Finding, "absent"): AbsentRule,
    (Fix, "steps"): Step,
    (AbsentRule, "attempted"): FactPattern,
    (FactPattern, "where"): Test,
}


def validate_section(sources: Sources, section: str, model: type[ModelType]) -> dict[str, ModelType]:
    """Turn the entries of a section into models.

    Args:
        sources: parsed files; problems are added to it.
        section: name of the section.
        model: model of one entry.

    Returns:
        The valid entries by id, sorted.
    """
    valid: dict[str, ModelType] = {}
    for entry_id, entry in sorted(sources.entries(section).items()):
        checked = _validate(sources, section, entry_id, entry.item.node, model)
        if checked is not None:
            valid[entry_id] = checked
    return valid


def validate_whole(sources: Sources, section: str, model: type[ModelType]) -> ModelType | None:
    """Turn a section whose keys are the fields of one model (the scale) into that model."""
    entries = sources.entries(section)
    if not entries:
        return None
    data = {key: entry.item.node.data() for key, entry in entries.items()}
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = next(iter(entries))
        for detail in error.errors(include_url=False):
            location = [str(step) for step in detail["loc"]]
            name = location[0] if location and location[0] in entries else first
            code, message = _describe(detail, location[-1] if location else "", model)
            sources.problems.append(sources.problem(code, message, section, name, tuple(location[1:])))
    return None


def _validate(sources: Sources, section: str, entry_id: str, node: Node, model: type[ModelType]) -> ModelType | None:
    if not isinstance(node.value, dict):
        message = f"{entry_id} must be a mapping of {', '.join(sorted(_names(model)))}"
        sources.problems.append(sources.problem("KB010", message, section, entry_id))
        return None
    try:
        return model.model_validate_json(json.dumps(node.data()), strict=True)
    except ValidationError as error:
        for code, message, path, key in _explain(error, node, model):
            sources.problems.append(sources.problem(code, message, section, entry_id, path, key=key))
    return None


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(error: ValidationError, node: Node, model: type[BaseModel]) -> Iterable[tuple[str, str, Path, bool]]:
    details = error.errors(include_url=False)
    choices = _collect_choices(details, node)
    found: dict[Path, list[tuple[str, str, bool]]] = defaultdict(list)
    for detail in details:
        if not _is_meant(detail["loc"], node, choices):
            continue
        path, rest = _split(detail["loc"], node)
        kind = detail["type"]
        if kind == "missing":
            name = str(rest[-1]) if rest else ""
            found[path].append(("KB012", f"the key {name!r} is missing", False))
        elif kind == "extra_forbidden":
            found[path].append((*_describe(detail, str(path[-1]), _model_at(model, path[:-1], node)), True))
        else:
            found[path].append((*_describe(detail, str(path[-1]) if path else "", model), False))
    for path, rows in found.items():
        shapes = [row for row in rows if row[0] == "KB010"]
        if len(shapes) > 1:  # the members of a union say one thing each; together they say what is allowed
            rows = [row for row in rows if row[0] != "KB010"]
            rows.append(("KB010", " or ".join(dict.fromkeys(message for _, message, _ in shapes)), False))
        for code, message, key in dict.fromkeys(rows):
            yield code, message, path, key


def _step(node: Node | None, step: Any) -> Node | None:
    return node.child(step) if node is not None and isinstance(step, (str, int)) else None


def _split(location: Iterable[Any], node: Node) -> tuple[Path, list[Any]]:
    """Split a location into the path that exists in the file and the rest: union members, missing keys."""
    path: list[str | int] = []
    rest: list[Any] = []
    here: Node | None = node
    for step in location:
        below = _step(here, step)
        if below is None:
            rest.append(step)
        else:
            path.append(step)
            here = below
    return tuple(path), rest


def _members(location: Iterable[Any], node: Node) -> Iterable[tuple[tuple[Any, ...], str, Node]]:
    """Yield the union members that a location names: where, which, and the value there."""
    here = node
    before: list[Any] = []
    for step in location:
        below = _step(here, step)
        if below is not None:
            here = below
        elif isinstance(step, str) and (step in _UNION_MEMBERS or step.startswith("list[")):
            yield tuple(before), step, here
        before.append(step)


def _collect_choices(details: Iterable[Any], node: Node) -> dict[tuple[Any, ...], str]:
    options: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    values: dict[tuple[Any, ...], Node] = {}
    for detail in details:
        for prefix, member, value in _members(detail["loc"], node):
            options[prefix].add(member)
            values[prefix] = value
    return {prefix: _choose(members, values[prefix]) for prefix, members in options.items()}


def _choose(members: set[str], node: Node) -> str:
    """Return the shape that the writer most likely meant; ``*`` when it cannot be told."""
    if isinstance(node.value, dict):
        for mark, member in _MARKS.items():
            if mark in node.value and member in members:
                return member
        return next((member for member in ("Test", "FactPattern") if member in members), "*")
    if isinstance(node.value, list):
        return next((member for member in sorted(members) if member.startswith("list[")), "*")
    return "*"


def _is_meant(location: Iterable[Any], node: Node, choices: Mapping[tuple[Any, ...], str]) -> bool:
    return all(choices[prefix] in ("*", member) for prefix, member, _ in _members(location, node))


def _model_at(model: type[BaseModel], path: Path, node: Node) -> type[BaseModel]:
    here: Node | None = node
    current = model
    for step in path:
        here = _step(here, step)
        if isinstance(step, str):
            current = _MODELS_BELOW.get((current, step), current)
        keys = here.value if here is not None and isinstance(here.value, dict) else {}
        if current in (Finding, JoinRule) and isinstance(step, int):
            current = next((_PATTERNS[name] for mark, name in _MARKS.items() if mark in keys), FactPattern)
    return current


def _describe(detail: Any, name: str, model: type[BaseModel]) -> tuple[str, str]:
    """Return code and text of one pydantic error."""
    kind, shown = detail["type"], _shown(detail.get("input"))
    if kind == "extra_forbidden":
        return "KB011", f"unknown key {name[:100]!r}{did_you_mean(name, _names(model))}"
    if kind == "missing":
        return "KB012", f"the key {name!r} is missing"
    if kind == "string_pattern_mismatch":
        example = "postgres.server_down" if r"\." in detail["ctx"]["pattern"] else "almost_always"
        return "KB013", f"{shown} is not an id or word in lower case, for example {example}"
    text = str(detail["msg"])
    for start in ("Input should be ", "Value error, "):
        text = text.removeprefix(start)
    subject = f"{name} " if name and not name.isdigit() else ""
    return "KB010", f"{subject}should be {text}, not {shown}" if str(detail["msg"]).startswith("Input") else text


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def all_problems(sources: Sources) -> list[Problem]:
    """Return the problems so far, each once, in the order of files, lines and columns."""
    unique = dict.fromkeys(sources.problems)
    return sorted(unique, key=lambda item: (item.file, item.line, item.column, item.code, item.message))
