"""Templates: ``{value|type}`` becomes the value, quoted for the place where it stands.

``{entity.name|word}`` is a shell word; ``{let.patch|word}`` is a whole nested text as one shell
word, in which ``{evidence.count|json}`` is written as JSON. ``{kubectl}`` is the command with its
context. A value that is not known becomes a visible mark, ``'<NEW_IMAGE>'``; ``{ask.NEW_IMAGE|word}``
asks for one on purpose. A value that cannot be quoted is refused by name: nothing is printed that
would mean something else than it shows. Braces of JSON, awk and jsonpath stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from .quoting import ENCODERS, SHELL_TYPES, UnquotableError, encode_mark, plain_text, shell_word
from .syntax import Grammar, may_be_option, open_quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(
    r"\{(?:(?P<kubectl>kubectl)|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\|(?P<type>[a-z_]+))\}", re.ASCII
)
_RUNS_SHELL = re.compile(r"(?:\b(?:sh|bash|dash|ash|zsh)\s+-[a-z]*c|\bsu\b[^|;&]*-c|\bssh\b[^|;&]*|\beval)\s+$")
_SQL_TYPES = frozenset({"sql_identifier", "sql_literal", "sql_number"})
_NUMBERS = frozenset({"number", "sql_number"})
_INSIDE_JSON_STRING = frozenset({"json_string", "json_pointer"})
_MAY_HOLD_QUOTES = frozenset({"redis_glob", "conninfo_value"})
_DEEPEST_LET = 4
_NO_LET: Mapping[str, str] = MappingProxyType({})

VALUE_HEADS = frozenset({"ask", "context", "entity", "evidence", "let", "profile", "related", "workload"})
"""First parts of value names; besides these the id of a finding."""


class Language(Enum):
    """What reads the rendered text."""

    SHELL = auto()
    SQL = auto()
    ARGUMENT = auto()
    """A nested text that becomes one argument: SQL, JSON, a glob, a jsonpath."""
    PROSE = auto()


class Values(Protocol):
    """Where values come from."""

    def lookup(self, name: str, /) -> object | None:
        """Return the value of a dotted name, None when it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A placeholder that could not be written, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} {self.reason}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A filled template.

    Args:
        text: the result; marks stand for what is missing or was refused.
        marks: names to fill in, sorted.
        refusals: what could not be quoted; a command with refusals must not be printed as one.
        context_unknown: ``{kubectl}`` was used and the context is not known.
    """

    text: str
    marks: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    context_unknown: bool = False


def render(template: str, values: Values, language: Language, let: Mapping[str, str] = _NO_LET) -> Rendering:
    """Fill a template.

    Args:
        template: text with placeholders.
        values: looked up by name.
        language: what reads the result.
        let: nested templates by name, for ``{let.<name>|type}``.
    """
    writer = _Writer(values, let)
    text = writer.write(template, language, ())
    return Rendering(
        text=text,
        marks=tuple(sorted(writer.marks)),
        refusals=tuple(dict.fromkeys(writer.refusals)),
        context_unknown=writer.context_unknown,
    )


def mark_of(name: str) -> str:
    """Return the visible mark of a missing value: ``<NEW_IMAGE>`` for ``ask.NEW_IMAGE``."""
    parts = name.split(".")
    rest = parts[1:] if parts[0] in VALUE_HEADS else parts[2:]
    label = "_".join(rest or parts[-1:]).upper()
    return f"<{'WORKLOAD' if parts[0] == 'workload' and label == 'RESOURCE' else label}>"


@dataclass(slots=True)
class _Writer:
    values: Values
    let: Mapping[str, str]
    marks: set[str] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    context_unknown: bool = False

    def write(self, template: str, language: Language, nesting: tuple[str, ...]) -> str:
        text = ""
        # The template up to here with a plain word for each value: no value can pose as quote or option.
        frame = ""
        position = 0
        for match in _PLACEHOLDER.finditer(template):
            literal = template[position : match.start()]
            position = match.end()
            text, frame = text + literal, frame + literal
            if match["kubectl"]:
                text, frame = text + self._kubectl(language), frame + "kubectl"
            else:
                text, frame = text + self._place(match, frame, language, nesting), frame + "value"
        return text + template[position:]

    def _kubectl(self, language: Language) -> str:
        if language not in (Language.SHELL, Language.PROSE):
            self.refusals.append(Refusal("{kubectl}", "stands where no command can stand"))
            return "kubectl"
        context = self.values.lookup("context")
        if context is None:
            self.context_unknown = True
            return "kubectl"
        try:
            return f"kubectl --context {shell_word(plain_text(context))}"
        except UnquotableError as error:
            self.refusals.append(Refusal("context", str(error)))
            return "kubectl --context '<CONTEXT>'"

    def _place(self, match: re.Match[str], frame: str, language: Language, nesting: tuple[str, ...]) -> str:
        name, kind = match["name"], match["type"]
        try:
            _check_place(kind, frame, language)
            encoded = self._encoded(name, kind, frame, language, nesting)
            if encoded is None:
                mark = mark_of(name)
                self.marks.add(mark)
                return _finish(encode_mark(mark, kind), kind, language)
            if language is Language.SHELL and encoded.startswith("-") and may_be_option(frame):
                raise UnquotableError("begins with '-' and would be read as an option")
            return _finish(encoded, kind, language)
        except UnquotableError as error:
            self.refusals.append(Refusal(_shown(name, self._shown_value(name)), str(error)))
            return _finish(encode_mark(mark_of(name), kind), kind, language)

    def _encoded(self, name: str, kind: str, frame: str, language: Language, nesting: tuple[str, ...]) -> str | None:
        if name.startswith("let."):
            return self._nested(name[4:], kind, frame, language, nesting)
        value = self.values.lookup(name)
        return None if value is None else ENCODERS[kind](value)

    def _nested(self, name: str, kind: str, frame: str, language: Language, nesting: tuple[str, ...]) -> str:
        template = self.let.get(name)
        if template is None:
            raise UnquotableError("is not defined by this step")
        if name in nesting or len(nesting) >= _DEEPEST_LET:
            raise UnquotableError("is nested in itself or too deep")
        inner = _inner_language(template, frame, language)
        text = self.write(template.strip(), inner, (*nesting, name))
        # The author's own line breaks are no danger inside a quoted word.
        return text if kind == "word" else ENCODERS[kind](text)

    def _shown_value(self, name: str) -> object | None:
        return None if name.startswith("let.") else self.values.lookup(name)


def _shown(name: str, value: object | None) -> str:
    if value is None:
        return name
    text = ascii(value)
    return f"{name} {text if len(text) <= 80 else text[:77] + '...'}"


def _inner_language(template: str, frame: str, outer: Language) -> Language:
    if outer is Language.PROSE:
        return Language.PROSE
    holds_words = any(match["kubectl"] or match["type"] in SHELL_TYPES for match in _PLACEHOLDER.finditer(template))
    return Language.SHELL if holds_words or _RUNS_SHELL.search(frame) else Language.ARGUMENT


def _finish(encoded: str, kind: str, language: Language) -> str:
    if language is Language.SHELL or (language is Language.PROSE and kind in SHELL_TYPES):
        return shell_word(encoded)
    return encoded


def _check_place(kind: str, frame: str, language: Language) -> None:
    """Refuse a type that has no meaning at this place.

    Raises:
        UnquotableError: unknown type, a sentence type in a command, or a place inside quotes.
    """
    if kind not in ENCODERS:
        raise UnquotableError(f"has the unknown type {kind!r}")
    if language is Language.PROSE:
        return
    if kind == "text":
        raise UnquotableError("has the type 'text', which is for sentences, in a command")
    if language is Language.SQL and kind not in _SQL_TYPES | _NUMBERS:
        raise UnquotableError(f"has the type {kind!r} in a SQL statement")
    quote = _quote_at(kind, frame, language)
    if kind in _INSIDE_JSON_STRING and language is Language.ARGUMENT:
        if quote is None:
            raise UnquotableError(f"has the type {kind!r} outside a JSON string")
    elif quote is not None:
        raise UnquotableError(f"stands after an open {quote}; a placeholder brings its own quotes")


def _quote_at(kind: str, frame: str, language: Language) -> str | None:
    if language is Language.SHELL:
        return open_quote(frame, Grammar.SHELL)
    if kind in _SQL_TYPES or language is Language.SQL:
        return open_quote(frame, Grammar.SQL)
    if kind.startswith("json"):
        return open_quote(frame, Grammar.JSON)
    if kind in _MAY_HOLD_QUOTES:
        return open_quote(frame, Grammar.SQL) or open_quote(frame, Grammar.JSON)
    return None


class _NothingKnown:
    """Values of which none is known: what is refused then is the template's own fault."""

    def lookup(self, _name: str, /) -> object | None:
        return None


def template_problems(template: str, language: Language, let: Mapping[str, str] = _NO_LET) -> list[str]:
    """Return what is wrong with a template itself, for lint: unknown names and types, placeholders inside quotes."""
    problems = [str(refusal) for refusal in render(template, _NothingKnown(), language, let).refusals]
    for text in (template, *let.values()):
        problems.extend(
            f"{match['name']} is not a known value"
            for match in _PLACEHOLDER.finditer(text)
            if match["name"] and not _known_name(match["name"])
        )
    problems.extend(
        f"let.{name} is not used" for name in let if not any(f"let.{name}|" in t for t in (template, *let.values()))
    )
    return sorted(set(problems))


def _known_name(name: str) -> bool:
    parts = name.split(".")
    if parts[0] not in VALUE_HEADS:
        return len(parts) >= 3
    return len(parts) == 1 if parts[0] == "context" else len(parts) >= 2


def value_names(template: str) -> tuple[str, ...]:
    """Return the value names of a template, in order of appearance."""
    return tuple(match["name"] for match in _PLACEHOLDER.finditer(template) if match["name"])
