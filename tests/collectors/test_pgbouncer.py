"""PgBouncer's console, of a real PgBouncer in front of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psycopg
import pytest

from dotmac_diagnose.facts import FactBase, Relation, Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import CollectorContext
from dotmac_diagnose_collectors.pgbouncer import PgBouncerCollector
from servers.looking import collect, facts_of, look_at_postgres, statuses, the
from servers.pgbouncer import pgbouncer
from servers.postgres import PostgresServer, postgres_server, versions
from servers.process import free_port


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server(versions()[-1]) as server:
        yield server


def look(dsn: str, sample: float = 0.0) -> FactBase:
    return facts_of(collect(PgBouncerCollector(), Targets(pgbouncer=[dsn]), sample=sample))


def test_a_healthy_pooler_is_seen_whole(postgres: PostgresServer):
    with pgbouncer(postgres, max_client_conn="50", query_wait_timeout="7") as pooler:
        with psycopg.connect(pooler.dsn(), autocommit=True, prepare_threshold=None) as client:
            client.execute("SELECT 1")
            base = look(pooler.console())
        assert the(base, "pgbouncer.login").outcome == "ok"
        configuration = the(base, "pgbouncer.configuration")
        assert (configuration.pool_mode, configuration.max_client_connections) == ("transaction", 50)
        assert configuration.query_wait_timeout_seconds == 7
        assert configuration.major == 1
        expected = bool(configuration.max_prepared_statements) and configuration.minor >= 21
        assert configuration.prepared_statements_supported is expected
        pool = the(base, "pgbouncer.pool")
        assert (pool.database, pool.clients_waiting, pool.pool_size, pool.exhausted) == ("shop", 0, 2, False)
        clients = the(base, "pgbouncer.clients")
        assert (clients.limit, clients.used) == (50, 2)
        database = the(base, "pgbouncer.database")
        assert (database.name, database.port, database.paused) == ("shop", postgres.port, False)
        assert Relation("pools", pooler.entity, postgres.entity) in base.relations


def test_waiting_clients_of_a_full_pool_are_told(postgres: PostgresServer):
    with pgbouncer(postgres) as pooler, ExitStack() as stack:
        for _ in range(2):
            holder = stack.enter_context(psycopg.connect(pooler.dsn(), prepare_threshold=None))
            holder.execute("SELECT 1")
        waiting = threading.Thread(target=_wait_in_line, args=(pooler.dsn(),), daemon=True)
        waiting.start()
        base = look(pooler.console(), sample=0.6)
        pool = the(base, "pgbouncer.pool")
        assert (pool.clients_waiting, pool.servers_active, pool.servers_idle) == (1, 2, 0)
        assert (pool.exhausted, pool.without_server, pool.waiting_in_every_look) == (True, False, True)
        assert pool.longest_wait_seconds > 0
        assert the(look_at_postgres(postgres.dsn("monitor", "shop")), "postgres.connections").free > 10
    waiting.join(5)


def _wait_in_line(dsn: str) -> None:
    with suppress(psycopg.Error), psycopg.connect(dsn, prepare_threshold=None, autocommit=True) as client:
        client.execute("SELECT 1")


def test_a_pool_whose_server_is_down_has_no_server():
    with pgbouncer(free_port(), server_login_retry="1") as pooler:
        waiting = threading.Thread(target=_wait_in_line, args=(pooler.dsn(),), daemon=True)
        waiting.start()
        base = look(pooler.console(), sample=0.3)
        pools = [fact.values for fact in base.of_kind("pgbouncer.pool")]
        assert pools
        assert not any(pool.exhausted for pool in pools)
        assert all(pool.servers_active == 0 for pool in pools)
    waiting.join(5)


def test_a_client_limit_is_told_by_the_console_and_by_a_client(postgres: PostgresServer):
    with pgbouncer(postgres, max_client_conn="1") as pooler, psycopg.connect(pooler.dsn(), prepare_threshold=None):
        assert the(look_at_postgres(pooler.dsn()), "postgres.login").outcome == "client_limit"
        clients = the(look(pooler.console()), "pgbouncer.clients")
        assert clients.limit == 1
        assert clients.used_percent >= 100


def test_a_user_who_may_not_see_the_console_is_denied(postgres: PostgresServer):
    with pgbouncer(postgres, auth_type="trust", auth_file=str(_users(postgres))) as pooler:
        base = look(pooler.console("stranger"))
        assert the(base, "pgbouncer.login").outcome == "method_rejected"
        assert statuses(base, "pgbouncer.pool") == {Status.DENIED}
        held = asyncio.run(
            PgBouncerCollector().permissions(CollectorContext(Targets(pgbouncer=[pooler.console("stranger")])))
        )
        assert [item.held for item in held] == [False]
        assert held[0].grant == "add stranger to stats_users in pgbouncer.ini, then RELOAD"


def _users(server: PostgresServer):
    file = server.folder / "users.txt"
    file.write_text('"stranger" ""\n"watcher" ""\n"app" ""\n')
    return file


def test_nothing_on_the_port_is_refused():
    base = look(f"host=127.0.0.1 port={free_port()} user=watcher")
    assert the(base, "pgbouncer.login").outcome == "refused"
    assert statuses(base, "pgbouncer.clients") == {Status.UNREACHABLE}


def test_a_pooler_in_place_of_the_server_is_told(postgres: PostgresServer):
    with pgbouncer(postgres) as pooler:
        base = look_at_postgres(pooler.dsn())
        assert the(base, "postgres.login").outcome == "ok"
        assert statuses(base, "postgres.connections") == {Status.UNSUPPORTED}
        reason = next(fact.reason for fact in base.of_kind("postgres.server"))
        assert "unsupported startup parameter" in reason
