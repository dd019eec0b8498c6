"""A fact in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .printable import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from dotmac_diagnose.facts import Fact

_VALUE_LIMIT = 300


def seen_values(item: Fact, fields: Collection[str] | None = None) -> str:
    """Return ``field=value`` for every field that was seen; why there is none when there is none.

    Args:
        item: the fact.
        fields: only these; None for all.
    """
    if item.values is None:
        reason = f": {printable(item.reason, _VALUE_LIMIT)}" if item.reason else ""
        return f"({item.status.value}{reason})"
    seen = item.values.model_dump(mode="json", exclude_none=True)
    return " ".join(f"{name}={_shown(value)}" for name, value in seen.items() if fields is None or name in fields)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = printable(str(value), _VALUE_LIMIT)
    return f'"{text}"' if not text or " " in text else text
