"""Redaction of command lines that are lists of words."""

from __future__ import annotations

import re

from .ledger import MARK, Ledger, is_harmless
from .names import Strength, strength_of
from .shapes import looks_secret
from .text import TextRedactor

_ASSIGNED = re.compile(r"(--?)?([A-Za-z_][\w.-]{0,120})=(.*)", re.DOTALL)
_PASSWORD_FLAGS = {
    "redis-cli": ("-a", "--pass"),
    "sshpass": ("-p",),
    "mongo": ("-p",),
    "mongosh": ("-p",),
    "mongodump": ("-p",),
    "docker": ("-p",),
    "ldapsearch": ("-w",),
    "ldapwhoami": ("-w",),
    "smbclient": ("-U",),
    "curl": ("-u", "--user"),
    "redis-server": ("--requirepass", "--masterauth"),
}
_ATTACHED = ("mysql", "mariadb")


def redact_words(words: list[str], text: TextRedactor, ledger: Ledger) -> list[str]:
    """Return a command line without secrets: ``--password x``, ``PGPASSWORD=x``, ``redis-cli -a x``, URLs."""
    program = next((word.rsplit("/", 1)[-1] for word in words if word and not word.startswith("-")), "")
    result: list[str] = []
    secret_follows = False
    for word in words:
        if secret_follows and not word.startswith("--") and not is_harmless(word):
            ledger.found("argument", word.partition(":")[2] if program == "curl" else word)
            result.append(MARK)
            secret_follows = False
            continue
        secret_follows = _announces(word, program)
        result.append(_redact_word(word, program, text, ledger, is_acl="user" in words or "setuser" in words))
    return result


def _announces(word: str, program: str) -> bool:
    """Tell whether the word after this one is a secret."""
    if word in _PASSWORD_FLAGS.get(program, ()) or word.lower() in ("requirepass", "masterauth"):
        return True
    return word.startswith("--") and "=" not in word and strength_of(word) is Strength.STRONG


def _redact_word(word: str, program: str, text: TextRedactor, ledger: Ledger, *, is_acl: bool) -> str:
    if program.startswith(_ATTACHED) and word.startswith("-p") and len(word) > 2 and not is_harmless(word[2:]):
        ledger.found("argument", word[2:])
        return f"-p{MARK}"
    if is_acl and word[:1] in (">", "#") and len(word) > 2:
        ledger.found("argument", word[1:])
        return word[0] + MARK
    assigned = _ASSIGNED.fullmatch(word)
    if assigned is not None and "://" not in assigned[3]:
        strength, value = strength_of(assigned[2]), assigned[3].strip("\"'")
        if not is_harmless(value) and (
            (strength is Strength.STRONG and not any(mark in value for mark in "\n;"))
            or (strength is Strength.WEAK and looks_secret(value))
        ):
            ledger.found("argument", value)
            return f"{assigned[1] or ''}{assigned[2]}={MARK}"
    if "\n" in word:
        return text.redact_file(word)
    return text.random(text.redact(word))
