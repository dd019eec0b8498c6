"""Every entry of the knowledge files with its place, so that any later check can point at a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import Problem

from .files import SourceFile, digest_of
from .suggestion import did_you_mean, foreign_letters
from .yaml_tree import Item, Node, Path, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECTIONS_BY_FILE: Mapping[str, tuple[str, ...]] = {
    "causes": ("causes",),
    "states": ("states",),
    "findings": ("findings",),
    "fixes": ("fixes",),
    "errata": ("errata",),
    "prefer": ("prefer",),
    "lint": ("lint",),
    "scale": ("scale",),
    "entities": ("types", "relations"),
}
"""Sections that a file fills. ``prefer`` and ``lint`` are lists: their ids are running numbers."""

SHARED_ID_SECTIONS = ("causes", "states", "findings", "fixes")
"""Sections whose ids are unique together: a reader must know what an id is from the id alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section.

    Args:
        file: name of the file as in problems.
        area: first folder of the file, None at the root.
        pack: number of the pack.
        item: place of the id, and the value.
    """

    file: str
    area: str | None
    pack: int
    item: Item


@dataclass(slots=True)
class Sources:
    """The parsed files of the base and its packs, before any meaning.

    Args:
        digest: SHA-256 over all files.
        sections: section -> id -> entry.
        problems: what is wrong with syntax, shape and duplicate ids.
        unread: sections of which a file could not be parsed: an unknown id may well stand in it.
    """

    digest: str = ""
    sections: dict[str, dict[str, Entry]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def entries(self, section: str) -> Mapping[str, Entry]:
        """Return the entries of a section by id."""
        return self.sections.get(section, {})

    def problem(
        self,
        code: str,
        message: str,
        section: str,
        entry_id: str,
        path: Path = (),
        *,
        key: bool = False,
        severity: str = "error",
    ) -> Problem:
        """Return a problem at the place of an entry, or of what the path names inside it.

        Args:
            code: ``KB`` and three digits.
            message: what is wrong, without place.
            section: section of the entry.
            entry_id: id of the entry.
            path: keys and indexes inside the entry.
            key: point at the last key instead of its value.
            severity: ``error`` or ``warning``.
        """
        entry = self.entries(section).get(entry_id)
        if entry is None:
            return Problem(code, message, section, 1, 1, severity)
        line, column = (entry.item.line, entry.item.column)
        if path:
            place = entry.item.node.place(path, key=key)
            start = (entry.item.node.line, entry.item.node.column)
            line, column = (line, column) if place == start else place
        return Problem(code, message, entry.file, line, column, severity)


def parse_sources(files: Iterable[SourceFile], problems: Iterable[Problem] = ()) -> Sources:
    """Parse files and gather their entries.

    Args:
        files: base first, then packs in order.
        problems: earlier problems, of reading.
    """
    listed = list(files)
    sources = Sources(digest=digest_of(listed), problems=list(problems))
    for name in {section for sections in SECTIONS_BY_FILE.values() for section in sections}:
        sources.sections[name] = {}
    for file in sorted(listed, key=lambda item: (item.pack, item.name)):
        root, found = parse_yaml(file.data, file.name)
        sources.problems.extend(found)
        if root is None and found:
            sources.unread.update(SECTIONS_BY_FILE[file.kind])
        if root is not None and root.value is not None:
            _gather(sources, file, root)
    return sources


def _gather(sources: Sources, file: SourceFile, root: Node) -> None:
    if file.kind in ("prefer", "lint"):
        if not isinstance(root.value, list):
            sources.problems.append(Problem("KB005", "the file must be a list", file.name, root.line, root.column))
            return
        for node in root.value:
            number = str(len(sources.sections[file.kind]))
            item = Item(node.line, node.column, node)
            sources.sections[file.kind][number] = Entry(file.name, file.area, file.pack, item)
        return
    if not isinstance(root.value, dict):
        message = "the file must be a mapping of ids to entries"
        sources.problems.append(Problem("KB005", message, file.name, root.line, root.column))
        return
    if file.kind == "entities":
        _gather_entities(sources, file, root.value)
        return
    for key, item in root.value.items():
        _add(sources, file, SECTIONS_BY_FILE[file.kind][0], key, item)


def _gather_entities(sources: Sources, file: SourceFile, root: Mapping[str, Item]) -> None:
    for section, part in root.items():
        if section not in SECTIONS_BY_FILE["entities"]:
            hint = did_you_mean(section, SECTIONS_BY_FILE["entities"])
            message = f"unknown key {section[:100]!r}{hint}"
            sources.problems.append(Problem("KB011", message, file.name, part.line, part.column))
        elif not isinstance(part.node.value, dict):
            message = f"{section} must be a mapping"
            sources.problems.append(Problem("KB005", message, file.name, part.node.line, part.node.column))
        else:
            for key, item in part.node.value.items():
                _add(sources, file, section, key, item)


def _add(sources: Sources, file: SourceFile, section: str, key: str, item: Item) -> None:
    entry = Entry(file.name, file.area, file.pack, item)
    problem = _id_problem(file, section, key)
    if problem:
        sources.problems.append(Problem("KB013", problem, file.name, item.line, item.column))
        if section in SHARED_ID_SECTIONS:
            return
    rivals = SHARED_ID_SECTIONS if section in SHARED_ID_SECTIONS else (section,)
    for rival in rivals:
        other = sources.sections[rival].get(key)
        if other is not None:
            what = "a pack may add entries, not replace them: " if file.pack != other.pack else ""
            message = f"{what}{key!r} is taken by {rival} in {other.file}:{other.item.line}"
            sources.problems.append(Problem("KB014", message, file.name, item.line, item.column))
            return
    sources.sections[section][key] = entry


def _id_problem(file: SourceFile, section: str, key: str) -> str | None:
    shown = key[:100]
    strange = foreign_letters(key)
    if strange:
        return f"the id {shown!r} holds {strange}; ids are ASCII, so that no two look alike"
    if section not in SHARED_ID_SECTIONS:
        return None
    area, dot, rest = key.partition(".")
    words = all(part[:1].isalpha() and part.replace("_", "a").isalnum() and part.islower() for part in (area, rest))
    if not dot or not words or len(key) > 100:
        return f"{shown!r} is not an id; write <area>.<name> in lower case, digits and _"
    if file.area != area:
        return f"the id {shown!r} does not start with the area of its folder, {file.area}."
    return None
