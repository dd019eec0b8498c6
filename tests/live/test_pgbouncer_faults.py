"""Faults of a real PgBouncer, found from its console and a pg_monitor role at PostgreSQL, and cured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from servers.curing import Bench, assert_first, fix_of_report, run_fix
from servers.pgbouncer import PgBouncer, pgbouncer
from servers.postgres import PASSWORD, PostgresServer


def admin(pooler: PgBouncer) -> str:
    return f"{pooler.console('boss')} dbname=pgbouncer"


@contextmanager
def clients(pooler: PgBouncer, count: int, statement: str, pause: float = 0.0) -> Iterator[None]:
    """Run clients that repeat a statement and rest; what is refused is tried again."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with (
                suppress(psycopg.Error),
                psycopg.connect(pooler.dsn(), autocommit=True, prepare_threshold=None, connect_timeout=5) as client,
            ):
                while not stop.is_set():
                    client.execute(statement.encode())
                    stop.wait(pause)
            stop.wait(0.1)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(2)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def test_an_exhausted_pool(bench: Bench, newest: PostgresServer):
    monitor = newest.dsn("monitor", "shop")
    with pgbouncer(newest) as pooler, clients(pooler, 6, "SELECT pg_sleep(3)"):
        time.sleep(1)
        look = bench.look(monitor, pgbouncer=[pooler.console()])
        assert_first(look, "pgbouncer.pool_exhausted", pooler.entity)
        named = {"PGBOUNCER_ADMIN": admin(pooler), "POOL_SIZE": "10"}
        run_fix(fix_of_report(look.diagnosis, "pgbouncer.raise_pool_size"), newest, named)
        time.sleep(3.5)
        later = bench.again(look, monitor, pgbouncer=[pooler.console()])
        assert later.reported == [], later.told()


def test_the_client_limit(bench: Bench, newest: PostgresServer):
    monitor = newest.dsn("monitor", "shop")
    with pgbouncer(newest, max_client_conn="6") as pooler, ExitStack() as stack:
        for _ in range(5):
            client = stack.enter_context(psycopg.connect(pooler.dsn(), autocommit=True, prepare_threshold=None))
            client.execute("SELECT 1")
        look = bench.look(monitor, pgbouncer=[pooler.console()])
        assert_first(look, "pgbouncer.client_limit_reached", pooler.entity)
        named = {"PGBOUNCER_ADMIN": admin(pooler), "MAX_CLIENT_CONN": "100"}
        client.close()  # the console counts as a client: the owner needs one place to get in
        run_fix(fix_of_report(look.diagnosis, "pgbouncer.raise_client_limit"), newest, named)
        later = bench.again(look, monitor, pgbouncer=[pooler.console()])
        assert later.reported == [], later.told()


def test_a_login_at_the_server_that_fails(bench: Bench, newest: PostgresServer):
    users = newest.folder / "userlist.txt"
    _write_users(users, "an old password 3")
    settings = {"auth_type": "trust", "auth_file": str(users), "server_login_retry": "1"}
    with pgbouncer(newest, user="keyed", **settings) as pooler, clients(pooler, 2, "SELECT 1", 0.2):
        monitor = newest.dsn("monitor", "shop")
        look = bench.look(monitor, pgbouncer=[pooler.console()])
        assert_first(look, "pgbouncer.server_login_failing", pooler.entity)
        fix = fix_of_report(look.diagnosis, "pgbouncer.correct_server_login")
        assert "userlist.txt" in fix.steps[0].run
        _write_users(users, PASSWORD)
        run_fix(fix, newest, {"PGBOUNCER_ADMIN": admin(pooler)})
        time.sleep(3)
        later = bench.again(look, monitor, pgbouncer=[pooler.console()])
        assert later.reported == [], later.told()


def _write_users(file: Path, password: str) -> None:
    file.write_text(f'"keyed" "{password}"\n"watcher" ""\n"boss" ""\n"app" ""\n')
