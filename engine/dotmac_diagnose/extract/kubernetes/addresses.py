"""Addresses of other services in environment variables, arguments and configuration files."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .environment import Variable

_TEXT_LIMIT = 64_000
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})){0,9}\.?"
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30})://([^\s\"'<>/?#;|`{}\\]{1,600})")
_HOST_PORT = re.compile(rf"({_HOST})(?::(\d{{1,5}}))?")
_CLUSTER_NAME = re.compile(
    r"(?<![\w.-])((?:[a-z0-9](?:[a-z0-9-]{0,62})\.){2,4}svc(?:\.[a-z0-9][a-z0-9.-]{0,60})?)(?::(\d{1,5}))?(?![\w-])"
)
_ADDRESS_WORDS: tuple[str, ...] = ("host", "hostname", "addr", "address", "server", "servers", "endpoint", "endpoints")
_ADDRESS_WORDS += ("url", "uri", "dsn", "broker", "brokers", "upstream")
_ADDRESS_NAME = re.compile(
    r"(?:(?:^|[_.-])(?i:host|hostname|hostaddr|addr|address|servers?|endpoints?|url|uri|dsn|brokers?|upstream)"
    r"|(?<=[a-z])(?:Host|Hostname|Addr|Address|Server|Endpoint|Url|Uri|Dsn)"
    r"|(?<=^PG)HOST|(?<=^DB)(?:HOST|URL)|(?<=^REDIS)(?:HOST|URL)|(?<=^MYSQL)HOST)$"
)
_OWN_NAME = re.compile(
    r"(?:^|[_.-])(bind|listen|allowed|advertise|virtual|cookie|mail_from|public|external)(?:[_.-]|$)|^hostname$",
    re.IGNORECASE,
)
_FILE_LINE = re.compile(
    rf"^[ \t]*(?:- )?[\"']?([\w.-]{{1,80}})[\"']?[ \t]*[:=][ \t]*[\"']?({_HOST})(?::(\d{{1,5}}))?[\"',;]?[ \t]*$",
    re.MULTILINE,
)
_MARK = re.compile(r"<redacted[^<>]{0,20}>")
_KEYWORD_DSN = re.compile(rf"(?:^|\s)host=({_HOST})(?=\s|$)")
_KEYWORD_PORT = re.compile(r"(?:^|\s)port=(\d{1,5})(?=\s|$)")
_SCHEMES = {"postgres": "postgres", "postgresql": "postgres", "redis": "redis", "rediss": "redis", "valkey": "redis"}
_PORTS = {
    5432: "postgres",
    6432: "postgres",
    6379: "redis",
    6380: "redis",
    80: "http",
    443: "http",
    8000: "http",
    8080: "http",
}
_WORDS = (
    ("postgres", re.compile(r"postgres|(?:^|_)pg(?:_|host|port|bouncer)", re.IGNORECASE)),
    ("redis", re.compile(r"redis|valkey", re.IGNORECASE)),
)
MAXIMUM_PORT = 65535
_SCHEME_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443, "redis": 6379, "rediss": 6379, "valkey": 6379}
_SCHEME_PORTS |= {"postgres": 5432, "postgresql": 5432, "amqp": 5672, "amqps": 5671, "mysql": 3306, "mongodb": 27017}


@dataclass(frozen=True, slots=True)
class Mention:
    """One address as written.

    Args:
        variable: environment variable, argument or file key.
        host: lower case, without a trailing dot.
        port: as written, or of a sibling variable.
        engine: postgres, redis or http; None when nothing tells.
        source: ``env``, ``args`` or ``ConfigMap/<name>``.
        literal: written in this place, and not put together from other variables.
        certain: the place can hold nothing but an address (URL, address variable, cluster name).
        default_port: port of the URL's scheme.
    """

    variable: str
    host: str
    port: int | None
    engine: str | None
    source: str
    literal: bool
    certain: bool
    default_port: int | None = None

    @property
    def effective_port(self) -> int | None:
        """The port that a client connects to, also when none is written."""
        return self.port if self.port is not None else self.default_port


def mentions_in_environment(variables: Mapping[str, Variable]) -> Iterator[Mention]:
    """Yield the addresses in the variables of a container."""
    for name in sorted(variables):
        variable = variables[name]
        if variable.value is None:
            continue
        if "\n" in variable.value:
            yield from mentions_in_text(name, variable.value, variable.source)
            continue
        for mention in mentions_in_value(name, variable.value, variable.source, literal=variable.literal):
            port = mention.port if mention.port is not None else _sibling_port(name, variables)
            engine = mention.engine or engine_of(None, name, port)
            same = port == mention.port and engine == mention.engine
            yield mention if same else replace(mention, port=port, engine=engine)


def mentions_in_value(name: str, value: str, source: str, *, literal: bool = True) -> Iterator[Mention]:
    """Yield the addresses in one single value."""
    found = False
    for mention in _urls_and_cluster_names(name, value, source, literal=literal):
        found = True
        yield mention
    if found:
        return
    dsn = _KEYWORD_DSN.search(value) if "host=" in value else None
    if dsn is not None:
        port = _KEYWORD_PORT.search(value)
        yield from _mention(name, dsn[1], port[1] if port else None, "postgresql", source, literal=literal)
    elif _is_address_name(name):
        for part in value.split(",")[:20]:
            match = _HOST_PORT.fullmatch(part.strip())
            if match is not None:
                yield from _mention(name, match[1], match[2], None, source, literal=literal)


def mentions_in_text(key: str, content: str, source: str) -> Iterator[Mention]:
    """Yield the addresses in a configuration file; ``key`` names the file."""
    content = content[:_TEXT_LIMIT]
    yield from _urls_and_cluster_names(key, content, source, literal=True)
    for match in _FILE_LINE.finditer(content):
        if _is_address_name(match[1]):
            yield from _mention(match[1], match[2], match[3], None, source, literal=True)


def mentions_in_words(words: list[str]) -> Iterator[Mention]:
    """Yield the addresses in command and arguments."""
    for position, word in enumerate(words):
        name, equals, value = word.partition("=")
        flag = name.lstrip("-") if word.startswith("-") else ""
        if not equals:
            following = words[position + 1] if position + 1 < len(words) else ""
            value = following if flag and not following.startswith("-") else word
        yield from mentions_in_value(flag or "args", value if flag else word, "args")


def _urls_and_cluster_names(name: str, value: str, source: str, *, literal: bool) -> Iterator[Mention]:
    if "://" in value:
        for match in _URL.finditer(_MARK.sub("x", value)):
            for part in match[2].rpartition("@")[2].split(",")[:20]:
                address = _HOST_PORT.fullmatch(part)
                if address is not None:
                    yield from _mention(name, address[1], address[2], match[1], source, literal=literal)
    if ".svc" in value:
        for match in _CLUSTER_NAME.finditer(value):
            if not value[: match.start()].endswith(("://", "@")):
                yield from _mention(name, match[1], match[2], None, source, literal=literal)


def _mention(
    name: str, host: str, port: str | None, scheme: str | None, source: str, *, literal: bool
) -> Iterator[Mention]:
    host = host.lower().rstrip(".")
    number = int(port) if port is not None and 0 < int(port) <= MAXIMUM_PORT else None
    if host != "localhost" and host and not _is_loopback(host):
        plain = (scheme or "").lower().partition("+")[0]
        engine = engine_of(scheme, name, number)
        yield Mention(name, host, number, engine, source, literal, certain=True, default_port=_SCHEME_PORTS.get(plain))


def _is_address_name(name: str) -> bool:
    """Tell whether a variable or key holds the address of another party, by its name."""
    if not name.lower().endswith(_ADDRESS_WORDS):
        return False
    return _ADDRESS_NAME.search(name) is not None and _OWN_NAME.search(name) is None


def _is_loopback(host: str) -> bool:
    address = ip_address(host)
    return address is not None and (address.is_loopback or address.is_unspecified or address.is_link_local)


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address, or None when it is a name."""
    if not host[:1].isdigit() and ":" not in host:
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def engine_of(scheme: str | None, name: str, port: int | None) -> str | None:
    """Return what answers on an address: by scheme, then by the name of the variable, then by the port."""
    if scheme is not None:
        plain = scheme.lower().partition("+")[0]
        return _SCHEMES.get(plain, "http" if plain in ("http", "https", "ws", "wss") else None)
    for engine, words in _WORDS:
        if words.search(name) is not None:
            return engine
    return _PORTS.get(port) if port is not None else None


def _sibling_port(name: str, variables: Mapping[str, Variable]) -> int | None:
    """Return the port of ``X_PORT`` for a host in ``X_HOST``, in any usual spelling."""
    match = _ADDRESS_NAME.search(name)
    if match is None or match.start() == 0:
        return None
    prefix, word = name[: match.start()], match[0]
    separator = word[0] if word[0] in "_.-" else ""
    for spelled in ("PORT", "port", "Port"):
        sibling = variables.get(f"{prefix}{separator}{spelled}")
        value = sibling.value if sibling is not None else None
        if value is not None and value.isascii() and value.isdigit() and len(value) <= 5:
            return int(value) if 0 < int(value) <= MAXIMUM_PORT else None
    return None
