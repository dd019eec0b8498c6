"""Load the knowledge base: read, parse, validate, resolve names; all problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import KnowledgeError, Problem
from dotmac_diagnose.version import __version__

from .cache import read_cache, write_cache
from .files import SourceFile, default_folder, digest_of, read_folder
from .model import Cause, EntityType, Finding, Fix, Knowledge, Prefer, RelationType, Scale, State
from .references import Parts, check_references
from .sources import Sources, parse_sources
from .validation import all_problems, validate_section, validate_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def load_knowledge(*folders: Path | None, cache: bool = True, base: Path | None = None) -> Knowledge:
    """Load the knowledge base and the packs added to it.

    Args:
        folders: packs: folders that add entries to the base; None is skipped.
        cache: read and write the parsed form in the user's cache folder.
        base: another base than the one that this package brings.

    Returns:
        The knowledge; the same for packs in any order.

    Raises:
        KnowledgeError: with all problems and their places.
        InputError: a folder cannot be read.
    """
    files, problems = _read(folders, base)
    if cache and not problems:
        known = read_cache(digest_of(files))
        if known is not None:
            return known
    knowledge, _ = _build(files, problems)
    if cache:
        write_cache(knowledge)
    return knowledge


def load_with_sources(*folders: Path | None, base: Path | None = None) -> tuple[Knowledge, Sources]:
    """Load the knowledge together with the places of its entries, for the lint. Never cached.

    Args:
        folders: packs, as in :func:`load_knowledge`.
        base: another base than the one that this package brings.

    Raises:
        KnowledgeError: with all problems and their places.
        InputError: a folder cannot be read.
    """
    files, problems = _read(folders, base)
    return _build(files, problems)


def _read(folders: Iterable[Path | None], base: Path | None) -> tuple[list[SourceFile], list[Problem]]:
    files, problems = read_folder(base or default_folder())
    packs = sorted({folder.resolve() for folder in folders if folder is not None})
    for number, folder in enumerate(packs, start=1):
        more, found = read_folder(folder, number)
        files.extend(more)
        problems.extend(found)
    return files, problems


def _build(files: list[SourceFile], problems: list[Problem]) -> tuple[Knowledge, Sources]:
    sources = parse_sources(files, problems)
    scale = validate_whole(sources, "scale", Scale)
    if scale is None and not sources.entries("scale") and not sources.problems:
        sources.problems.append(Problem("KB012", "scale.yaml is missing or empty", "scale.yaml", 1, 1))
    sections: dict[str, dict[str, Any]] = {
        section: validate_section(sources, section, model)
        for section, model in (
            ("types", EntityType),
            ("relations", RelationType),
            ("causes", Cause),
            ("states", State),
            ("findings", Finding),
            ("fixes", Fix),
            ("prefer", Prefer),
        )
    }
    errata = _errata(sources)
    if scale is not None:
        sources.problems.extend(check_references(Parts(scale=scale, **sections), sources))
    found = all_problems(sources)
    if found or scale is None:
        raise KnowledgeError(found)
    knowledge = Knowledge(
        version=__version__,
        digest=sources.digest,
        scale=scale,
        entity_types=sections["types"],
        relations=sections["relations"],
        causes=sections["causes"],
        states=sections["states"],
        findings=sections["findings"],
        fixes=sections["fixes"],
        prefer=sorted(sections["prefer"].values(), key=lambda pair: (pair.first, pair.over)),
        errata=errata,
    )
    return knowledge, sources


def _errata(sources: Sources) -> dict[str, dict[str, Any]]:
    errata: dict[str, dict[str, Any]] = {}
    for name, entry in sorted(sources.entries("errata").items()):
        data = entry.item.node.data()
        if isinstance(data, dict):
            errata[name] = data
        else:
            sources.problems.append(sources.problem("KB010", f"{name} must be a mapping", "errata", name))
    return errata
