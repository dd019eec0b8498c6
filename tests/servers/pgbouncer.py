"""Real PgBouncers, Debian's package."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .postgres import PostgresServer
from .process import free_port, missing, server_folder, start_as_server, wait_until

_BINARIES = ("/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer")


class PgBouncer:
    """One PgBouncer in front of one server."""

    def __init__(self, upstream_port: int, user: str = "plain", **settings: str) -> None:
        self.port = free_port()
        self.folder = server_folder()
        self.process: subprocess.Popen[bytes] | None = None
        lines = {
            "listen_addr": "127.0.0.1", "listen_port": str(self.port), "auth_type": "any", "unix_socket_dir": "",
            "pool_mode": "transaction", "admin_users": "boss", "stats_users": "watcher", "default_pool_size": "2",
            "ignore_startup_parameters": "", **settings,
        }  # fmt: skip
        text = f"[databases]\nshop = host=127.0.0.1 port={upstream_port} dbname=shop user={user}\n[pgbouncer]\n"
        self._file = self.folder / "pgbouncer.ini"
        self._file.write_text(text + "".join(f"{name} = {value}\n" for name, value in lines.items()))

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        binary = next((path for path in _BINARIES if shutil.which(path)), None)
        if binary is None:
            missing("PgBouncer")
            raise AssertionError
        self.process = start_as_server([binary, str(self._file)], folder=self.folder, log=self.folder / "log")
        wait_until(self._listens, what="PgBouncer")

    def remove(self) -> None:
        """Stop it and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def console(self, user: str = "watcher") -> str:
        """Return the connection string of the console."""
        return f"host=127.0.0.1 port={self.port} user={user}"

    def dsn(self) -> str:
        """Return a connection string through the pool."""
        return f"host=127.0.0.1 port={self.port} user=app dbname=shop"

    @property
    def entity(self) -> str:
        """The entity id that the collector gives it."""
        return f"pgbouncer/127.0.0.1:{self.port}"

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def pgbouncer(server: PostgresServer | int, user: str = "plain", **settings: str) -> Iterator[PgBouncer]:
    """Run a PgBouncer in front of a server (or of a port), which logs in there as a user."""
    pooler = PgBouncer(server if isinstance(server, int) else server.port, user, **settings)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.remove()
