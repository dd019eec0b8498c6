"""Redaction of structured objects: Kubernetes objects, and any other JSON value.

Unchanged parts are shared with the original, changed ones are new: nothing is modified.
Equal texts are looked at once per document, which is what makes large lists fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .certificates import public_part
from .ledger import MARK, Ledger, is_harmless
from .names import Strength, names_an_address_or_user, strength_of
from .text import TextRedactor
from .words import redact_words

_SHORTEST_TEXT = 8
_MANAGED_FIELDS = ("manager", "operation", "time", "subresource")
_WORD_LISTS = frozenset({"command", "args"})
_SPECIAL = frozenset({"annotations", "managedFields", "binaryData", *_WORD_LISTS})
_LAST_APPLIED = "last-applied"
_FILE_ENDINGS = (
    ".conf", ".cfg", ".cnf", ".ini", ".yaml", ".yml", ".json", ".properties", ".env", ".toml", ".xml", ".sh",
    ".sql", ".txt", ".crt", ".pem", ".cert", ".ca", ".py", ".js", ".rb", ".lua", ".tpl", ".tmpl", ".acl", ".config",
)  # fmt: skip
_PASSWORD_FILES = ("htpasswd", "pgpass", "my.cnf", "users.acl", "userlist.txt", "netrc")


class ObjectRedactor:
    """Redacts the values of one document.

    Args:
        ledger: takes counts and values.
    """

    __slots__ = ("_changed", "_clean", "_clean_named", "_clean_words", "_ledger", "_plain_keys", "_text")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._text = TextRedactor(ledger)
        self._clean: set[str] = set()
        self._changed: dict[str, str] = {}
        self._plain_keys: set[str] = set()
        # What replicas repeat: (name, value) pairs and command lines that hold no secret.
        self._clean_named: set[tuple[str, str]] = set()
        self._clean_words: set[tuple[str, ...]] = set()

    @property
    def texts(self) -> set[str]:
        """All texts and keys that were left as they were."""
        return self._clean | self._plain_keys

    def redact(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an object without secrets."""
        return self._mapping(item)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._plain(value)
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list):
            return self._list(value)
        return value

    def _plain(self, value: str) -> str:
        if value in self._clean:
            return value
        changed = self._changed.get(value)
        if changed is not None:
            return changed
        new = value if len(value) < _SHORTEST_TEXT else self._text.redact(value)
        if new == value:
            self._clean.add(value)
            return value
        self._changed[value] = new
        return new

    def _mapping(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        changed: dict[str, Any] | None = None
        pair = self._named_pair(node) if "value" in node else None
        special = self._body_of(node) if "data" in node or "stringData" in node or "binaryData" in node else {}
        clean, plain = self._clean, self._plain_keys
        for key, value in node.items():
            kind = type(value)
            if special and key in special:
                new = special[key]
            elif key in plain:
                if kind is str:
                    if value in clean and not (pair and key == "value"):
                        continue
                    new = self._named(pair, value) if pair and key == "value" else self._plain(value)
                elif kind is dict:
                    new = self._mapping(value)
                elif kind is list:
                    new = self._list(value)
                else:
                    continue
            else:
                new = self._by_key(key, value)
            if new is not value:
                if changed is None:
                    changed = dict(node)
                changed[key] = new
        return node if changed is None else changed

    def _list(self, values: list[Any]) -> list[Any]:
        changed: list[Any] | None = None
        for position, value in enumerate(values):
            new = self._value(value)
            if new is not value:
                if changed is None:
                    changed = list(values)
                changed[position] = new
        return values if changed is None else changed

    def _by_key(self, key: Any, value: Any) -> Any:
        """Return the value of a key that was not seen before, or that is special."""
        if not isinstance(key, str):
            return self._value(value)
        if key in _SPECIAL:
            return self._special(key, value)
        strength = strength_of(key)
        if strength is Strength.NONE:
            self._plain_keys.add(key)
            return self._value(value)
        if isinstance(value, str):
            return self._named(key, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if strength is Strength.STRONG and not key.lower().endswith("tokens"):
                self._ledger.found("field")
                return MARK
            return value
        if isinstance(value, list) and strength is Strength.STRONG:
            return [self._named(key, item) if isinstance(item, str) else self._value(item) for item in value]
        return self._value(value)

    def _named(self, name: str, value: str) -> str:
        if (name, value) in self._clean_named:
            return value
        new = self._text.redact_value(name, value, "field")
        if new != value:
            return new
        self._clean_named.add((name, value))
        return value

    def _named_pair(self, node: Mapping[str, Any]) -> str | None:
        """Return the name of ``{"name": …, "value": …}``: environment variables, headers, parameters."""
        if not isinstance(node.get("value"), str):
            return None
        for key in ("name", "key"):
            name = node.get(key)
            if isinstance(name, str):
                self._plain_keys.add("value")
                return name
        return None

    def _special(self, key: str, value: Any) -> Any:
        if key == "managedFields" and isinstance(value, list):
            return self._managed_fields(value)
        if key == "annotations" and isinstance(value, dict):
            return self._annotations(value)
        if key in _WORD_LISTS and isinstance(value, list) and all(isinstance(word, str) for word in value):
            return self._command(value)
        if key == "binaryData" and isinstance(value, dict):
            if all(item == MARK for item in value.values()):
                return value
            self._ledger.found("binary_data")
            return dict.fromkeys(value, MARK)
        return self._value(value)

    def _command(self, words: list[str]) -> list[str]:
        if tuple(words) in self._clean_words:
            return words
        new = redact_words(words, self._text, self._ledger)
        if new != words:
            return new
        self._clean_words.add(tuple(words))
        self._clean.update(words)
        return words

    def _managed_fields(self, value: list[Any]) -> list[Any]:
        if all(isinstance(entry, dict) and set(entry) <= set(_MANAGED_FIELDS) for entry in value):
            return value
        self._ledger.found("managed_fields")
        kept = [entry for entry in value if isinstance(entry, dict)]
        return [{name: entry[name] for name in _MANAGED_FIELDS if isinstance(entry.get(name), str)} for entry in kept]

    def _annotations(self, annotations: dict[str, Any]) -> dict[str, Any]:
        changed = {}
        for key, value in annotations.items():
            if _LAST_APPLIED in key:
                self._ledger.found("last_applied")
                continue
            changed[key] = self._annotation(key, value)
        return annotations if changed == annotations else changed

    def _annotation(self, key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return self._value(value)
        if value.lstrip()[:1] in ("{", "[") and len(value) > _SHORTEST_TEXT:
            return self._embedded(value)
        prefix, _, name = key.rpartition("/")
        if prefix == "checksum":
            return self._plain(value)
        return self._named(name or key, value)

    def _embedded(self, value: str) -> str:
        """Redact JSON inside a text: a manifest in an annotation, a configuration file."""
        try:
            parsed = json.loads(value)
            new = self._value(parsed)
        except (ValueError, RecursionError):
            return self._text.redact_file(value)
        if new is parsed:
            return self._plain(value)
        return json.dumps(new, sort_keys=True, separators=(",", ":"))

    def _body_of(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the redacted ``data`` of a Secret or ConfigMap, wherever such an object stands."""
        kind = node.get("kind")
        if kind == "Secret" or "stringData" in node:
            return {
                key: self._secret(node[key], encoded=key == "data") for key in ("data", "stringData") if key in node
            }
        if kind == "ConfigMap":
            data = node.get("data")
            return {"data": self._config_map(data)} if isinstance(data, dict) else {}
        return {}

    def _secret(self, data: Any, *, encoded: bool) -> Any:
        if not isinstance(data, dict):
            return data if data is None else MARK
        new = {key: self._secret_value(str(key), value, encoded=encoded) for key, value in data.items()}
        return data if new == data else new

    def _secret_value(self, key: str, value: Any, *, encoded: bool) -> Any:
        if value in (None, "") or (isinstance(value, str) and is_harmless(value)):
            return value
        public = public_part(value) if encoded and isinstance(value, str) else None
        if public == value:
            return value
        self._ledger.found("secret_data")
        if not isinstance(value, str):
            return MARK
        plain = _decoded(value) if encoded else value
        if plain is not None:
            self._remember(key, plain)
        if encoded:
            self._ledger.remember(value)
            return public or MARK
        return MARK

    def _remember(self, key: str, plain: str) -> None:
        if "\n" in plain.strip() or plain.lstrip().startswith(("{", "[")):
            TextRedactor(Ledger(known=self._ledger.known)).redact_file(plain)
            if "-----BEGIN " not in plain or "PRIVATE KEY" in plain:
                self._ledger.remember(plain)
            return
        if "://" in plain:
            TextRedactor(Ledger(known=self._ledger.known)).redact(plain)
            return
        if strength_of(key) is Strength.STRONG or not (names_an_address_or_user(key) or _is_plain(plain)):
            self._ledger.remember(plain)

    def _config_map(self, data: dict[str, Any]) -> dict[str, Any]:
        new = {key: self._config_value(str(key), value) for key, value in data.items()}
        return data if new == data else new

    def _config_value(self, key: str, value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return self._value(value)
        if value.lstrip()[:1] == "{" and value.rstrip()[-1:] == "}":
            return self._embedded(value)
        lowered = key.lower()
        if lowered.endswith(_PASSWORD_FILES) and not is_harmless(value):
            self._ledger.found("password_file", value)
            for line in value.splitlines():
                self._ledger.remember(line.rpartition(":")[2].strip('" '))
            return MARK
        if "\n" in value.strip() or lowered.endswith(_FILE_ENDINGS):
            return self._text.redact_file(value)
        return self._named(key, value)


def _decoded(value: str) -> str | None:
    import base64
    import binascii

    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _is_plain(value: str) -> bool:
    """Tell whether a value is a word, number, host or path rather than a secret."""
    value = value.strip()
    if value.startswith("/") or value.replace(".", "").isdigit() or is_harmless(value):
        return True
    letters = value.replace("-", "").replace("_", "")
    if letters.isalpha() and (letters.islower() or letters.isupper()):
        return True
    host = value.partition(":")[0]
    return "." in host and all(part.replace("-", "").isalnum() for part in host.split(".")) and value == value.lower()
