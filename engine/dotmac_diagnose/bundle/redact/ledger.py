"""What a redaction has found so far: counts for the report, and the secret values themselves.

The values live in memory only, for the length of one redaction.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

MARK = "<redacted>"
URL_MARK = "***"
"""Inside a URL, where ``<`` would end the URL for everyone who reads it."""

SHORTEST_KNOWN = 6
LONGEST_KNOWN = 4096
_FEWEST_LETTERS = 3
_ORDINARY = frozenset(
    {
        "admin",
        "authorization",
        "changeme",
        "default",
        "disable",
        "disabled",
        "dotmac",
        "enabled",
        "example",
        "localhost",
        "password",
        "postgres",
        "postgresql",
        "prefer",
        "private",
        "production",
        "public",
        "redacted",
        "require",
        "required",
        "secret",
        "staging",
        "unknown",
        "username",
        "verify-ca",
        "verify-full",
    }
)
"""Values that are also ordinary words: to remove them everywhere would hide the incident."""

_EXISTING_MARK = re.compile(
    r"<[\w :=.-]{0,60}>|\*{3,}|x{5,}|\[?(?:redacted|masked|filtered|hidden|removed|sensitive)\]?|REDACTED",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:\$\([\w.-]{1,100}\)?|\$\{[^{}\s]{1,200}\}?|\$[A-Z_][A-Z0-9_]{0,100}|\{\{[^{}]{0,200}\}?\}?|%\([\w.-]{1,100}\)s|%[sdvr])+"
)
_BLANK_WORDS = frozenset(
    {
        "true", "false", "yes", "no", "on", "off", "null", "none", "nil", "~", "", "-", "|", ">", "|-", ">-", "unknown",
        "missing", "invalid", "expired", "required", "empty", "unset", "scram-sha-256", "scram-sha-512", "md5", "basic",
        "bearer", "digest", "token", "oidc", "oauth2", "peer", "trust", "ldap", "plain", "enabled", "disabled",
    }
)  # fmt: skip
"""Switches, states and methods of authentication: words where a secret could stand."""


def is_harmless(value: str) -> bool:
    """Tell whether a value in the place of a secret is none: a mark, a reference, a switch."""
    value = value.strip()
    return (
        value.lower() in _BLANK_WORDS
        or _EXISTING_MARK.fullmatch(value) is not None
        or _REFERENCE.fullmatch(value) is not None
    )


@dataclass(slots=True)
class Ledger:
    """Counts per rule, and the values to look for everywhere."""

    counts: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)

    def found(self, rule: str, value: str | None = None) -> None:
        """Count one redaction. ``value``: what was removed, if it is to be looked for elsewhere."""
        self.counts[rule] += 1
        if value is not None:
            self.remember(value)

    def remember(self, value: str) -> None:
        """Look for a value everywhere, unless it is too short, too plain or no secret."""
        for form in {value, value.strip(), unquote(value)}:
            if (
                SHORTEST_KNOWN <= len(form) <= LONGEST_KNOWN
                and form.lower() not in _ORDINARY
                and len(set(form)) >= _FEWEST_LETTERS
                and not is_harmless(form)
            ):
                self.known.add(form)
