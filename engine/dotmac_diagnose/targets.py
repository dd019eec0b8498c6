"""What a live run may look at: named by the user, never guessed.

Addresses may hold passwords. They are read from the environment, from a file or from an
option, are used by the collector of that target alone, and appear in no text: ``repr``,
:meth:`Targets.labels` and everything that is printed or saved go without them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import unquote

from dotmac_diagnose.errors import UsageError

_KEYWORD = re.compile(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))")
_QUERY_PASSWORD = re.compile(r"(?i)[?&](?:password|sslpassword|token|secret)=([^&]+)")
_SINGLE = frozenset({"context", "kubeconfig"})


@dataclass(frozen=True, slots=True, repr=False)
class Targets:
    """What a live run may look at.

    Lists are taken as well as tuples. An empty field means that there is no such target.

    Args:
        postgres: connection strings of PostgreSQL servers: ``postgresql://…`` or ``host=… user=…``.
        pgbouncer: connection strings of the ``pgbouncer`` database of PgBouncer servers.
        redis: ``redis://…``, ``rediss://…`` or ``unix://…`` addresses.
        urls: ``http://…`` or ``https://…`` addresses that users open.
        namespaces: namespaces of the cluster; empty with a context or kubeconfig means all.
        context: Kubernetes context.
        kubeconfig: path of the kubeconfig file.
        log_files: log files on this machine.
        server_data: data folders of servers on this machine, for example that of PostgreSQL.

    Raises:
        UsageError: a list is a single text, or an entry is empty or no text.
    """

    postgres: Sequence[str] = ()
    pgbouncer: Sequence[str] = ()
    redis: Sequence[str] = ()
    urls: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    context: str | None = None
    kubeconfig: str | Path | None = None
    log_files: Sequence[str | Path] = ()
    server_data: Sequence[str | Path] = ()

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name not in _SINGLE:
                object.__setattr__(self, item.name, _checked(item.name, getattr(self, item.name)))

    def __repr__(self) -> str:
        return f"Targets({', '.join(self.labels())})"

    def __bool__(self) -> bool:
        return any(getattr(self, item.name) for item in fields(self))

    def labels(self) -> tuple[str, ...]:
        """Return one text per target for people, without user and password: ``postgres db.internal:5432``."""
        found = [f"{kind} {address_of(text)}" for kind, text in self._addresses()]
        found += [f"namespace {name}" for name in self.namespaces]
        found += [f"context {self.context}"] if self.context else []
        found += [f"kubeconfig {self.kubeconfig}"] if self.kubeconfig else []
        found += [f"log {path}" for path in self.log_files]
        found += [f"data {path}" for path in self.server_data]
        return tuple(found)

    def secrets(self) -> frozenset[str]:
        """Return the passwords in the addresses, so that redaction finds them in what servers answer."""
        return frozenset(secret for _, text in self._addresses() for secret in passwords_in(text))

    def _addresses(self) -> Iterator[tuple[str, str]]:
        yield from (("postgres", text) for text in self.postgres)
        yield from (("pgbouncer", text) for text in self.pgbouncer)
        yield from (("redis", text) for text in self.redis)
        yield from (("url", text) for text in self.urls)


IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def default_cluster() -> Targets:
    """Return the cluster that kubectl would take without options; no target when there is none.

    That is the one of ``$KUBECONFIG`` or ``~/.kube/config``; inside a pod, its own namespace.
    """
    named = os.environ.get("KUBECONFIG", "").strip()
    usual = Path.home() / ".kube" / "config"
    if named or usual.is_file():
        return Targets(kubeconfig=named or usual)
    try:
        namespace = (IN_CLUSTER / "namespace").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return Targets()
    return Targets(namespaces=[namespace]) if namespace else Targets()


def _checked(name: str, values: object) -> tuple[str | Path, ...]:
    if isinstance(values, str | Path) or not isinstance(values, Sequence):
        raise UsageError(f"{name} takes a list", where="Targets", hint=f"Write {name}=[...].")
    for value in values:
        if not isinstance(value, str | Path) or not str(value).strip():
            raise UsageError(f"{name} holds an entry that is empty or no text", where="Targets", hint="Leave it out.")
    return tuple(dict.fromkeys(values))


def address_of(text: str) -> str:
    """Return the host, port and path of a URL, or the host and port of a ``host=…`` string; nothing secret."""
    if "://" not in text:
        words = _words_of(text)
        host = words.get("host") or words.get("hostaddr") or "localhost"
        return f"{host}:{words['port']}" if words.get("port") else host
    scheme, _, rest = text.partition("://")
    place = re.split(r"[?#]", _split_userinfo(rest)[1], maxsplit=1)[0]
    if scheme.lower() in {"http", "https"}:
        return f"{scheme}://{place}"
    host, _, path = place.partition("/")
    return host or (f"/{path}" if scheme == "unix" else "localhost")


def passwords_in(text: str) -> tuple[str, ...]:
    """Return the passwords in an address, as written and decoded."""
    if "://" not in text:
        words = _words_of(text)
        return tuple(words[key] for key in ("password", "sslpassword") if words.get(key))
    userinfo, place = _split_userinfo(text.partition("://")[2])
    found = [userinfo.partition(":")[2], *_QUERY_PASSWORD.findall(place)]
    return tuple(dict.fromkeys(form for secret in found if secret for form in (secret, unquote(secret))))


def _split_userinfo(rest: str) -> tuple[str, str]:
    """Return user and password, and what follows them.

    A password may hold ``/``, ``?`` and ``@`` that nobody encoded: what stands before the last ``@``
    belongs to it unless the part before the first ``/`` is a plain host and port.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if re.fullmatch(r"[^@:]*|\[[^@\]]*\](?::\d*)?|[^@:]*:\d*", authority) and "@" not in authority:
        return "", rest
    userinfo, _, place = rest.rpartition("@")
    return userinfo, place


def _words_of(text: str) -> dict[str, str]:
    """Return the settings of a libpq ``key=value`` string."""
    return {
        match[1]: re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _KEYWORD.finditer(text)
    }
