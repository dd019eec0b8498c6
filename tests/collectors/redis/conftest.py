from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.redis import RedisServer, redis_server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running
