"""Where to connect and as whom: everything from the address, nothing from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dotmac_diagnose.extract.server_names import server_entity

DEFAULT_PORT = 6379
_TAKEN = frozenset({"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"})
_HIGHEST_PORT = 65535


class AddressError(ValueError):
    """An address that cannot be used. The text names what is wrong and holds no secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """One server as the user named it.

    Args:
        host: name, address, or path of a Unix socket.
        port: 0 for a Unix socket.
        user: None: the default user.
        database: number.
        encrypted: TLS.
        password: in no ``repr``.
        tls: settings of redis-py for TLS.
    """

    host: str
    port: int
    user: str | None
    database: int
    encrypted: bool
    password: str | None = field(repr=False)
    tls: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def is_socket(self) -> bool:
        """It is a Unix socket."""
        return self.host.startswith("/")

    @property
    def entity(self) -> str:
        """The entity id of the server."""
        return server_entity("redis", self.host, None if self.is_socket else self.port)

    @property
    def place(self) -> str:
        """Host and port for people."""
        return self.host if self.is_socket else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address.

    Args:
        text: ``redis://user:password@host:port/0``, ``rediss://…`` or ``unix:///path``.

    Raises:
        AddressError: it is none, or it asks for something that is not known.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressError("not an address: write redis://user@host:6379/0") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise AddressError("not an address of Redis: write redis://host:6379, rediss://host:6379 or unix:///path")
    asked = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    unknown = sorted(set(asked) - _TAKEN)
    if unknown:
        raise AddressError(f"{unknown[0][:40]} is not taken in an address of Redis")
    is_socket = parts.scheme == "unix"
    if is_socket and not parts.path.startswith("/"):
        raise AddressError("unix:// needs the path of the socket: write unix:///run/redis/redis.sock")
    if not is_socket and port is not None and not 0 < port <= _HIGHEST_PORT:
        raise AddressError("the port of the address is none")
    return Address(
        host=unquote(parts.path) if is_socket else unquote(parts.hostname or "localhost"),
        port=0 if is_socket else port or DEFAULT_PORT,
        user=unquote(parts.username) if parts.username else None,
        database=_database(asked.get("db") or ("" if is_socket else parts.path.strip("/"))),
        encrypted=parts.scheme == "rediss",
        password=unquote(parts.password) if parts.password else None,
        tls=_tls(asked) if parts.scheme == "rediss" else {},
    )


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise AddressError("the database of the address is no number")
    return int(text)


def _tls(asked: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name, value in asked.items() if name.startswith("ssl_") and value}
    if found.get("ssl_cert_reqs", "required") not in ("required", "none"):
        raise AddressError("ssl_cert_reqs is required or none")
    checks = str(found.get("ssl_check_hostname", "true")).lower() not in ("false", "no", "0")
    # A certificate that is not verified has no name to compare.
    found["ssl_check_hostname"] = checks and found.get("ssl_cert_reqs") != "none"
    return found
