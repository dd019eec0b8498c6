"""The environment of a container as the kubelet would build it, as far as the capture tells.

Values of Secrets are never read: such a variable is there without a value.
Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .index import ObjectIndex
from .json_access import Json, at, label_map, mapping, mappings, text
from .names import name_text

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.][\w.-]{0,200})\))")
_VALUE_LIMIT = 8000
_EXPANSION_LIMIT = 32000


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Args:
        value: None when it comes from a Secret or field, or is not in the capture.
        source: ``env``, or ``ConfigMap/<name>`` when the value comes from there.
        literal: the value as written holds no reference to another variable.
    """

    value: str | None
    source: str
    literal: bool


def environment_of(index: ObjectIndex, namespace: str, container: Json) -> Mapping[str, Variable]:
    """Return the variables of a container spec by name."""
    found: dict[str, Variable] = {}
    for entry in mappings(container.get("envFrom")):
        prefix = text(entry.get("prefix"), 200) or ""
        name = name_text(at(entry, "configMapRef", "name"))
        config = index.get("configmaps", namespace, name) if name is not None else None
        if config is not None:
            for key, value in label_map(config.raw.get("data")).items():
                found[prefix + key] = Variable(text(value, _VALUE_LIMIT), f"ConfigMap/{name}", literal=True)
    for entry in mappings(container.get("env")):
        variable = name_text(entry.get("name"))
        if variable is not None:
            found[variable] = _variable(index, namespace, entry, found)
    return found


def _variable(index: ObjectIndex, namespace: str, entry: Json, known: Mapping[str, Variable]) -> Variable:
    value = text(entry.get("value"), _VALUE_LIMIT)
    if value is not None:
        return Variable(_expand(value, known), "env", literal="$(" not in value)
    reference = mapping(at(entry, "valueFrom", "configMapKeyRef"))
    name, key = name_text(reference.get("name")), name_text(reference.get("key"))
    config = index.get("configmaps", namespace, name) if name is not None else None
    if config is None or key is None:
        return Variable(None, "env", literal=True)
    return Variable(text(at(config.raw, "data", key), _VALUE_LIMIT), f"ConfigMap/{name}", literal=True)


def _expand(value: str, known: Mapping[str, Variable]) -> str:
    """Replace ``$(NAME)`` by the value of an earlier variable; unknown ones stay as written."""
    if "$" not in value:
        return value

    def replacement(match: re.Match[str]) -> str:
        if match[2] is None:
            return "$"
        variable = known.get(match[2])
        return variable.value if variable is not None and variable.value is not None else match[0]

    return _REFERENCE.sub(replacement, value)[:_EXPANSION_LIMIT]
