"""Shapes that only secrets have: tokens of well-known issuers, JWTs, password hashes, random words.

Sources: the token formats that the issuers document for secret scanning (GitHub, GitLab,
Slack, Stripe, AWS, Google, npm, PyPI, SendGrid, HashiCorp Vault, DigitalOcean).
"""

from __future__ import annotations

import itertools
import re

TOKEN_HINTS = (
    "eyj", "akia", "asia", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-",
    "k_live_", "k_test_", "whsec_", "aiza", "ya29.", "npm_", "pypi-", "sg.", "hvs.", "dop_v1_", "age-secret-key-",
    "sk-", "hooks.slack", "$2", "$apr1$", "$argon2", "$1$", "$5$", "$6$", "{ssha", "{sha}", "scram-sha-", "md5",
    "sig=", "pbkdf2",
)  # fmt: skip
_TOKENS = re.compile(
    "|".join(
        (
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
            r"(?<![A-Za-z0-9_-])(?:AKIA|ASIA)[0-9A-Z]{16}\b",
            r"(?<![A-Za-z0-9_-])gh[posur]_[A-Za-z0-9]{20,}",
            r"(?<![A-Za-z0-9_-])github_pat_[A-Za-z0-9_]{20,}",
            r"(?<![A-Za-z0-9_-])glpat-[A-Za-z0-9_-]{15,}",
            r"(?<![A-Za-z0-9_-])xox[abeoprs]-[A-Za-z0-9-]{10,}",
            r"(?<![A-Za-z0-9_-])xapp-[A-Za-z0-9-]{10,}",
            r"(?<![A-Za-z0-9_-])[rsp]k_(?:live|test)_[A-Za-z0-9]{10,}",
            r"(?<![A-Za-z0-9_-])whsec_[A-Za-z0-9+/=]{10,}",
            r"(?<![A-Za-z0-9_-])AIza[0-9A-Za-z_-]{30,}",
            r"(?<![A-Za-z0-9_-])ya29\.[0-9A-Za-z_-]{10,}",
            r"(?<![A-Za-z0-9_-])npm_[A-Za-z0-9]{20,}",
            r"(?<![A-Za-z0-9_-])pypi-[A-Za-z0-9_-]{20,}",
            r"(?<![A-Za-z0-9_-])SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
            r"(?<![A-Za-z0-9_-])hvs\.[A-Za-z0-9_-]{20,}",
            r"(?<![A-Za-z0-9_-])dop_v1_[a-f0-9]{30,}",
            r"(?<![A-Za-z0-9_-])AGE-SECRET-KEY-1[A-Z0-9]{20,}",
            r"(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,}",
            r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{10,}",
            r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{20,}",
            r"\$apr1\$[./A-Za-z0-9$]{8,}",
            r"\$argon2(?:id|i|d)\$[^\s\"']{10,}",
            r"\$[156]\$[./A-Za-z0-9=$-]{12,}",
            r"\{SS?HA\d{0,3}\}[A-Za-z0-9+/=]{10,}",
            r"(?<![A-Za-z0-9_-])SCRAM-SHA-(?:1|256)\$[^\s\"',]{10,}",
            r"(?<![A-Za-z0-9_-])md5[0-9a-f]{32}\b",
            r"(?<=[?&]sig=)[A-Za-z0-9%+/=_-]{8,}",
            r"(?<![A-Za-z0-9_-])pbkdf2_?(?:sha256)?\$[^\s\"',]{10,}",
        )
    )
)
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/_-]{32,}={0,2}(?![A-Za-z0-9+/_.-])")
_SHORT_RANDOM = 12
_CHANGES_PER_LETTER = 0.22
_HEXADECIMAL = re.compile(r"[0-9a-f-]+|[0-9A-F-]+")


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return where tokens of well-known shapes stand."""
    return [match.span() for match in _TOKENS.finditer(text)]


def random_spans(text: str) -> list[tuple[int, int]]:
    """Return where long words stand that look random: mixed case, digits, frequent changes between them."""
    if len(text) < 32:
        return []
    return [match.span() for match in _RANDOM.finditer(text) if _is_mixed(match.group())]


def _is_mixed(word: str) -> bool:
    if _HEXADECIMAL.fullmatch(word) is not None or word.startswith("/"):
        return False
    classes = [_class_of(character) for character in word]
    if not {"a", "A", "0"} <= set(classes):
        return False
    changes = sum(1 for before, after in itertools.pairwise(classes) if before != after)
    return changes >= len(word) * _CHANGES_PER_LETTER


def _class_of(character: str) -> str:
    if character.isdigit():
        return "0"
    return "A" if character.isupper() else "a" if character.islower() else "-"


def looks_secret(value: str) -> bool:
    """Tell whether the value of a name such as ``SESSION_KEY`` looks like a secret and not like a word or path."""
    value = value.strip()
    if len(value) < _SHORT_RANDOM or any(character.isspace() for character in value) or value.startswith(("/", "./")):
        return False
    if "://" in value or value.count(".") > 1:
        return False
    return any(character.isdigit() for character in value) and any(character.isalpha() for character in value)
