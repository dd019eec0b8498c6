"""All checks of the lint, in the order of their codes."""

from . import entries, fixes, structure
from .evidence_graph import Arrow, EvidenceGraph
from .issue import Context, Issue, LintCheck

ALL_CHECKS: tuple[LintCheck, ...] = (*structure.CHECKS, *entries.CHECKS, *fixes.CHECKS)

__all__ = ["ALL_CHECKS", "Arrow", "Context", "EvidenceGraph", "Issue", "LintCheck"]
