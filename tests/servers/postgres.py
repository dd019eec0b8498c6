"""Real PostgreSQL servers, 12 to 18."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from .process import free_port, missing, run_as_server, server_folder, start_as_server, wait_until

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "servers"
PASSWORD = "correct horse 7"
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "max_prepared_transactions": "5",
    "wal_level": "logical",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "shared_preload_libraries": "pg_stat_statements",
    "password_encryption": "scram-sha-256",
    "autovacuum_naptime": "3600",
    "log_lock_waits": "on",
    "lc_messages": "C",
}
_HBA = """local all all trust
host all keyed 127.0.0.1/32 scram-sha-256
host all barred 127.0.0.1/32 reject
host replication all 127.0.0.1/32 trust
host all all 127.0.0.1/32 trust
"""


def versions() -> tuple[int, ...]:
    """Return the versions to test: the variable POSTGRES_VERSIONS, else the oldest and the newest."""
    return tuple(int(word) for word in os.environ.get("POSTGRES_VERSIONS", "12 18").split())


def binaries(version: int) -> Path:
    """Return the folder with ``postgres`` and ``initdb``; the test is skipped (CI: fails) without it."""
    for folder in (CACHE / f"postgresql-{version}" / "bin", Path(f"/usr/lib/postgresql/{version}/bin")):
        if (folder / "postgres").exists():
            return folder
    missing(f"PostgreSQL {version}")
    raise AssertionError


class PostgresServer:
    """One server of its own data folder."""

    def __init__(self, version: int, **settings: str) -> None:
        self.version = version
        self.port = free_port()
        self.folder = server_folder()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._bin = binaries(version)
        self._settings = {**_SETTINGS, "unix_socket_directories": str(self.folder), **settings}

    def create(self) -> None:
        """Make the data folder."""
        command = [str(self._bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-k", "-N"]
        run_as_server([*command, "-E", "UTF8", "--locale=C"], folder=self.folder)
        self.write_hba(_HBA)
        self.configure()

    def write_hba(self, text: str) -> None:
        """Replace pg_hba.conf; a reload or start reads it."""
        (self.data / "pg_hba.conf").write_text(text)

    def configure(self, **settings: str) -> None:
        """Write the settings, these added; a reload or start reads them."""
        self._settings |= settings
        text = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        (self.data / "diagnose.conf").write_text(f"{text}port = {self.port}\n")
        main = self.data / "postgresql.conf"
        if "diagnose.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("include 'diagnose.conf'\n")

    def start(self, *, wait: bool = True) -> None:
        """Start the server and wait until it lets the superuser in."""
        command = [str(self._bin / "postgres"), "-D", str(self.data)]
        self.process = start_as_server(command, folder=self.folder, log=self.log)
        if wait:
            wait_until(self._answers, what=f"PostgreSQL {self.version}")

    def control(self, verb: str) -> str:
        """Return the shell command that starts, stops or restarts it, for the user that it runs as."""
        return shlex.join([str(self._bin / "pg_ctl"), "-s", "-w", "-m", "fast", "-D", str(self.data), "-l",
                           str(self.folder / "restarted.log"), verb])  # fmt: skip

    def stop(self, *, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server by its process id."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(timeout=30)
        self.process = None
        if (self.data / "postmaster.pid").exists() and how is signal.SIGQUIT:
            self._stop_restarted()

    def _stop_restarted(self) -> None:
        """Stop the server that a command started instead of this program, or remove what a dead one left."""
        with suppress(AssertionError):
            run_as_server(["/bin/sh", "-c", self.control("stop")], folder=self.folder)

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dsn(self, user: str = "postgres", database: str = "postgres", password: str | None = None) -> str:
        """Return a connection string."""
        secret = f" password='{password}'" if password is not None else ""
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database}{secret}"

    @property
    def entity(self) -> str:
        """The entity id that the collector gives it."""
        return f"postgres/127.0.0.1:{self.port}"

    def connect(self, user: str = "postgres", database: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """Open a session in autocommit; the caller closes it."""
        return psycopg.connect(self.dsn(user, database), autocommit=True, connect_timeout=5, **options)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each on its own."""
        with self.connect(database=database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def value(self, query: str, database: str = "postgres") -> Any:
        """Return the first value of a query of the superuser."""
        with self.connect(database=database) as connection:
            row = connection.execute(query.encode()).fetchone()
            return row[0] if row else None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_server(version: int, **settings: str) -> Iterator[PostgresServer]:
    """Run a new server with the roles ``monitor`` (pg_monitor), ``plain``, ``keyed`` and ``barred``."""
    server = PostgresServer(version, **settings)
    try:
        server.create()
        server.start()
        server.run(
            "CREATE ROLE monitor LOGIN IN ROLE pg_monitor",
            "CREATE ROLE plain LOGIN",
            f"CREATE ROLE keyed LOGIN IN ROLE pg_monitor PASSWORD '{PASSWORD}'",
            "CREATE ROLE barred LOGIN",
            "CREATE DATABASE shop",
        )
        server.run("CREATE EXTENSION pg_stat_statements", database="shop")
        yield server
    finally:
        server.remove()
