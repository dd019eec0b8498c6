"""Redaction of what servers answered: by the names of columns, the shapes of secrets, and as statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dotmac_diagnose.extract.document import ServerAnswer

from .text import TextRedactor

_STATEMENTS = frozenset({"query", "statement", "sql", "internalquery", "internal_query"})
"""Columns that hold statements of users: their literals are data of somebody."""


def fields_of(answer: ServerAnswer, text: TextRedactor) -> Mapping[str, Any]:
    """Return the fields of an answer that may hold secrets, statements already without their literals."""
    return {"data": _statements(answer.data, text), "reason": answer.reason, "source": answer.source}


def with_fields(answer: ServerAnswer, fields: Mapping[str, Any]) -> ServerAnswer:
    """Return the answer with redacted fields of :func:`fields_of`."""
    return replace(answer, data=fields["data"], reason=fields["reason"], source=fields["source"])


def _statements(value: Any, text: TextRedactor) -> Any:
    if isinstance(value, dict):
        return {
            key: text.redact_statement(item)
            if isinstance(item, str) and isinstance(key, str) and key.lower() in _STATEMENTS
            else _statements(item, text)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_statements(item, text) for item in value]
    return value
