"""What an input holds before anything is understood: named bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dotmac_diagnose.facts import Outcome, OutcomeStatus

LAYOUT_FOLDERS = frozenset({"kubectl", "logs", "dump", "text", "pg", "redis", "evidence"})
"""Folder names that mean something, so that they are never taken for the name of the capture."""
_NAMESPACE_SIGN = "replication-controllers.json"
"""``kubectl cluster-info dump`` writes it into the folder of every namespace."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an input.

    Args:
        name: path inside the input with ``/`` between parts; of a single file its name.
        data: the bytes, unpacked.
        damage: why bytes are missing at the end; None when the file is whole.
    """

    name: str
    data: bytes
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """One input.

    Args:
        label: the input as the user named it.
        members: sorted by name.
        outcomes: members that were refused or damaged.
        is_file: the input is one single file.
    """

    label: str
    members: tuple[Member, ...]
    outcomes: tuple[Outcome, ...] = ()
    is_file: bool = False


def make_tree(label: str, members: Iterable[Member], outcomes: Iterable[Outcome] = ()) -> Tree:
    """Return the tree of a folder or archive, without the one folder that everything may lie in."""
    found = tuple(sorted(members, key=lambda member: member.name))
    common = _only_folder(found)
    if not common:
        return Tree(label, found, tuple(outcomes))
    cut = len(common) + 1
    shorter = tuple(replace(member, name=member.name[cut:]) for member in found)
    prefix = f"import:{common}/"
    renamed = tuple(
        replace(item, collector="import:" + item.collector[len(prefix) :])
        if item.collector.startswith(prefix)
        else item
        for item in outcomes
    )
    return Tree(label, shorter, renamed)


def _only_folder(members: tuple[Member, ...]) -> str:
    tops = {member.name.partition("/")[::2] for member in members}
    folders = {top for top, _ in tops}
    if len(folders) != 1 or any(not rest for _, rest in tops):
        return ""
    folder = folders.pop()
    is_namespace = (folder, "/", _NAMESPACE_SIGN) in {member.name.partition("/") for member in members}
    return "" if folder in LAYOUT_FOLDERS or is_namespace else folder


def member_outcome(name: str, status: OutcomeStatus, reason: str) -> Outcome:
    """Return the outcome of one member: one line, whatever the name or the reason hold."""
    return Outcome(collector=f"import:{plain_name(name)}", status=status, reason=one_line(reason))


def plain_name(name: str) -> str:
    """Return a member name in which every unprintable character is escaped."""
    if name.isprintable():
        return name
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in name
    )


def one_line(text: str, limit: int = 300) -> str:
    """Return a text as one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
