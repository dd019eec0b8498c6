"""Redaction of free text: log lines, messages, scripts, configuration files.

Every rule is a linear scan: patterns start at the start of a word and never nest their
repetitions. A text without one of the hint words is returned as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from .certificates import split_certificates
from .ledger import MARK, Ledger, is_harmless
from .names import Strength, strength_of
from .private_keys import redact_private_keys
from .shapes import TOKEN_HINTS, looks_secret, random_spans, token_spans
from .urls import redact_urls

_ASSIGNMENT_HINTS = (
    "pass", "pwd", "secret", "token", "key", "credential", "auth", "cookie", "bearer", "salt", "signature", "jwt",
    "psk", "connectionstring", "kubeconfig", "session", "seed", "license", "sid", "dsn",
)  # fmt: skip
_STATEMENT_HINTS = ("statement:", "[sql:", "[parameters:", "parameters:", "execute ")
_COMMAND_HINTS = ("redis-cli", "mysql", "mariadb", "sshpass", "curl", "ldap", "mongo", "docker login")
_HINTS = (
    *_ASSIGNMENT_HINTS,
    *TOKEN_HINTS,
    *_STATEMENT_HINTS,
    *_COMMAND_HINTS,
    "://",
    ":\\/\\/",
    "basic ",
    "identified",
    "-----",
)

# One automaton is three times as fast on short texts as looking for one hint after the other.
_HINTED = re.compile("|".join(map(re.escape, _HINTS)))

_NAME = re.compile(r"(?<![\w.$-])([\w.-]{2,120})(\\{0,3}[\"']?[ \t]{0,8}(?:=>|:=|==?|:)[ \t]{0,8})")
_FLAG = re.compile(r"(?<![\w-])(--[A-Za-z][\w.-]{1,80})[ \t]{1,8}(?=[^\s-])")
_VALUE = re.compile(
    r"""(?:(?i:bearer|basic|token|digest|apikey)[ \t]+)?"""
    r"""(?:(\\+["'])(.*?)\1|"((?:[^"\\\n]|\\.)*)"?|'((?:[^'\\\n]|\\.)*)'?|([^\s,;&"')}\]|\[{(][^\s,;&"')}\]|]*))"""
)
_PROSE = re.compile(r"[A-Za-z]{1,30}[.,]?(?=[ \t]+\S)")
_SPACE_BEFORE_VALUE = re.compile(r":\s+$")
_BEARER = re.compile(r"(?i)(?<![\w-])(bearer|basic)[ \t]+([A-Za-z0-9._~+/-]{8,}={0,2})(?![\w=])")
_COOKIE = re.compile(r"(?i)(?<![\w-])((?:set-)?cookie[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?)([^\"'\n]+)")
_SQL_PASSWORD = re.compile(
    r"""(?i)(?<![\w-])(password|identified[ \t]+by(?:[ \t]+password)?"""
    r"""|identified[ \t]+with[ \t]+[\w'"]{1,60}[ \t]+(?:by|as)|passwd|pass)"""
    r"""([ \t]*\(?[ \t]*)(e?'(?:[^'\\\n]|''|\\.)*'?|\$\$[^\n]*?\$\$)"""
)
_DIRECTIVE = re.compile(
    r"(?i)(?<![\w-])(requirepass|masterauth|auth-pass[ \t]+[\w.-]{1,100})"
    r"[ \t]+()(\"[^\"\n]*\"|'[^'\n]*'|\S+)"
)
_HEADER_DIRECTIVE = re.compile(
    r"(?i)(?<![\w-])(proxy_set_header|add_header|fastcgi_param|uwsgi_param|grpc_set_header|set)[ \t]+(\$?[\w-]{2,80})"
    r"[ \t]+(\"[^\"\n]*\"|'[^'\n]*'|[^\s;]+)"
)
_REDIS_USER = re.compile(r"(?i)(?<![\w-])((?:user|setuser)[ \t]+\S{1,200}[ \t][^\n]*)")
_REDIS_PASSWORD = re.compile(r"(?<=\s)([>#])([^\s\"']{3,})")
_XML = re.compile(r"<([\w.:-]{2,80})>([^<\n]{1,2000})</")
_PAIR = re.compile(
    r"""(?i)(?<![\w-])name\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}["']?([\w.-]{2,120})\\{0,3}["']?"""
    r"""[\s,]{1,20}(?:-[ \t])?\\{0,3}["']?value\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}"""
)
_SQL_LITERAL = re.compile(r"'(?:[^'\\\n]|''|\\.)*'?")
_STATEMENT = re.compile(r"(?i)(?:statement:|\[sql:|\[?parameters:|execute [^:\n]{1,80}:)")
_SHORT_FLAGS = (
    re.compile(r"(?<![\w-])redis-cli\b[^\n;|&]{0,400}?[ \t](?:-a|--pass)[ \t=]+()([^\s;|&]+)"),
    re.compile(r"(?<![\w-])(?:mysql|mariadb)[a-z_-]{0,20}\b[^\n;|&]{0,400}?[ \t]-p()([^\s;|&]+)"),
    re.compile(r"(?<![\w-])sshpass[ \t]+-p[ \t]*()([^\s;|&]+)"),
    re.compile(r"(?<![\w-])curl\b[^\n;|&]{0,400}?[ \t](?:-u|--user)[ \t=]*([\w.\"'@-]{0,100}:)([^\s;|&\"']+)"),
    re.compile(r"(?<![\w-])ldap[a-z]{1,12}\b[^\n;|&]{0,400}?[ \t]-w[ \t]*()([^\s;|&]+)"),
    re.compile(r"(?<![\w-])mongo[a-z]{0,12}\b[^\n;|&]{0,400}?[ \t]-p[ \t]*()([^\s;|&]+)"),
    re.compile(r"(?<![\w-])docker[ \t]+login\b[^\n;|&]{0,400}?[ \t]-p[ \t]*()([^\s;|&]+)"),
)
_LONG_TEXT = 4000
_FILE_LINE = re.compile(
    r"^([ \t]*(?:- |export |set |ENV )?[\"']?)([\w.-]{2,120})([\"']?[ \t]{0,20}[:=][ \t]{0,20})([^\n]+)$", re.MULTILINE
)
_BLOCK_SCALAR = re.compile(r"^([ \t]*)(?:- )?[\"']?([\w.-]{2,120})[\"']?:[ \t]*[|>][-+0-9]{0,2}[ \t]*$")
_USER_LIST = re.compile(r'^("[^"\n]*")[ \t]+("[^"\n]+")', re.MULTILINE)


_BARE = 5
"""Group of :data:`_VALUE` that holds a value without quotes."""


class IsSecret(Protocol):
    """Decides about the value after a secret name."""

    def __call__(self, match: re.Match[str], value: str, start: int, *, bare: bool) -> bool:
        """Tell whether the value is secret; ``bare``: it is written without quotes."""
        ...


def _always(match: re.Match[str], value: str, start: int, *, bare: bool) -> bool:  # noqa: ARG001
    return strength_of(match[1]) is Strength.STRONG


class TextRedactor:
    """Redacts texts.

    Args:
        ledger: takes counts and the values that were found.
    """

    __slots__ = ("_ledger",)

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger if ledger is not None else Ledger()

    def redact(self, text: str) -> str:
        """Return a text without the shapes of secrets. A text without any is returned itself."""
        if _HINTED.search(text.lower()) is None:
            return text
        if "-----" in text:
            text = redact_private_keys(text, self._ledger)
        if len(text) < _LONG_TEXT or "\n" not in text:
            return self._lines(text)
        lines = text.split("\n")
        hits = [number for number, line in enumerate(lines) if _HINTED.search(line.lower()) is not None]
        statement = False
        for number in hits:
            lines[number] = self._lines(lines[number])
        for number, line in enumerate(lines):
            if statement and _continues(line):
                lines[number] = self._literals(line)
            else:
                statement = _STATEMENT.search(line) is not None
        return "\n".join(lines)

    def redact_file(self, text: str) -> str:
        """Return a configuration file without secrets: whole values of secret keys, and long random words."""
        pieces: list[str] = []
        for piece, is_public in split_certificates(text):
            pieces.append(piece if is_public else self._file(piece))
        return "".join(pieces)

    def redact_value(self, name: str, value: str, rule: str) -> str:
        """Return the value of a named thing (variable, key, header): the mark when the name says that it is secret."""
        if is_harmless(value):
            return value
        strength = strength_of(name)
        if "://" in value or ("=" in value and strength is not Strength.STRONG):
            cleaned = self.random(self.redact(value))
            if cleaned != value or strength is not Strength.STRONG:
                return cleaned
        if strength is Strength.STRONG or (strength is Strength.WEAK and looks_secret(value)):
            self._ledger.found(rule, value)
            return MARK
        return self.random(self.redact(value))

    def random(self, text: str) -> str:
        """Return a text without long words that look random."""
        return self._cut(text, random_spans(text), "random_word")

    def redact_statement(self, text: str) -> str:
        """Return an SQL statement without passwords and without its literals."""
        return self._literals(_SQL_PASSWORD.sub(self._sql, text))

    def _lines(self, text: str) -> str:
        lowered = text.lower()
        if "://" in text or ":\\/\\/" in text:
            text = redact_urls(text, self._ledger)
        if any(hint in lowered for hint in TOKEN_HINTS):
            text = self._cut(text, token_spans(text), "token")
        if any(hint in lowered for hint in _COMMAND_HINTS):
            text = self._commands(text)
        if any(hint in lowered for hint in ("bearer", "basic ", "cookie")):
            text = _COOKIE.sub(self._keep_first("header"), text)
            text = _BEARER.sub(self._bearer, text)
        if "pass" in lowered or "identified" in lowered:
            text = _SQL_PASSWORD.sub(self._sql, text)
        if any(hint in lowered for hint in _ASSIGNMENT_HINTS):
            text = self._directives(text, lowered)
            text = self._pairs(text)
            text = self._assignments(text)
            text = self._flags(text)
        if any(hint in lowered for hint in _STATEMENT_HINTS):
            text = self._statements(text)
        return text

    def _cut(self, text: str, spans: list[tuple[int, int]], rule: str) -> str:
        if not spans:
            return text
        pieces: list[str] = []
        end = 0
        for start, stop in spans:
            self._ledger.found(rule, text[start:stop])
            pieces += [text[end:start], MARK]
            end = stop
        return "".join([*pieces, text[end:]])

    def _assignments(self, text: str) -> str:
        """Redact the values of ``name=value`` and ``name: value`` with a secret name."""

        def is_secret(match: re.Match[str], value: str, start: int, *, bare: bool) -> bool:
            strength = strength_of(match[1])
            if value.startswith((MARK, "://", "//")):
                return False
            if strength is Strength.WEAK:
                return looks_secret(value)
            prose = bare and _SPACE_BEFORE_VALUE.search(match[2]) is not None and _PROSE.match(text, start) is not None
            return not prose

        return self._values_after(_NAME, text, "assignment", is_secret)

    def _flags(self, text: str) -> str:
        """Redact the word after ``--password``."""
        if "--" not in text:
            return text
        return self._values_after(_FLAG, text, "flag", _always)

    def _pairs(self, text: str) -> str:
        """Redact ``name: DB_PASSWORD`` with ``value: …`` after it."""
        return self._values_after(_PAIR, text, "assignment", _always)

    def _values_after(self, pattern: re.Pattern[str], text: str, rule: str, is_secret: IsSecret) -> str:
        """Redact the value after each match whose first group is a secret name.

        A value is read only after a secret name: ``error: password=x`` is no value of ``error``.
        """
        pieces: list[str] = []
        end = position = 0
        while (match := pattern.search(text, position)) is not None:
            named = strength_of(match[1])
            position = match.end() if named else match.end(1)
            value = _VALUE.match(text, match.end()) if named else None
            if value is None:
                continue
            group = next((number for number in (2, 3, 4) if value[number] is not None), 5)
            content, start = value[group], value.start(group)
            if is_harmless(content) or not is_secret(match, content, start, bare=group == _BARE):
                continue
            self._ledger.found(rule, content)
            pieces += [text[end:start], MARK]
            end = position = value.end(group)
        return "".join([*pieces, text[end:]]) if pieces else text

    def _directives(self, text: str, lowered: str) -> str:
        if "requirepass" in lowered or "masterauth" in lowered or "auth-pass" in lowered:
            text = _DIRECTIVE.sub(self._directive, text)
        if "_header" in lowered or "_param" in lowered or "set $" in lowered:
            text = _HEADER_DIRECTIVE.sub(self._header, text)
        return _XML.sub(self._xml, text) if "</" in text else text

    def _commands(self, text: str) -> str:
        for pattern in _SHORT_FLAGS:
            text = pattern.sub(self._last_group("flag"), text)
        return text

    def _statements(self, text: str) -> str:
        match = _STATEMENT.search(text)
        if match is None:
            return text
        return text[: match.end()] + self._literals(text[match.end() :])

    def _literals(self, text: str) -> str:
        def literal(match: re.Match[str]) -> str:
            content = match.group()
            if len(content) < 3 or content.strip("'") == MARK:
                return content
            self._ledger.found("sql_literal")
            return f"'{MARK}'"

        return _SQL_LITERAL.sub(literal, text)

    def _file(self, text: str) -> str:
        text = self._block_scalars(text)
        text = _FILE_LINE.sub(self._file_line, text)
        text = _USER_LIST.sub(self._keep_first("user_list"), text)
        if ">" in text or "#" in text:
            text = _REDIS_USER.sub(lambda match: _REDIS_PASSWORD.sub(self._keep_first("acl"), match.group()), text)
        return self.random(self.redact(text))

    def _file_line(self, match: re.Match[str]) -> str:
        before, name, separator, value = match.groups()
        if strength_of(name) is not Strength.STRONG:
            return match.group()
        tail = value.rstrip(" \t\r,;")
        bare = tail.strip("\"'")
        if not bare or is_harmless(bare) or bare[0] in "{[&*" or MARK in bare or "://" in bare:
            return match.group()
        self._ledger.found("assignment", bare)
        opening = tail[:1] if tail[:1] in "\"'" else ""
        return f"{before}{name}{separator}{opening}{MARK}{opening}{value[len(tail) :]}"

    def _block_scalars(self, text: str) -> str:
        """Redact the lines of ``password: |``."""
        if "|" not in text and ">" not in text:
            return text
        lines = text.split("\n")
        indent: int | None = None
        for number, line in enumerate(lines):
            stripped = line.lstrip()
            if indent is not None and stripped and len(line) - len(stripped) > indent:
                if not is_harmless(stripped):
                    self._ledger.found("assignment", stripped)
                    lines[number] = line[: len(line) - len(stripped)] + MARK
                continue
            if not stripped:
                continue
            start = _BLOCK_SCALAR.match(line)
            indent = len(start[1]) if start is not None and strength_of(start[2]) is Strength.STRONG else None
        return "\n".join(lines)

    def _keep_first(self, rule: str) -> Callable[[re.Match[str]], str]:
        """Return a replacement that keeps the first group and redacts the second."""

        def replacement(match: re.Match[str]) -> str:
            content = match[2].strip("\"' ")
            if is_harmless(content) or MARK in content:
                return match.group()
            self._ledger.found(rule, content)
            return f"{match[1]}{MARK}" if not match[2].startswith('"') else f'{match[1]} "{MARK}"'

        return replacement

    def _last_group(self, rule: str) -> Callable[[re.Match[str]], str]:
        """Return a replacement that keeps everything but the second group."""

        def replacement(match: re.Match[str]) -> str:
            if is_harmless(match[2].strip("\"'")) or MARK in match[2]:
                return match.group()
            self._ledger.found(rule, match[2].strip("\"'"))
            return match.group()[: match.start(2) - match.start()] + MARK

        return replacement

    def _bearer(self, match: re.Match[str]) -> str:
        word = match[2]
        if word.isalpha() and (word.islower() or word.istitle()):
            return match.group()
        self._ledger.found("header", word)
        return match.group()[: match.start(2) - match.start()] + MARK

    def _sql(self, match: re.Match[str]) -> str:
        content = match[3].lstrip("eE").strip("'$")
        if not content or is_harmless(content):
            return match.group()
        self._ledger.found("sql_password", content)
        return f"{match[1]}{match[2]}'{MARK}'"

    def _directive(self, match: re.Match[str]) -> str:
        content = match[3].strip("\"'")
        if is_harmless(content):
            return match.group()
        self._ledger.found("directive", content)
        return match.group()[: match.start(3) - match.start()] + MARK

    def _header(self, match: re.Match[str]) -> str:
        content = match[3].strip("\"'")
        if strength_of(match[2]) is not Strength.STRONG or content.startswith("$") or is_harmless(content):
            return match.group()
        self._ledger.found("header", content)
        return f'{match.group()[: match.start(3) - match.start()]}"{MARK}"'

    def _xml(self, match: re.Match[str]) -> str:
        if strength_of(match[1]) is not Strength.STRONG or is_harmless(match[2]):
            return match.group()
        self._ledger.found("assignment", match[2])
        return f"<{match[1]}>{MARK}</"


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z? ?")


def _continues(line: str) -> bool:
    """Tell whether a line goes on with the statement of the line before: PostgreSQL indents with a tab."""
    stamp = _STAMP.match(line)
    rest = line[stamp.end() :] if stamp is not None else line
    return rest.startswith(("\t", "    "))
