"""What a server is called when no profile names it: its host, and its port when that is not the usual one."""

from __future__ import annotations

import re

from dotmac_diagnose.facts import entity_id

_DEFAULT_PORTS = {"postgres": 5432, "pgbouncer": 6432, "redis": 6379}
_CLUSTER_SUFFIX = re.compile(r"\.svc(?:\.[a-z0-9.-]+)?$")


def server_entity(server_type: str, host: str | None, port: int | None) -> str:
    """Return the entity id of a server.

    Args:
        server_type: postgres, pgbouncer or redis.
        host: name, address, or folder of a Unix socket; None or a folder: ``local``.
        port: None: the usual one.

    Returns:
        For example ``postgres/db.prod`` or ``postgres/local:5433``.
    """
    default = _DEFAULT_PORTS[server_type]
    if not host or host.startswith(("/", "@")):
        name = "local"
    else:
        name = _CLUSTER_SUFFIX.sub("", host.lower().rstrip("."))
        name = f"[{name}]" if ":" in name else name
    return entity_id(server_type, name if port in (None, default) else f"{name}:{port}")
