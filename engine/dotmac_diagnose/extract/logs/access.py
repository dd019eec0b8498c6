"""Access lines of proxies and servers, and their counts over the last two minutes.

Sources: nginx ``log_format combined``, the default formats of ingress-nginx, Traefik,
Envoy, Caddy, uvicorn, gunicorn and Apache.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.facts.logs import AccessLog

from .moments import moment_of_common_log, moment_of_text
from .structured import first_text, json_object, scalar_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WINDOW_SECONDS = 120.0
"""Length of the window before the capture."""
SLOW_SECONDS = 2.0

_LINE = re.compile(
    r'"?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) ([^\s"]{1,4096})(?: HTTP/[\d.]{1,5})?" (\d{3})\b',
    re.ASCII,
)
_FIELD = re.compile(
    r"\b(rt|us|ua|upstream|upstream_addr|request_time|vhost)="
    r"\"?([^\s\",]{1,200}(?:(?:,| :) [^\s\",]{1,200}){0,8})",
    re.ASCII,
)
_INGRESS = re.compile(r'" \d{1,12} (\d{1,9}\.\d{3}) \[([^\]]{0,200})\] \[[^\]]{0,200}\] (\S{1,200})', re.ASCII)
_TRAEFIK = re.compile(r'(?<!\d)\d{1,12} "([^"]{1,200})" "([^"]{1,200})" (\d{1,12})ms\Z', re.ASCII)
_ENVOY = re.compile(r'" "([^" ]{1,200}:\d+)"\Z')
_PORT = re.compile(r":(\d{1,5})\Z", re.ASCII)
_PROBE_PATH = re.compile(
    r"(?:/api|/v\d)?/-?/?(?:health[a-z]*|live(?:z|ness)?|ready(?:z)?|readiness|ping|status|metrics|stub_status)(?:[/?]|\Z)"
)
_STATUS_KEYS = ("status", "status_code", "response_code", "DownstreamStatus", "statusCode")
_METHOD_KEYS = ("method", "request_method", "RequestMethod", "http_method")
_PATH_KEYS = ("path", "uri", "request_uri", "url", "RequestPath", "http_path")
_BACKEND_KEYS = (
    "upstream_addr",
    "upstream",
    "proxy_upstream_name",
    "upstream_cluster",
    "upstream_host",
    "ServiceURL",
    "ServiceName",
    "vhost",
    "server_name",
)
_SECONDS_KEYS = ("request_time", "rt")
_MILLISECONDS_KEYS = ("duration_ms", "response_time_ms", "latency_ms", "elapsed_ms")


@dataclass(frozen=True, slots=True)
class Access:
    """One answered request.

    Args:
        method: HTTP method.
        path: path or URL as written.
        status: HTTP status.
        backend: upstream address or name as written, the last one when several were tried.
        seconds: duration, None when the line does not tell.
        moment: time that the line itself tells, in UTC.
        probe: asked by a kubelet or a monitor, not by a user.
    """

    method: str
    path: str
    status: int
    backend: str | None = None
    seconds: float | None = None
    moment: datetime | None = None
    probe: bool = False

    @property
    def template(self) -> str:
        """What is equal in answers of one kind: method, first part of the path, status."""
        first = self.path.partition("?")[0].split("/")
        return f"{self.method} /{first[1] if len(first) > 1 else ''} {self.status}"


def parse_access(text: str) -> Access | None:
    """Return the answered request that a line tells of, or None."""
    if text[:1] == "{":
        data = json_object(text) if any(f'"{key}"' in text for key in _STATUS_KEYS) else None
        return _from_json(data) if data is not None else None
    if '" ' not in text:
        return None
    match = _LINE.search(text, 0, 8192)
    if match is None:
        return None
    method, path, status = match.group(1), match.group(2), int(match.group(3))
    backend, seconds = _upstream(text[match.end(3) :])
    probe = _PROBE_PATH.match(path) is not None or "kube-probe/" in text or "GoogleHC" in text
    return Access(method, path, status, backend, seconds, moment_of_common_log(text), probe)


def _upstream(tail: str) -> tuple[str | None, float | None]:
    """Return backend and duration from what follows the status."""
    fields = dict(_FIELD.findall(tail))
    backend = fields.get("ua") or fields.get("upstream_addr") or fields.get("upstream") or fields.get("vhost")
    seconds = _number(fields.get("rt") or fields.get("request_time"))
    if not fields:
        ingress, traefik, envoy = _INGRESS.search(tail), _TRAEFIK.search(tail), _ENVOY.search(tail[-260:])
        if ingress is not None:
            backend = ingress.group(2) if ingress.group(2) not in {"", "-"} else ingress.group(3)
            seconds = float(ingress.group(1))
        elif traefik is not None:
            backend, seconds = traefik.group(2), int(traefik.group(3)) / 1000
        elif envoy is not None:
            backend = envoy.group(1)
    return _last(backend), seconds


def _last(backend: str | None) -> str | None:
    if backend is None:
        return None
    last = backend.replace(" : ", ",").rpartition(",")[2].strip()
    return None if last in {"", "-"} else last


def _number(text: str | None) -> float | None:
    if text is None or len(text) > 20 or re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII) is None:
        return None
    return float(text)


def _from_json(data: Mapping[str, Any]) -> Access | None:
    status = _number(first_text(data, _STATUS_KEYS))
    request = data.get("request")
    if status is None or not 100 <= status <= 599 or status != int(status):
        return None
    if isinstance(request, str):
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0]
    else:
        nested = {**data, **request} if isinstance(request, dict) else data
        method, path = first_text(nested, _METHOD_KEYS) or "", first_text(nested, _PATH_KEYS) or ""
    if not method or not path or not method.isupper():
        return None
    agent = first_text(data, ("http_user_agent", "user_agent", "userAgent")) or ""
    probe = _PROBE_PATH.match(path) is not None or agent.startswith("kube-probe/")
    time = first_text(data, ("time_iso8601", "time", "timestamp", "@timestamp", "ts", "time_local"))
    moment = (moment_of_text(time) or moment_of_common_log(time)) if time else None
    return Access(method, path, int(status), _last(first_text(data, _BACKEND_KEYS)), _seconds(data), moment, probe)


def _seconds(data: Mapping[str, Any]) -> float | None:
    seconds = _number(first_text(data, _SECONDS_KEYS))
    if seconds is not None:
        return seconds
    milliseconds = _number(first_text(data, _MILLISECONDS_KEYS))
    if milliseconds is not None:
        return milliseconds / 1000
    if "DownstreamStatus" in data:
        nanoseconds = _number(scalar_text(data.get("Duration")))
        return nanoseconds / 1e9 if nanoseconds is not None else None
    duration = data.get("duration")
    return duration if isinstance(duration, float) else None


def summarize(
    accesses: Iterable[tuple[datetime, Access]], captured_at: datetime, covered_seconds: float | None
) -> list[AccessLog]:
    """Count the answers of the last two minutes per backend.

    Requests of kubelets and monitors do not count: they tell of the server's health, not of its users.

    Args:
        accesses: moments and answered requests of one log, in any order.
        captured_at: end of the window, in UTC.
        covered_seconds: how far back the log reaches.
    """
    since = captured_at - timedelta(seconds=WINDOW_SECONDS)
    groups: dict[str | None, list[Access]] = defaultdict(list)
    for moment, access in accesses:
        if moment >= since and not access.probe:
            groups[access.backend].append(access)
    window = min(WINDOW_SECONDS, covered_seconds) if covered_seconds is not None else WINDOW_SECONDS
    return [_counts(backend, groups[backend], window) for backend in sorted(groups, key=lambda name: name or "")]


def _counts(backend: str | None, accesses: list[Access], window: float) -> AccessLog:
    statuses = [access.status for access in accesses]
    total = len(statuses)
    server_errors = sum(status >= 500 for status in statuses)
    port = _PORT.search(backend) if backend is not None else None
    return AccessLog(
        backend=backend,
        requests=total,
        status_5xx=server_errors,
        status_500=statuses.count(500),
        status_502=statuses.count(502),
        status_503=statuses.count(503),
        status_504=statuses.count(504),
        status_4xx=sum(400 <= status < 500 for status in statuses),
        status_401=statuses.count(401),
        status_403=statuses.count(403),
        status_429=statuses.count(429),
        slow=sum(access.seconds is not None and access.seconds > SLOW_SECONDS for access in accesses),
        window_seconds=round(window, 1),
        percent_5xx=round(100 * server_errors / total, 1),
        percent_401=round(100 * statuses.count(401) / total, 1),
        backend_port=int(port.group(1)) if port is not None else None,
    )
