"""Lock trees of real sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.looking import look_at_postgres, shown, the
from servers.postgres import PostgresServer
from servers.sessions import sessions


@pytest.fixture(autouse=True)
def table(postgres: PostgresServer) -> Iterator[None]:
    postgres.run("CREATE TABLE stock (id int PRIMARY KEY, n int)", database="shop")
    postgres.run("INSERT INTO stock SELECT g, 0 FROM generate_series(1, 20) g", database="shop")
    yield
    postgres.run("DROP TABLE stock", database="shop")


def test_a_chain_of_four_waiters_has_one_idle_root(postgres: PostgresServer):
    with sessions(postgres) as held:
        root = held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", application="checkout")
        for number in range(2, 5):
            held.stuck("BEGIN", f"UPDATE stock SET n = 1 WHERE id = {number}",
                       f"UPDATE stock SET n = 2 WHERE id = {number - 1}")  # fmt: skip
        held.stuck("UPDATE stock SET n = 9, id = 4 WHERE id = 4 AND 'secret-literal' <> ''")
        base = look_at_postgres(postgres.dsn("monitor", "shop"))
        found = the(base, "postgres.lock_root")
        assert (found.pid, found.application) == (root.info.backend_pid, "checkout")
        assert (found.idle_in_transaction, found.active, found.prepared) == (True, False, False)
        assert (found.blocked_sessions, found.depth) == (4, 4)
        assert found.longest_wait_seconds >= 0
        assert found.query == "UPDATE stock SET n = ? WHERE id = ?"
        waiters = shown(base, "postgres.lock_waiter")
        assert sorted(waiter.queue_behind for waiter in waiters) == [0, 1, 2, 3]
        assert all("secret-literal" not in (waiter.query or "") for waiter in waiters)
        connections = the(base, "postgres.connections")
        assert (connections.waiting_on_lock, connections.idle_in_transaction) == (4, 4 - 3)
        session = the(base, "postgres.session", pid=root.info.backend_pid)
        assert session.blocked_sessions == 4


def test_an_active_root_is_told_from_an_idle_one(postgres: PostgresServer):
    with sessions(postgres) as held:
        root = held.open("BEGIN", "LOCK TABLE stock IN EXCLUSIVE MODE")
        held.behind(root, "SELECT pg_sleep(60)")
        held.stuck("UPDATE stock SET n = 1")
        found = the(look_at_postgres(postgres.dsn("monitor", "shop")), "postgres.lock_root")
        assert (found.active, found.idle_in_transaction, found.wait_event) == (True, False, "PgSleep")


def test_ddl_that_waits_queues_the_readers_behind_it(postgres: PostgresServer):
    with sessions(postgres) as held:
        held.open("BEGIN", "SELECT count(*) FROM stock")
        held.stuck("ALTER TABLE stock ADD COLUMN m int", application="migration")
        held.stuck("SELECT count(*) FROM stock")
        held.stuck("SELECT count(*) FROM stock")
        base = look_at_postgres(postgres.dsn("monitor", "shop"))
        waiter = the(base, "postgres.lock_waiter", mode="AccessExclusiveLock")
        assert (waiter.queue_behind, waiter.relation, waiter.application) == (2, "public.stock", "migration")
        assert the(base, "postgres.lock_root").blocked_sessions == 3


def test_a_prepared_transaction_is_a_root_with_its_name(postgres: PostgresServer):
    with sessions(postgres) as held:
        held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", "PREPARE TRANSACTION 'orphan-7'").close()
        try:
            held.stuck("UPDATE stock SET n = 2 WHERE id = 1")
            base = look_at_postgres(postgres.dsn("monitor", "shop"))
        finally:
            postgres.run("ROLLBACK PREPARED 'orphan-7'", database="shop")
        found = the(base, "postgres.lock_root")
        assert (found.pid, found.prepared, found.prepared_name, found.role) == (0, True, "orphan-7", "postgres")
        prepared = the(base, "postgres.prepared_transaction")
        assert (prepared.name, prepared.database) == ("orphan-7", "shop")
        assert prepared.locks >= 1
        assert the(base, "postgres.xmin_holder", holder="prepared_transaction").name == "orphan-7"


def test_without_waiters_the_tree_is_empty_and_proved(postgres: PostgresServer):
    base = look_at_postgres(postgres.dsn("monitor", "shop"))
    assert [fact.status.value for fact in base.of_kind("postgres.lock_root")] == ["empty"]
