"""Checks of fixes: safety, verification, and placeholders that are quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .issue import Context, Issue, LintCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotmac_diagnose.knowledge.model import Fix, Step
    from dotmac_diagnose.knowledge.yaml_tree import Path

_NAME = r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
_TYPED = re.compile(rf"\{{({_NAME})\|([a-z][a-z0-9_]*)\}}")
_UNTYPED = re.compile(rf"(?<![$%\w\\])\{{({_NAME})\}}")
_BROKEN = re.compile(rf"\{{({_NAME})\s*\|(?![a-z][a-z0-9_]*\}})[^{{}}]{{0,40}}\}}?")
_VALUE_HEADS = frozenset({"ask", "context", "entity", "evidence", "let", "profile", "related", "workload"})
_UNTYPED_ALLOWED = frozenset({"kubectl"})
_OTHER_LANGUAGES = frozenset({"print", "next"})
"""Words in braces that belong to awk."""


def incident_without_fix(context: Context) -> Iterator[Issue]:
    """Find incident causes that no fix is for and that do not say why."""
    repaired = {cause for fix in context.knowledge.fixes.values() for cause in fix.for_ if fix.risk != "read_only"}
    for name, cause in context.knowledge.causes.items():
        if cause.kind == "incident" and name not in repaired and not cause.no_fix:
            yield Issue("causes", name, "no fix changes anything for it: add one, or say why under no_fix")
        elif cause.no_fix and name in repaired:
            yield Issue("causes", name, "no_fix is said although a fix exists", ("no_fix",))


def fix_without_verification(context: Context) -> Iterator[Issue]:
    """Find fixes whose success no finding can show."""
    knowledge = context.knowledge
    for name, fix in knowledge.fixes.items():
        if fix.verify or fix.risk == "read_only":
            continue
        for index, cause in enumerate(fix.for_):
            if not any(end in knowledge.findings for end in context.graph.reached(cause)):
                yield Issue("fixes", name, f"nothing shows whether {cause} is cured: add verify", ("for", index))


def unsafe_fix(context: Context) -> Iterator[Issue]:
    """Find fixes that may hurt and do not say how to go back or what to beware of."""
    for name, fix in context.knowledge.fixes.items():
        if fix.risk in ("disruptive", "destructive") and not fix.warnings and not fix.rollback:
            yield Issue("fixes", name, f"a {fix.risk} fix has a warning or a rollback", ("risk",))


def destructive_without_approval(context: Context) -> Iterator[Issue]:
    """Find destructive fixes that nobody has to approve or that ask for no backup."""
    for name, fix in context.knowledge.fixes.items():
        if fix.risk != "destructive":
            continue
        if not fix.requires_approval:
            yield Issue("fixes", name, "a destructive fix needs requires_approval: true", ("risk",))
        if not fix.preconditions:
            yield Issue("fixes", name, "a destructive fix names its backup under preconditions", ("risk",))


def unquoted_placeholder(context: Context) -> Iterator[Issue]:
    """Find placeholders without a type: an unquoted name is an injection."""
    heads = _VALUE_HEADS | {name.partition(".")[0] for name in context.knowledge.findings}
    for name, fix in context.knowledge.fixes.items():
        for index, step in enumerate(fix.steps):
            for key, text in (("run", step.run), *((f"let.{let}", value) for let, value in sorted(step.let.items()))):
                path: Path = ("steps", index, *key.split("."))
                for message in placeholder_problems(text, step, heads):
                    yield Issue("fixes", name, message, path)
            for let in sorted(set(step.let) - _let_names(step)):
                yield Issue("fixes", name, f"let.{let} is not used", ("steps", index, "let", let), "warning")
        yield from _plain_texts(name, fix, heads)


def _let_names(step: Step) -> set[str]:
    texts = (step.run, *step.let.values())
    return {m.group(1).partition(".")[2] for text in texts for m in _TYPED.finditer(text) if m.group(1)[:4] == "let."}


def _plain_texts(name: str, fix: Fix, heads: frozenset[str]) -> Iterator[Issue]:
    for key in ("preconditions", "rollback", "warnings"):
        for index, text in enumerate(getattr(fix, key)):
            for message in placeholder_problems(text, None, heads):
                yield Issue("fixes", name, message, (key, index))


def placeholder_problems(text: str, step: Step | None = None, heads: frozenset[str] = _VALUE_HEADS) -> Iterator[str]:
    """Yield what is wrong with the placeholders of a text.

    Args:
        text: command or text of a fix.
        step: its step, whose ``let`` names are known; None outside steps.
        heads: first parts of value names; braces around other dotted names belong to other languages.
    """
    for match in _UNTYPED.finditer(text):
        name = match.group(1)
        if name not in _UNTYPED_ALLOWED | _OTHER_LANGUAGES and ("." not in name or name.split(".")[0] in heads):
            yield f"{match.group(0)} has no type: write for example {{{match.group(1)}|word}}"
    for match in _BROKEN.finditer(text):
        yield f"{match.group(0)} is no placeholder: write {{{match.group(1)}|type}}"
    for match in _TYPED.finditer(text):
        root, _, rest = match.group(1).partition(".")
        if root == "let" and (step is None or rest not in step.let):
            yield f"{match.group(0)}: the step has no let.{rest}"
        if match.group(2) == "text" and step is not None and step.tool != "manual":
            yield f"{match.group(0)}: the type text is not quoted and only fits tool: manual"


CHECKS = (
    LintCheck("KB141", "every incident has a fix that changes something, or no_fix", "error", incident_without_fix),
    LintCheck("KB142", "the success of a fix can be seen", "error", fix_without_verification),
    LintCheck("KB143", "a fix that may hurt has a warning or a rollback", "error", unsafe_fix),
    LintCheck("KB144", "a destructive fix is approved and backed up first", "error", destructive_without_approval),
    LintCheck("KB145", "placeholders of fixes are typed, so that they are quoted", "error", unquoted_placeholder),
)
