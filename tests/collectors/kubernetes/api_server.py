"""An API server that misbehaves on purpose: what a real one does when it is ill cannot be ordered from it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-5up3r-s3cret"


@dataclass(frozen=True)
class Reply:
    code: int
    body: bytes
    seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


def page(items: list[dict[str, Any]], following: str = "") -> Reply:
    metadata = {"continue": following} if following else {}
    return Reply(200, json.dumps({"kind": "List", "metadata": metadata, "items": items}).encode())


def refusal(code: int, reason: str, message: str = "no") -> Reply:
    status = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return Reply(code, json.dumps(status).encode())


def pod(name: str, *, restarts: int = 0) -> dict[str, Any]:
    status = {"name": "main", "ready": not restarts, "restartCount": restarts, "state": {"running": {}}}
    return {
        "metadata": {"namespace": "shop", "name": name, "managedFields": [{"manager": "kubelet"}]},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


Answerer = Callable[[str, dict[str, str], int], Reply | None]


@dataclass
class ApiServer:
    """Its address, what it was asked, and with which credentials."""

    port: int
    asked: Counter[str] = field(default_factory=Counter)
    verbs: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)

    def kubeconfig(self, folder: Path) -> Path:
        path = folder / "config"
        cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}
        context = {"name": "lab", "context": {"cluster": "c", "user": "u"}}
        user = {"name": "u", "user": {"token": TOKEN}}
        whole = {"apiVersion": "v1", "kind": "Config", "current-context": "lab"}
        path.write_text(json.dumps({**whole, "clusters": [cluster], "contexts": [context], "users": [user]}))
        return path


@contextmanager
def api_server(answer: Answerer) -> Iterator[ApiServer]:
    """Serve; ``answer`` gets path, query and how often the path was asked before; None is an empty list."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle("GET")

        def do_POST(self) -> None:
            self._handle("POST")

        def _handle(self, verb: str) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            count = state.asked[parts.path]
            state.asked[parts.path] += 1
            state.verbs.add(verb)
            state.tokens.add(self.headers.get("authorization", ""))
            reply = answer(parts.path, query, count) or page([])
            time.sleep(reply.seconds)
            self.send_response(reply.code)
            for key, value in reply.headers:
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = ApiServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
