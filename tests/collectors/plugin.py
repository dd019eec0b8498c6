"""Installs collectors for a test: a distribution in a folder, with entry points into this package."""

from __future__ import annotations

from pathlib import Path


def install(folder: Path, places: dict[str, str], owner: str = "dotmac-diagnose") -> Path:
    """Write a distribution whose entry points name collectors by id; return the folder for ``sys.path``."""
    info = folder / f"{owner.replace('-', '_')}-99.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {owner}\nVersion: 99\n")
    lines = [f"{name} = {place}" for name, place in places.items()]
    (info / "entry_points.txt").write_text("\n".join(["[dotmac_diagnose.collectors]", *lines, ""]))
    return folder
