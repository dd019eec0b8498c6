"""Names as parts of a path inside a bundle, whatever they hold."""

from __future__ import annotations

from urllib.parse import quote

_LONGEST_PART = 200


def path_part(name: str) -> str:
    """Return a name as one part of a path."""
    part = quote(name, safe="", errors="replace")[:_LONGEST_PART]
    return part.replace(".", "%2E") if part.strip(".") == "" else part
