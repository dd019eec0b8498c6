from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.postgres import PostgresServer, postgres_server, versions


@pytest.fixture(scope="session", params=versions(), ids=lambda version: f"postgresql{version}")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """One server per version for all tests of a worker; a test leaves it as it found it."""
    with postgres_server(request.param) as server:
        yield server


@pytest.fixture(params=versions(), ids=lambda version: f"postgresql{version}")
def version(request: pytest.FixtureRequest) -> int:
    """A version for tests that start a server of their own."""
    return int(request.param)
