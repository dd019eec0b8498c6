"""Where knowledge files lie, which of them are read, and the digest over their bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import InputError, Problem

from .suggestion import did_you_mean
from .yaml_tree import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT_FILES = ("scale", "entities", "prefer", "errata", "lint")
AREA_FILES = ("causes", "states", "findings", "fixes")
OTHER_ROOT_FILES = ("guide", "calibration")
"""Files of other readers that may lie beside the knowledge."""
OTHER_FOLDERS = frozenset({"profiles"})
MAX_FILES = 1000

_AREA = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a knowledge folder.

    Args:
        name: path relative to its folder with ``/``; files of packs carry the pack's name in front.
        kind: ``scale``, ``causes`` … : the name of the file without its ending.
        area: first folder, which its ids must start with; None for files at the root.
        data: the bytes.
        pack: 0 for the base, 1, 2 … for packs in the order given.
    """

    name: str
    kind: str
    area: str | None
    data: bytes
    pack: int = 0


def default_folder() -> Path:
    """Return the folder of the knowledge that this package brings.

    In an installed package it is ``_knowledge`` beside the modules; in a checkout (and an
    editable install) it is ``knowledge`` at the root of the repository.

    Raises:
        InputError: neither exists.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_knowledge", package.parent.parent / "knowledge"):
        if (folder / "scale.yaml").is_file():
            return folder
    raise InputError(
        "the knowledge base of this installation is missing",
        where=str(package / "_knowledge"),
        hint="Install dotmac-diagnose again.",
    )


def read_folder(folder: Path, pack: int = 0) -> tuple[list[SourceFile], list[Problem]]:
    """Read the knowledge files of one folder, sorted by name.

    Args:
        folder: holds ``<area>/{causes,states,findings,fixes}.yaml`` and the files of the root.
        pack: number of the pack, 0 for the base.

    Returns:
        The files, and problems of files that cannot be read or whose name is not known.

    Raises:
        InputError: the folder is not one.
    """
    if not folder.is_dir():
        raise InputError(
            "the knowledge folder cannot be read", where=str(folder), hint="Check the path and its rights."
        )
    prefix = f"{folder.resolve().name}/" if pack else ""
    files: list[SourceFile] = []
    problems: list[Problem] = []
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file())
    for path in paths[:MAX_FILES]:
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts) or relative.parts[0] in OTHER_FOLDERS:
            continue
        name = prefix + relative.as_posix()
        area = relative.parts[0] if len(relative.parts) > 1 else None
        known = AREA_FILES if area else (*ROOT_FILES, *OTHER_ROOT_FILES)
        if path.suffix == ".yml" or path.stem not in known or (area and not _AREA.fullmatch(area)):
            problems.append(_unknown_file(name, path.stem, known))
        elif path.stem not in OTHER_ROOT_FILES:
            data, problem = _read(path, name)
            problems.extend([problem] if problem else [])
            files.append(SourceFile(name, path.stem, area, data, pack))
    if len(paths) > MAX_FILES:
        problems.append(Problem("KB001", f"the folder holds more than {MAX_FILES} files", prefix or ".", 1, 1))
    return files, problems


def _unknown_file(name: str, stem: str, known: Sequence[str]) -> Problem:
    expected = ", ".join(f"{entry}.yaml" for entry in known)
    hint = did_you_mean(stem, known)
    return Problem("KB015", f"unknown file{hint} Expected here: {expected}", name, 1, 1)


def _read(path: Path, name: str) -> tuple[bytes, Problem | None]:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1), None
    except OSError as error:
        return b"", Problem("KB001", f"the file cannot be read: {error.strerror or error}", name, 1, 1)


def digest_of(files: Iterable[SourceFile]) -> str:
    """Return the SHA-256 over names and bytes of all files, the same for every order."""
    total = hashlib.sha256()
    for name, data in sorted((file.name, file.data) for file in files):
        encoded = name.encode()
        total.update(len(encoded).to_bytes(4, "big") + encoded + len(data).to_bytes(8, "big") + data)
    return total.hexdigest()
