"""A standby of a real server."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from .postgres import PostgresServer
from .process import server_user, wait_until


@contextmanager
def standby_of(primary: PostgresServer, name: str = "standby_a") -> Iterator[PostgresServer]:
    """Run a standby from a copy of the primary's folder; the primary is stopped for the copy."""
    primary.run(f"SELECT pg_create_physical_replication_slot('{name}')")
    primary.stop(how=signal.SIGINT)
    standby = PostgresServer(primary.version)
    try:
        shutil.copytree(primary.data, standby.data)
        user = server_user()
        if user is not None:
            for path in (standby.data, *standby.data.rglob("*")):
                shutil.chown(path, user)
        primary.start()
        (standby.data / "standby.signal").write_text("")
        standby.configure(
            primary_conninfo=f"host=127.0.0.1 port={primary.port} user=postgres application_name={name} password=hush",
            primary_slot_name=name, hot_standby_feedback="on", max_standby_streaming_delay="500ms",
        )  # fmt: skip
        standby.start()
        streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        wait_until(lambda: primary.value(streaming) == 1, what="the standby")
        yield standby
    finally:
        standby.remove()
