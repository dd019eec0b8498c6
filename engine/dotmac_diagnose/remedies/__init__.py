"""From belief to what to do: causes in order, ranked fixes with real names, next checks, status."""

from .assembly import assemble
from .placeholders import Language, Rendering, render, template_problems
from .quoting import ENCODERS, UnquotableError
from .ranking import rank_fixes
from .render import RenderedFix, fix_problems, render_fixes
from .severity import severity_of
from .status import FailOn, exit_code
from .values import CauseValues, EntityValues, evidence_of

__all__ = [
    "ENCODERS",
    "CauseValues",
    "EntityValues",
    "FailOn",
    "Language",
    "RenderedFix",
    "Rendering",
    "UnquotableError",
    "assemble",
    "evidence_of",
    "exit_code",
    "fix_problems",
    "rank_fixes",
    "render",
    "render_fixes",
    "severity_of",
    "template_problems",
]
