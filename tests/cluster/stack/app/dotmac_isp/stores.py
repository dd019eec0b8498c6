"""Connections to PostgreSQL and Redis, from the environment."""

from __future__ import annotations

import os

import redis
from sqlalchemy import Engine, create_engine

POOL_SIZE = int(os.environ.get("DB_POOL_SIZE", "5"))
MAX_OVERFLOW = int(os.environ.get("DB_MAX_OVERFLOW", "5"))


def database(application: str) -> Engine:
    """A pool that names itself APPLICATION to the server; DATABASE_URL says where."""
    return create_engine(
        os.environ["DATABASE_URL"],
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_timeout=float(os.environ.get("DB_POOL_TIMEOUT", "5")),
        connect_args={"application_name": application, "connect_timeout": 3},
    )


def cache() -> redis.Redis:
    """The Redis of REDIS_URL; answers late after 3 seconds."""
    return redis.Redis.from_url(
        os.environ["REDIS_URL"], socket_timeout=3, socket_connect_timeout=3, decode_responses=True
    )
