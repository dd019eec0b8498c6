"""The way to the API server: the official client configures and authenticates, answers stay raw."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import NotApplicable, Unavailable
from dotmac_diagnose.targets import IN_CLUSTER

if TYPE_CHECKING:
    from dotmac_diagnose.targets import Targets

_TRIES = 3
_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API server: HTTP status and body; 0 when there was none, with the reason."""

    code: int
    body: bytes = b""
    reason: str = ""


@dataclass(slots=True)
class Connection:
    """An API server.

    Args:
        client: ``kubernetes.client.ApiClient``.
        context: name of the context, None inside a cluster.
        deadline: moment of :func:`time.monotonic` after which nothing is asked.
        probe_seconds: longest time for one request.
    """

    client: Any
    context: str | None
    deadline: float
    probe_seconds: float

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """Ask, and ask again twice when the server is busy or failing for the moment."""
        answer = self._once(path, query)
        for number in range(1, _TRIES):
            if answer.code not in _AGAIN or self.deadline - time.monotonic() < number:
                break
            time.sleep(min(_LONGEST_PAUSE, 0.2 * 2**number))
            answer = self._once(path, query)
        return answer

    def _once(self, path: str, query: Mapping[str, str | int] | None) -> Answer:
        seconds = min(self.probe_seconds, self.deadline - time.monotonic())
        if seconds <= 0.05:
            return Answer(0, reason="the time of the run is over")
        headers = {"Accept": "application/json", **_credentials(self.client.configuration)}
        url = f"{self.client.configuration.host}{path}"
        try:
            response = self.client.rest_client.pool_manager.request(
                "GET", url, fields=dict(query or {}), headers=headers, timeout=seconds, retries=False, redirect=False
            )
        except Exception as error:  # noqa: BLE001 -- urllib3, ssl and plugins for credentials raise what they like
            return Answer(0, reason=_one_line(error))
        return Answer(response.status, response.data, str(response.reason or ""))

    def credentials(self) -> tuple[str, ...]:
        """Return the words of the credentials that are sent, without the name of their scheme."""
        return tuple(value.rpartition(" ")[2] for value in _credentials(self.client.configuration).values())

    def close(self) -> None:
        """Give up the connections."""
        self.client.close()


def _credentials(settings: Any) -> dict[str, str]:
    """Return the headers of the credentials; a plugin may renew them here."""
    return {
        str(item["key"]): str(item["value"])
        for item in settings.auth_settings().values()
        if item.get("in") == "header" and item.get("value")
    }


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n", 1)[0][:300]


def wants_cluster(targets: Targets) -> bool:
    """Tell whether a cluster is named."""
    return bool(targets.context or targets.kubeconfig or targets.namespaces)


def open_connection(targets: Targets, deadline: float, probe_seconds: float) -> Connection:
    """Configure a client as kubectl would.

    Raises:
        NotApplicable: no cluster is named.
        Unavailable: the kubeconfig cannot be used.
    """
    if not wants_cluster(targets):
        raise NotApplicable("no cluster is named", hint="Name one with --context, --kubeconfig or --namespace.")
    from kubernetes import client, config
    from kubernetes.config.config_exception import ConfigException

    file = str(targets.kubeconfig) if targets.kubeconfig else None
    settings = client.Configuration()
    try:
        if file is None and not targets.context and not _has_kubeconfig() and (IN_CLUSTER / "token").is_file():
            load_incluster: Any = config.load_incluster_config
            load_incluster(client_configuration=settings)
            context = None
        else:
            load: Any = config.load_kube_config
            load(config_file=file, context=targets.context, client_configuration=settings, persist_config=False)
            context = targets.context or _current_context(config, file)
    except (ConfigException, OSError, ValueError, TypeError, KeyError) as error:
        raise Unavailable(f"the kubeconfig cannot be used: {error}", hint="Try: kubectl config view") from error
    settings.retries = False
    settings.connection_pool_maxsize = 8
    return Connection(client.ApiClient(settings), context, deadline, probe_seconds)


def _has_kubeconfig() -> bool:
    return bool(os.environ.get("KUBECONFIG")) or (Path.home() / ".kube" / "config").is_file()


def _current_context(config: Any, file: str | None) -> str | None:
    _, active = config.list_kube_config_contexts(config_file=file)
    name = active.get("name") if isinstance(active, dict) else None
    return name if isinstance(name, str) else None
