"""In which order to try fixes.

Probability of a cure per minute first: for one fault and independent actions that order has the
least expected time (Heckerman, Breese and Rommelse 1995). Before it stand the gates: what may be
done now, then what a person must complete by hand, then what destroys data.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report

from .confidence import as_confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotmac_diagnose.inference.belief import Pair

    from .render import RenderedFix

_RISKS = ("read_only", "reversible", "disruptive", "destructive")
_APPLICABILITIES = ("exact", "fill_in", "review")


@dataclass(frozen=True, slots=True)
class _Candidate:
    parts: tuple[RenderedFix, ...]
    reported: bool

    @property
    def first(self) -> RenderedFix:
        return self.parts[0]

    @property
    def works(self) -> float:
        """P(it works on at least one of its causes)."""
        return 1.0 - prod(1.0 - part.probability * part.effectiveness for part in self.parts)

    def key(self) -> tuple[bool, int, bool, float, int, str, tuple[Pair, ...]]:
        fix = self.first.fix
        gate = 2 if fix.risk == "destructive" else int(self.applicability == "review")
        eases_only = fix.effect == "relief" or fix.risk == "read_only"
        per_minute = round(self.works / max(fix.minutes, 0.1), 6)
        causes = tuple(part.cause for part in self.parts)
        return (not self.reported, gate, eases_only, -per_minute, _RISKS.index(fix.risk), self.first.id, causes)

    @property
    def applicability(self) -> str:
        return max((part.applicability for part in self.parts), key=_APPLICABILITIES.index)


def rank_fixes(rendered: Iterable[RenderedFix], reported: frozenset[Pair]) -> list[report.Fix]:
    """Merge equal fixes and put them in order.

    The same fix with the same steps for several causes or entities is one fix. Order: fixes of reported
    causes, then gates (can be done; needs completion by hand; destroys data), then cures before what
    only eases or looks, then P(cause) x cure per minute, then risk, then id.

    Args:
        rendered: fixes of all listed causes.
        reported: causes at or above the threshold.

    Returns:
        The fixes with their rank, 1 for the first.
    """
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[RenderedFix]] = defaultdict(list)
    for item in rendered:
        groups[item.id, item.steps].append(item)
    candidates = []
    for parts in groups.values():
        ordered = tuple(sorted(parts, key=lambda part: (-round(part.probability, 6), part.cause)))
        candidates.append(_Candidate(ordered, any(part.cause in reported for part in ordered)))
    candidates.sort(key=_Candidate.key)
    return [_as_fix(candidate, rank) for rank, candidate in enumerate(candidates, start=1)]


def _as_fix(candidate: _Candidate, rank: int) -> report.Fix:
    parts, fix = candidate.parts, candidate.first.fix
    cures = fix.effect == "cure" and fix.risk != "read_only"
    return report.Fix.model_validate(
        {
            "rank": rank,
            "id": candidate.first.id,
            "title": candidate.first.title,
            "for": [{"cause": cause, "entity": entity} for cause, entity in (part.cause for part in parts)],
            "effect": fix.effect,
            "p_cure": as_confidence(candidate.works) if cures else 0.0,
            "risk": fix.risk,
            "applicability": candidate.applicability,
            "requires_approval": any(part.requires_approval for part in parts),
            "preconditions": _union([part.preconditions for part in parts]),
            "steps": [{"run": run, "tool": tool} for tool, run in candidate.first.steps],
            "restores": sorted({entity for part in parts for entity in part.restores}),
            "verify": sorted({check for part in parts for check in part.verify}),
            "rollback": _union([part.rollback for part in parts]),
            "warnings": _union([part.warnings for part in parts]),
            "guide": list(fix.guide),
            "errata": list(fix.errata),
        }
    )


def _union(groups: Sequence[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(text for group in groups for text in group))
