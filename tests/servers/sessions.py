"""Sessions that stand in each other's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from .postgres import PostgresServer
from .process import wait_until


class Sessions:
    """Opens sessions and ends all of them together."""

    def __init__(self, server: PostgresServer, database: str) -> None:
        self._server = server
        self._database = database
        self._open: list[psycopg.Connection[Any]] = []
        self._threads: list[threading.Thread] = []

    def open(self, *statements: str, user: str = "postgres", application: str = "test") -> psycopg.Connection[Any]:
        """Open a session and run statements in it."""
        connection = self._server.connect(user, self._database, application_name=application)
        self._open.append(connection)
        for statement in statements:
            connection.execute(statement.encode())
        return connection

    def stuck(self, *statements: str, application: str = "test") -> None:
        """Open a session whose last statement does not come back, and wait until it waits for a lock."""
        before = self.waiting()
        connection = self.open(*statements[:-1], application=application)
        self.behind(connection, statements[-1])
        wait_until(lambda: self.waiting() > before, what=f"a wait of {statements[-1]}")

    def behind(self, connection: psycopg.Connection[Any], statement: str) -> None:
        """Run a statement without waiting for its end."""

        def run() -> None:
            with suppress(psycopg.Error):
                connection.execute(statement.encode())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)
        time.sleep(0.05)

    def waiting(self) -> int:
        """Count the sessions that wait for a lock."""
        return int(self._server.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

    def close(self) -> None:
        """End all sessions."""
        pids = [connection.info.backend_pid for connection in self._open if not connection.closed]
        self._server.value(f"SELECT count(pg_terminate_backend(pid)) FROM unnest(ARRAY{pids}::int[]) AS pid")
        for thread in self._threads:
            thread.join(5)
        for connection in self._open:
            connection.close()
        wait_until(lambda: self.waiting() == 0, what="the end of the waits")


@contextmanager
def sessions(server: PostgresServer, database: str = "shop") -> Iterator[Sessions]:
    """Give a set of sessions that ends with the block."""
    held = Sessions(server, database)
    try:
        yield held
    finally:
        held.close()
