"""What an nginx configuration routes to, read from its text.

Only the directives that name hosts are read; includes are not followed.
Source: https://nginx.org/en/docs/http/ngx_http_upstream_module.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT_LIMIT = 256_000
_COMMENT = re.compile(r"(?m)#[^\n]*")
_UPSTREAM = re.compile(r"\bupstream\s{1,10}([\w.-]{1,200})\s{0,10}\{([^{}]{0,20000})\}")
_MEMBER = re.compile(r"\bserver\s{1,10}([^\s;]{1,300})")
_PASS = re.compile(r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s{1,10}([^\s;]{1,500})\s{0,10};")
_SET = re.compile(r"\bset\s{1,10}\$(\w{1,100})\s{1,10}[\"']?([^\s;\"']{1,500})[\"']?\s{0,10};")
_SERVER_NAME = re.compile(r"\bserver_name\s{1,10}([^;{}]{1,2000});")
_CERTIFICATE = re.compile(r"\bssl_certificate\s{1,10}([^\s;]{1,500})\s{0,10};")
_VARIABLE = re.compile(r"\$\{?(\w{1,100})\}?")
_HOST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9](?:[a-z0-9-]{0,62})){0,9}")
_ADDRESS = re.compile(r"(?:(?:https?|grpcs?)://)?([A-Za-z0-9][\w.-]{0,252})(?::(\d{1,5}))?(?:/.*)?")


@dataclass(frozen=True, slots=True)
class NginxConfiguration:
    """Addresses in a configuration.

    Args:
        backends: host and port of the servers that requests go to, sorted.
        server_names: names that clients may use, without patterns, sorted.
        certificates: paths of certificate files, sorted.
    """

    backends: tuple[tuple[str, int | None], ...]
    server_names: tuple[str, ...]
    certificates: tuple[str, ...]


def looks_like_nginx(content: str) -> bool:
    """Tell whether a text holds nginx directives."""
    return "_pass" in content or ("server" in content and "listen" in content and "{" in content)


def read_configuration(content: str) -> NginxConfiguration:
    """Read the addresses of a configuration file or fragment."""
    content = _COMMENT.sub("", content[:_TEXT_LIMIT])
    upstreams = {match[1]: _MEMBER.findall(match[2]) for match in _UPSTREAM.finditer(content)}
    variables = dict(_SET.findall(content))
    targets: list[str] = [member for members in upstreams.values() for member in members]
    for target in _PASS.findall(content):
        expanded = _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), target)
        match = _ADDRESS.fullmatch(expanded)
        if match is not None and match[1] not in upstreams:
            targets.append(expanded)
    backends = set()
    for target in targets:
        match = _ADDRESS.fullmatch(target)
        if match is not None and not target.startswith("unix:"):
            backends.add((match[1].lower().rstrip("."), int(match[2]) if match[2] else None))
    names = {name.lower() for group in _SERVER_NAME.findall(content) for name in group.split()}
    return NginxConfiguration(
        backends=tuple(sorted(backends, key=lambda item: (item[0], item[1] or 0))),
        server_names=tuple(sorted(name for name in names if _HOST_NAME.fullmatch(name) and name != "localhost")),
        certificates=tuple(sorted(set(_CERTIFICATE.findall(content)))),
    )
