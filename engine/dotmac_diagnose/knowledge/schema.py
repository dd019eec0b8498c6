"""JSON Schemas (draft 2020-12) of the knowledge files for editors, of facts, and of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from dotmac_diagnose.facts import Status, Vantage, fact_kinds

from .model import Cause, EntityType, Finding, Fix, Prefer, RelationType, Scale, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID_PATTERN = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"


def causes_schema() -> dict[str, Any]:
    """Return the schema of ``<area>/causes.yaml``."""
    return _mapping_of(Cause, "Causes of one area")


def states_schema() -> dict[str, Any]:
    """Return the schema of ``<area>/states.yaml``."""
    return _mapping_of(State, "States of one area")


def findings_schema() -> dict[str, Any]:
    """Return the schema of ``<area>/findings.yaml``."""
    return _mapping_of(Finding, "Findings of one area")


def fixes_schema() -> dict[str, Any]:
    """Return the schema of ``<area>/fixes.yaml``."""
    return _mapping_of(Fix, "Fixes of one area")


def scale_schema() -> dict[str, Any]:
    """Return the schema of ``scale.yaml``."""
    return _titled(Scale.model_json_schema(by_alias=True), "The numbers behind the words")


def prefer_schema() -> dict[str, Any]:
    """Return the schema of ``prefer.yaml``."""
    return _titled(TypeAdapter(list[Prefer]).json_schema(by_alias=True), "Which cause stands above which")


def entities_schema() -> dict[str, Any]:
    """Return the schema of ``entities.yaml``."""
    _, definitions = models_json_schema([(EntityType, "validation"), (RelationType, "validation")])
    keys = {"types": "EntityType", "relations": "RelationType"}
    properties = {
        key: {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{name}"}} for key, name in keys.items()
    }
    body = {"type": "object", "properties": properties, "additionalProperties": False, "required": list(keys)}
    return _titled({**body, **definitions}, "Entity types and relations")


def facts_schema() -> dict[str, Any]:
    """Return the schema of one line of ``facts.jsonl``: the fact kinds with their values."""
    kinds = fact_kinds()
    models = [(kinds[kind], "validation") for kind in sorted(kinds)]
    references, definitions = models_json_schema(models)  # type: ignore[arg-type]  # the mode is a literal
    by_model = {model: reference for (model, _), reference in references.items()}
    text = {"type": ["string", "null"]}
    common = {
        "entity": {"type": "string", "description": "type/name", "pattern": "^[a-z_]+/"},
        "status": {"enum": [status.value for status in Status]},
        "vantage": {"enum": [vantage.value for vantage in Vantage]},
        "observed_at": {**text, "description": "ISO 8601, UTC"},
        "collector": {"type": "string"},
        "source": {"type": "string", "description": "exact API path, SQL name or file"},
        "evidence": {**text, "description": "path inside the bundle"},
        "reason": text,
    }
    variants = [
        {
            "properties": {"kind": {"const": kind}, "values": {"anyOf": [by_model[kinds[kind]], {"type": "null"}]}},
            "required": ["kind"],
        }
        for kind in sorted(kinds)
    ]
    body = {
        "type": "object",
        "properties": {**common, "kind": {"type": "string"}, "values": True},
        "required": ["kind", "entity", "status"],
        "oneOf": variants,
    }
    return _titled({**body, **definitions}, "One fact")


def report_schema(report: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of the JSON report.

    Args:
        report: the model of the report, ``dotmac_diagnose.diagnosis.Diagnosis``; it is an argument,
            because the knowledge comes before the diagnosis in the order of imports.
    """
    return _titled(report.model_json_schema(by_alias=True, mode="serialization"), "Report of a run, version 1")


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "causes": causes_schema,
    "entities": entities_schema,
    "facts": facts_schema,
    "findings": findings_schema,
    "fixes": fixes_schema,
    "prefer": prefer_schema,
    "scale": scale_schema,
    "states": states_schema,
}
"""Schemas that need no argument, by the name of their file under ``docs/schema``."""


def _mapping_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    definitions[model.__name__] = schema
    body = {
        "type": ["object", "null"],
        "propertyNames": {"pattern": ID_PATTERN, "maxLength": 100},
        "additionalProperties": {"$ref": f"#/$defs/{model.__name__}"},
        "$defs": dict(sorted(definitions.items())),
    }
    return _titled(body, title)


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, **schema, "title": title}
