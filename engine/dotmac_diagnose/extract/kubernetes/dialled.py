"""Who talks to whom by what they log: addresses in messages of trouble that Services or servers have.

Where the configuration of a client is not in the capture, or names its server through a
variable nobody can read, a message such as ``connection to server at "10.96.0.7", port 5432
failed`` still tells which server it uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from dotmac_diagnose.facts import Fact, Relation, entity_id, entity_namespace
from dotmac_diagnose.facts.logs import LogMessage

from .discovery import Discovery

_HOST = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9][A-Za-z0-9_-]{0,62}){0,9}"
_FORMS = (
    re.compile(rf'server at "({_HOST})"(?: \([0-9.:a-f]+\))?, port (\d{{1,5}})'),
    re.compile(rf"host ['\"]?({_HOST})['\"]?(?: \([0-9.]+\))? and accepting TCP/IP connections on port (\d{{1,5}})"),
    re.compile(rf"host=['\"]({_HOST})['\"], port=(\d{{1,5}})"),
    re.compile(rf"(?<![\w.-])({_HOST}):(\d{{2,5}})(?![\w-])(?![.:]\d)"),
)
_MOST = 8
_ENGINES = ("postgres", "pgbouncer", "redis")

Dialled = Callable[[Iterable[Fact]], Iterator[Relation]]
"""From the facts of logs to the relations that their messages show."""


def dialled_by(discovery: Discovery) -> Dialled:
    """Return what finds the servers that messages name, with the wiring of one cluster."""

    def relations(facts: Iterable[Fact]) -> Iterator[Relation]:
        for item in facts:
            if isinstance(item.values, LogMessage):
                namespace = entity_namespace(item.entity)
                if namespace is not None:
                    yield from _of_message(discovery, item.entity, namespace, item.values.text)

    return relations


def addresses_in(message: str) -> list[tuple[str, int]]:
    """Return hosts with ports that a message names, at most eight."""
    found = {(host, int(port)): None for form in _FORMS for host, port in form.findall(message[:2000])}
    return list(found)[:_MOST]


def _of_message(discovery: Discovery, client: str, namespace: str, message: str) -> Iterator[Relation]:
    for host, _ in addresses_in(message):
        resolution = discovery.names.resolve(host.lower(), namespace)
        if resolution.service is None or not resolution.exists:
            continue
        servers = discovery.servers_of_service.get(resolution.service, ())
        if any(client in server.workloads for server in servers):
            continue
        yield Relation("uses", client, entity_id("service", *resolution.service))
        for server in servers:
            if server.engine in _ENGINES:
                yield Relation("uses", client, server.entity)
