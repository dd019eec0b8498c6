"""Which names announce a secret: environment variables, keys, flags, headers."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_NAME = 256
_STEMS = (
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "secret",
    "apikey",
    "credential",
    "privatekey",
    "accesskey",
    "accountkey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "authtoken",
    "accesstoken",
    "connectionstring",
)
_ENDINGS = ("token", "pwd", "pass", "masterauth")
_ONLY = frozenset({"pw", "psk", "auth", "authorization", "bearer", "cookie", "kubeconfig", "pat", "pgpass", "otp"})
_NO_PASS = frozenset({"bypass", "compass", "trespass", "surpass", "encompass"})
_BEFORE_KEY = frozenset(
    {
        "access", "account", "api", "app", "auth", "client", "deploy", "encryption", "fernet", "hmac", "host",
        "license", "master", "private", "rsa", "secret", "service", "session", "shared", "sign", "signing", "ssh",
        "storage", "tls",
    }
)  # fmt: skip
_WEAK = frozenset(
    {"key", "keys", "salt", "session", "signature", "sig", "sid", "jwt", "seed", "pin", "dsn", "license", "code"}
)
_HARMLESS_LAST = frozenset(
    {
        "age", "alg", "algorithm", "annotation", "annotations", "attempts", "audience", "backend", "cache", "check",
        "class", "controller", "count", "dir", "directory", "enabled", "disabled", "encryption", "endpoint",
        "exists", "expire", "expired", "expires", "expiration", "expiry", "field", "file", "files", "format",
        "header", "host", "hostname", "hours", "days", "id", "index", "interval", "issuer", "kind", "label",
        "labels", "length", "lifetime", "limit", "manager", "max", "method", "min", "minutes", "mode", "mount",
        "name", "names", "namespace", "path", "paths", "policy", "port", "prefix", "provider", "realm", "ref",
        "refs", "reload", "required", "review", "revision", "rotation", "scope", "scopes", "seconds", "selector",
        "service", "size", "status", "store", "suffix", "timeout", "ttl", "type", "url", "uri", "user", "username",
        "validation", "version", "volume",
    }
)  # fmt: skip


class Strength(IntEnum):
    """How sure a name makes that its value is secret."""

    NONE = 0
    WEAK = 1
    STRONG = 2


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``dbPassword``, ``DB_PASSWORD`` and ``db-password`` give the same."""
    return [word.lower() for word in _WORD.findall(name[:_LONGEST_NAME])]


@lru_cache(maxsize=4096)
def strength_of(name: str) -> Strength:
    """Tell how sure a name makes that the value is secret.

    ``DB_PASSWORD`` is sure, ``SESSION_KEY`` needs a value that looks random, and
    ``PASSWORD_FILE``, ``TOKEN_TTL`` or ``secretName`` are names of something else.
    """
    words = [word for word in words_of(name) if not word.isdigit()]
    if not words or name in ("PWD", "OLDPWD") or name.startswith("checksum/"):
        return Strength.NONE
    last = words[-1]
    if last in _HARMLESS_LAST:
        return Strength.NONE
    if any(_is_secret_word(word) for word in words) or (
        last in ("key", "keys") and len(words) > 1 and words[-2] in _BEFORE_KEY
    ):
        return Strength.STRONG
    return Strength.WEAK if last in _WEAK else Strength.NONE


def _is_secret_word(word: str) -> bool:
    if word in _NO_PASS:
        return False
    return word in _ONLY or word.endswith(_ENDINGS) or word == "tokens" or any(stem in word for stem in _STEMS)


def names_an_address_or_user(name: str) -> bool:
    """Tell whether a key of a Secret holds what a reader of an error message needs: host, user, database."""
    words = words_of(name)
    return bool(words) and words[-1] in _PLAIN_LAST


_PLAIN_LAST = frozenset(
    {
        "host", "hosts", "hostname", "port", "user", "username", "login", "database", "db", "dbname", "name",
        "namespace", "region", "bucket", "email", "mail", "server", "servers", "address", "endpoint", "crt", "cert",
        "ca", "mode", "type", "scheme", "version", "path", "file", "environment", "env", "level", "domain",
        "account", "issuer",
    }
)  # fmt: skip
