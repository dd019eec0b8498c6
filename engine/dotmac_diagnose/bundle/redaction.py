"""Redaction at the border: no secret passes into documents, facts, bundles or reports (architecture 9.3).

Structured fields are redacted by what they are; free text by the shapes that secrets have.
Values of Secrets that a capture holds are also looked for everywhere else: plain, base64,
hex and URL-encoded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MARK = "<redacted>"

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase)?$|passw|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    r"|auth(?:orization)?$|dsn$|conn(?:ection)?[_-]?str|signing[_-]?key|encryption[_-]?key|cookie|salt$|requirepass|masterauth",
    re.IGNORECASE,
)
_ASSIGNMENT = re.compile(
    r"""(?i)(["']?[\w.-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|requirepass|masterauth)[\w.-]*["']?\s*(?::|=|\s)\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;&"'}\])]+)"""
)
_SHAPES = (
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,30}://[^\s/:@'\"]{0,200}):([^\s/@'\"]{1,300})@"), r"\1:" + MARK + "@"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), MARK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 " + MARK),
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)"
        ),
        MARK,
    ),
    (
        re.compile(
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\b[sr]k_(?:live|test)_\w{10,}|\bAIza[\w-]{30,}|\bglpat-[\w-]{15,}"
        ),
        MARK,
    ),
    (re.compile(r"(?i)(\b(?:password|identified\s+by)\s+)('[^'\n]*'|\"[^\"\n]*\")"), r"\1'" + MARK + "'"),
    (re.compile(r"(?i)(\b(?:set-)?cookie:\s*)[^\n]+"), r"\1" + MARK),
    (re.compile(r"\$(?:2[aby]|apr1|[156])\$[\w./$]{10,}|SCRAM-SHA-256\$[^\s'\"]+|\bmd5[0-9a-f]{32}\b"), MARK),
)
_HINTS = (
    "://",
    "eyj",
    "bearer",
    "basic",
    "private key",
    "akia",
    "asia",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "xox",
    "k_live_",
    "k_test_",
    "aiza",
    "glpat",
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "identified",
    "cookie",
    "$2",
    "$apr",
    "$1$",
    "$5$",
    "$6$",
    "scram",
    "md5",
    "requirepass",
    "masterauth",
)
_HARMLESS = re.compile(
    r"(?i)^(?:true|false|none|null|<redacted>.*|\*+|\$\(?\{?\w+\}?\)?|<\w+>|authentication|for|of|is|was|not|failed|rejected:?|expired|required)$"
)
_SWITCH = re.compile(
    r"(?i)^-{1,2}[\w-]*(?:password|passwd|secret|token|api[_-]?key|requirepass|masterauth)[\w-]*$|^-a$"
)
_DROPPED_ANNOTATIONS = ("last-applied-configuration", "kubectl.kubernetes.io/last-applied")
_MINIMUM_KNOWN = 6


class Redactor:
    """Removes secrets from documents.

    Args:
        known: secret values (decoded) to be looked for everywhere.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for value in known:
            forms.update(_forms(value))
        self._known = (
            re.compile("|".join(re.escape(form) for form in sorted(forms, key=lambda f: (-len(f), f))))
            if forms
            else None
        )
        self.count = 0

    def text(self, text: str) -> str:
        """Return a text without the shapes of secrets, and without known values."""
        if self._known is not None:
            text = self._known.sub(MARK, text)
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            return text
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return _ASSIGNMENT.sub(_assignment, text)

    def value(self, value: Any, name: str = "") -> Any:
        """Return a JSON value without secrets; ``name`` is the key that it stands under."""
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list):
            return self._list(value, name)
        if isinstance(value, str):
            if name and _SECRET_NAME.search(name) and not _HARMLESS.match(value) and not _is_reference_key(name):
                return MARK
            return self.text(value)
        return value

    def _mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kind = value.get("kind")
        if kind == "Secret" and ("data" in value or "stringData" in value):
            return self._secret(value)
        if isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            return {str(key): self._variable(value, key) for key in value}
        return {
            str(key): self._field(str(key), entry)
            for key, entry in value.items()
            if not (isinstance(key, str) and any(word in key for word in _DROPPED_ANNOTATIONS))
        }

    def _variable(self, value: Mapping[str, Any], key: str) -> Any:
        entry = value[key]
        return self.value(entry, str(value["name"])) if key == "value" else self.value(entry)

    def _field(self, key: str, entry: Any) -> Any:
        if key == "managedFields" and isinstance(entry, list):
            return [
                {k: v for k, v in item.items() if k in {"manager", "operation", "time", "subresource"}}
                for item in entry
                if isinstance(item, Mapping)
            ]
        return self.value(entry, key)

    def _list(self, value: list[Any], name: str) -> list[Any]:
        result: list[Any] = []
        hide_next = False
        for item in value:
            if hide_next and isinstance(item, str) and not item.startswith("-"):
                result.append(MARK)
                hide_next = False
                continue
            hide_next = isinstance(item, str) and _SWITCH.match(item) is not None
            result.append(self.value(item, name if isinstance(item, str) else ""))
        return result

    def _secret(self, value: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, entry in value.items():
            if key in {"data", "stringData"} and isinstance(entry, Mapping):
                result[key] = {str(name): _public(str(name), content) for name, content in entry.items()}
            else:
                result[str(key)] = self._field(str(key), entry)
        return result


def known_secrets(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the decoded values of Secret objects, for a search in everything else."""
    values: set[str] = set()
    for item in objects:
        if item.get("kind") != "Secret":
            continue
        for field, decode in (("data", True), ("stringData", False)):
            entries = item.get(field)
            if isinstance(entries, Mapping):
                for name, content in entries.items():
                    if isinstance(content, str) and not str(name).endswith((".crt", ".pem")):
                        values.update(_decoded(content) if decode else {content})
    return {value for value in values if len(value) >= _MINIMUM_KNOWN and not _HARMLESS.match(value)}


def _decoded(content: str) -> set[str]:
    try:
        plain = base64.b64decode(content, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return set()
    return {plain, plain.strip()}


def _forms(value: str) -> set[str]:
    raw = value.encode()
    return {
        value,
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        quote(value, safe=""),
        quote(value),
    }


def _public(name: str, content: Any) -> str:
    """Keep a certificate (it is public); everything else of a Secret goes."""
    if name.endswith(".crt") and isinstance(content, str):
        for plain in _decoded(content):
            if plain.startswith("-----BEGIN CERTIFICATE-----") and "PRIVATE KEY" not in plain:
                return content
    return MARK


def _assignment(match: re.Match[str]) -> str:
    bare = match[2].strip("\"'")
    if _HARMLESS.match(bare) or MARK in match[2]:
        return match[0]
    if (
        match[1][-1:] not in ":="
        and match[1].rstrip()[-1:] not in ":="
        and not match[1].lower().startswith(("requirepass", "masterauth"))
    ):
        return match[0]
    quotes = match[2][0] if match[2][:1] in "\"'" else ""
    return f"{match[1]}{quotes}{MARK}{quotes}"


def _is_reference_key(name: str) -> bool:
    """Fields whose name holds the word and whose value is a name, not a secret."""
    return name in {
        "secretName",
        "secret",
        "serviceAccountToken",
        "automountServiceAccountToken",
        "tokenExpirationSeconds",
        "secretKeyRef",
        "secretRef",
        "imagePullSecrets",
        "secretProviderClass",
        "secrets",
        "nodePublishSecretRef",
    }
