"""What a lint check is and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.knowledge.yaml_tree import Path

    from .evidence_graph import EvidenceGraph


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a check found.

    Args:
        section: ``causes``, ``states``, ``findings``, ``fixes``, ``prefer``.
        entry_id: id of the entry.
        message: what is wrong and, where it helps, what to do.
        path: keys and indexes inside the entry; empty for the entry itself.
        severity: overrides that of the check.
    """

    section: str
    entry_id: str
    message: str
    path: Path = ()
    severity: Literal["error", "warning"] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a check looks at."""

    knowledge: Knowledge
    graph: EvidenceGraph


@dataclass(frozen=True, slots=True)
class LintCheck:
    """One check of the lint.

    Args:
        code: ``KB1`` and two digits.
        title: what it asks for, in one line.
        severity: of its issues.
        find: gives the issues.
    """

    code: str
    title: str
    severity: Literal["error", "warning"]
    find: Callable[[Context], Iterable[Issue]]
