"""The API of dotmac-api and dotmac-portal."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import redis
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from . import __version__, logs, stores

log = logs.start("dotmac.api")
SIGNING_KEY = os.environ["JWT_SECRET"]
engine = stores.database(os.environ.get("APP_NAME", "dotmac-api"))
cache = stores.cache()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    log.info("dotmac_isp %s starting, pool_size=%d max_overflow=%d", __version__, stores.POOL_SIZE, stores.MAX_OVERFLOW)
    yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(SQLAlchemyError)
def database_failed(_: Any, error: SQLAlchemyError) -> JSONResponse:
    log.error("database error: %s: %s", type(error).__name__, error)
    return JSONResponse({"detail": "Database error"}, 500)


@app.exception_handler(redis.RedisError)
def cache_failed(_: Any, error: redis.RedisError) -> JSONResponse:
    log.error("cache error: %s: %s", type(error).__name__, error)
    return JSONResponse({"detail": "Cache error"}, 500)


@app.get("/health/live")
def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/health/ready")
def ready() -> JSONResponse:
    failed = []
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        log.error("readiness check database failed: %s: %s", type(error).__name__, error)  # noqa: TRY400
        failed.append("database")
    try:
        cache.ping()
    except redis.RedisError as error:
        log.error("readiness check redis failed: %s: %s", type(error).__name__, error)  # noqa: TRY400
        failed.append("redis")
    return JSONResponse({"failed": failed}, 503 if failed else 200)


@app.post("/auth/login")
def login() -> dict[str, str]:
    now = int(time.time())
    return {"access_token": jwt.encode({"sub": "1", "iat": now, "exp": now + 300}, SIGNING_KEY, "HS256")}


@app.get("/portal/me")
def me(authorization: str = Header("")) -> dict[str, str]:
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SIGNING_KEY, algorithms=["HS256"])
    except jwt.PyJWTError as error:
        log.warning("token rejected: %s: %s", type(error).__name__, error)
        raise HTTPException(401, "Could not validate credentials") from error
    return {"customer": claims["sub"]}


@app.get("/api/v1/customers")
def customers() -> list[dict[str, Any]]:
    if (kept := cache.get("customers")) is not None:
        return list(json.loads(str(kept)))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, name, balance FROM customers ORDER BY id LIMIT 20")).mappings()
        answer = [dict(row) for row in rows]
    cache.set("customers", json.dumps(answer), ex=2)
    return answer


@app.put("/api/v1/customers/{customer}/touch")
def touch(customer: int) -> dict[str, bool]:
    with engine.begin() as connection:
        connection.execute(text("UPDATE customers SET balance = balance + 1 WHERE id = :id"), {"id": customer})
    return {"ok": True}


@app.get("/api/v1/invoices/report")
def report() -> list[dict[str, Any]]:
    query = "SELECT status, count(*) AS n, sum(amount) AS total FROM invoices GROUP BY status ORDER BY status"
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


@app.post("/api/v1/jobs")
def enqueue() -> dict[str, bool]:
    cache.lpush("jobs", json.dumps({"kind": "usage"}))
    return {"queued": True}
