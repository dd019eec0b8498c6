"""An image registry that has no image: registry.py LOG ADDRESS PORT.

Containerd names the registry it means in the query (?ns=private.lab): private.lab answers 401, busy.lab 429,
all others 404.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANSWERS = {
    "private.lab": (401, "UNAUTHORIZED", "authentication required"),
    "busy.lab": (429, "TOOMANYREQUESTS", "You have reached your pull rate limit."),
}
UNKNOWN = (404, "MANIFEST_UNKNOWN", "manifest unknown")


class Registry(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        named = self.path.partition("ns=")[2].partition("&")[0]
        status, code, message = ANSWERS.get(named, UNKNOWN)
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", f'Basic realm="{named}"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", buffering=1) as log, redirect_stderr(log):
        ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), Registry).serve_forever()
