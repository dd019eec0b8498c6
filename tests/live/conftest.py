from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.curing import Bench
from servers.postgres import PostgresServer, postgres_server, versions

SETTINGS = {"deadlock_timeout": "100ms", "max_connections": "30"}
"""Deadlocks are found at once; everything else as the collectors' tests have it."""


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()


def _stocked(version: int) -> Iterator[PostgresServer]:
    with postgres_server(version, **SETTINGS) as server:
        server.run(
            "CREATE TABLE stock (id int PRIMARY KEY, n int)",
            "INSERT INTO stock SELECT g, 0 FROM generate_series(1, 20) g",
            "ANALYZE stock",
            database="shop",
        )
        yield server


@pytest.fixture(scope="module")
def newest() -> Iterator[PostgresServer]:
    """One server of the newest version for all tests of a file; a test leaves it as it found it."""
    yield from _stocked(versions()[-1])


@pytest.fixture(scope="module", params=sorted({versions()[0], versions()[-1]}), ids=lambda v: f"postgresql{v}")
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The oldest and the newest version."""
    yield from _stocked(request.param)
