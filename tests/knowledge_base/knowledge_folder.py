"""A knowledge folder that a test fills file by file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Folder:
    """A knowledge folder under construction."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(textwrap.dedent(text).encode() if isinstance(text, str) else text)

    def add(self, name: str, text: str) -> int:
        """Append to a file; return the line on which the text starts."""
        file = self.path / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        self.write(name, before + textwrap.dedent(text))
        return before.count("\n") + 1
