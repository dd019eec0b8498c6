"""Where to connect and as whom: everything from the connection string, nothing from the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dotmac_diagnose.errors import NotApplicable, Unavailable
from dotmac_diagnose.extract.server_names import server_entity

_TAKEN = frozenset(
    {
        "host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey",
        "sslcrl", "sslpassword", "sslnegotiation", "sslsni", "channel_binding", "gssencmode", "target_session_attrs",
        "application_name", "ssl_min_protocol_version",
    }
)  # fmt: skip
_READ_ONLY = (
    "-c statement_timeout={milliseconds} -c lock_timeout=1000 -c default_transaction_read_only=on "
    "-c idle_in_transaction_session_timeout=10000 -c jit=off"
)


@dataclass(frozen=True, slots=True)
class Address:
    """One server as the user named it.

    Args:
        host: name, address or socket folder; the first one when several are given.
        port: of this host.
        user: role.
        database: None: named as the role.
        parameters: libpq settings, the password among them; in no ``repr``.
    """

    host: str
    port: int
    user: str
    database: str
    parameters: dict[str, Any] = field(repr=False)

    def entity(self, server_type: str) -> str:
        """Return the entity id of the server."""
        return server_entity(server_type, self.host, self.port)

    def login(self, probe_seconds: float) -> dict[str, Any]:
        """Return libpq settings for a login as an ordinary client makes it."""
        return self.parameters | {"connect_timeout": max(2, round(probe_seconds))}

    def session(self, probe_seconds: float) -> dict[str, Any]:
        """Return libpq settings for the session that asks: it cannot write, and waits for nobody."""
        milliseconds = max(500, round(probe_seconds * 1000) - 250)
        return self.login(probe_seconds) | {"options": _READ_ONLY.format(milliseconds=milliseconds)}


class AddressError(ValueError):
    """A connection string that cannot be used. The text names what is wrong and holds no secret."""


def addresses_of(texts: Sequence[str], option: str, default_port: int, *, database: str | None = None) -> list[Address]:
    """Read the connection strings of an option.

    Args:
        texts: connection strings.
        option: its name, for errors.
        default_port: when none is written.
        database: when none is written; None: named as the role.

    Raises:
        NotApplicable: there is none.
        Unavailable: one cannot be used.
    """
    if not texts:
        raise NotApplicable("no server is named", where=option, hint=f"Name one with {option}.")
    found: list[Address] = []
    for number, text in enumerate(texts, start=1):
        try:
            found.append(parse_address(text, default_port, database=database))
        except AddressError as error:
            raise Unavailable(f"connection string {number} of {option}: {error}") from None
    return found


def parse_address(text: str, default_port: int, *, database: str | None = None) -> Address:
    """Read one connection string.

    Args:
        text: ``postgresql://…`` or ``host=… user=…``.
        default_port: when none is written.
        database: when none is written; None: named as the role.

    Raises:
        AddressError: it is no connection string, or it names a service or password file.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        words = {key: str(value) for key, value in conninfo_to_dict(text).items() if value is not None}
    except ProgrammingError:
        # The text of libpq may quote the string, with its password.
        raise AddressError("not a connection string: write postgresql://user@host/database") from None
    unknown = sorted(set(words) - _TAKEN)
    if unknown:
        raise AddressError(f"{unknown[0]} is not taken in a connection string: name host, port, user and dbname")
    host = (words.get("host") or words.get("hostaddr") or "localhost").split(",")[0]
    port_text = words.get("port", "").split(",")[0]
    port = int(port_text) if port_text.isdigit() else default_port
    user = words.get("user") or "postgres"
    name = words.get("dbname") or database or user
    return Address(host, port, user, name, _explicit(words, host, port, user, name))


def _explicit(words: dict[str, str], host: str, port: int, user: str, database: str) -> dict[str, Any]:
    """Set every setting that libpq would else look up in PG* variables, a service file or a password file."""
    named = {key: value for key, value in words.items() if key not in {"host", "hostaddr", "port", "user", "dbname"}}
    checked = named.get("sslmode") in {"require", "verify-ca", "verify-full"}
    explicit: dict[str, Any] = {
        "sslmode": "prefer",
        "gssencmode": "disable",
        "channel_binding": "prefer",
        "target_session_attrs": "any",
        "application_name": "diagnose",
        "hostaddr": words.get("hostaddr", "").split(",")[0],
        "passfile": "/dev/null/none",
        "password": "",
        # A password goes unencrypted to nobody, and a client certificate only where one is named.
        **({} if checked else {"require_auth": "!password"}),
        **({} if "sslcert" in named else {"sslcertmode": "disable"}),
        **named,
        "host": host,
        "port": port,
        "user": user,
        "dbname": database,
        "options": "",
        "client_encoding": "UTF8",
    }
    return _without_environment(explicit)


def _without_environment(explicit: dict[str, Any]) -> dict[str, Any]:
    """Set what a PG* variable would set to libpq's own default, and leave out what this libpq does not know."""
    from psycopg.pq import Conninfo

    known = {option.keyword.decode(): option for option in Conninfo.get_defaults()}
    settings = {name: value for name, value in explicit.items() if name in known}
    for name, option in known.items():
        if name not in settings and option.envvar is not None and option.envvar.decode() in os.environ:
            settings[name] = (option.compiled or b"").decode()
    if "PGSERVICE" in os.environ:
        # libpq reads the service file whatever else is set, and fails when it does not know the service.
        raise AddressError("PGSERVICE is set, and libpq cannot be told to ignore it: unset it")
    return settings
