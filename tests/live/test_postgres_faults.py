"""Faults of real servers, found from a pg_monitor role, and cured by the printed fix: sessions, locks and slots."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest

from servers.curing import Bench, assert_first, fix_of_report, run_fix
from servers.postgres import PostgresServer, postgres_server, versions
from servers.process import wait_until
from servers.sessions import Sessions, sessions


def monitor(server: PostgresServer) -> str:
    return server.dsn("monitor", "shop")


def queue(held: Sessions, waiters: int) -> None:
    """Let sessions wait behind each other, the first of them for row 1; each commits when it is let go."""
    for number in range(2, waiters + 2):
        held.stuck(
            "BEGIN",
            f"UPDATE stock SET n = n + 1 WHERE id = {number}",
            f"UPDATE stock SET n = n + 1 WHERE id = {number - 1}; COMMIT",
            application=f"web-{number}",
        )


def healthy(bench: Bench, *dsns: str) -> None:
    look = bench.look(*dsns)
    assert look.reported == [], look.told()


def test_an_idle_transaction_at_the_root_of_four_waiters(bench: Bench, server: PostgresServer):
    with sessions(server) as held:
        root = held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", application="checkout")
        queue(held, 4)
        time.sleep(2)
        look = bench.look(monitor(server))
        first = assert_first(look, "postgres.idle_in_transaction_session", server.entity)
        shown = " ".join(item.detail for item in first.evidence)
        assert f"pid {root.info.backend_pid} of checkout" in shown
        assert "blocks 4 sessions" in shown
        run_fix(fix_of_report(look.diagnosis, "postgres.end_idle_in_transaction"), server)
        later = bench.again(look, monitor(server))
        assert later.reported == [], later.told()


def test_a_long_active_blocker(bench: Bench, server: PostgresServer):
    with sessions(server) as held:
        blocker = held.open(application="nightly")
        held.behind(blocker, "BEGIN; LOCK TABLE stock IN EXCLUSIVE MODE; SELECT pg_sleep(60); COMMIT")
        for number in range(3):
            held.stuck(f"UPDATE stock SET n = 1 WHERE id = {number + 2}")
        time.sleep(3)
        look = bench.look(monitor(server))
        assert_first(look, "postgres.long_running_blocker", server.entity)
        run_fix(fix_of_report(look.diagnosis, "postgres.cancel_blocker"), server)
        later = bench.again(look, monitor(server))
        assert later.reported == [], later.told()


def test_ddl_that_waits_and_queues_the_readers(bench: Bench, server: PostgresServer):
    with sessions(server) as held:
        held.behind(held.open(application="report"), "SELECT count(*), pg_sleep(60) FROM stock")
        held.stuck("ALTER TABLE stock ADD COLUMN note text", application="migration")
        held.stuck("SELECT count(*) FROM stock")
        time.sleep(2)
        look = bench.look(monitor(server))
        assert_first(look, "postgres.ddl_lock_queue", server.entity)
        run_fix(fix_of_report(look.diagnosis, "postgres.cancel_waiting_ddl"), server)
        later = bench.again(look, monitor(server))
        assert later.reported == [], later.told()


def test_an_orphaned_prepared_transaction(bench: Bench, server: PostgresServer):
    with sessions(server) as held:
        held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", "PREPARE TRANSACTION 'orphan-7'").close()
        held.stuck("UPDATE stock SET n = 2 WHERE id = 1")
        time.sleep(5)
        look = bench.look(monitor(server))
        assert_first(look, "postgres.orphaned_prepared_transaction", server.entity)
        run_fix(fix_of_report(look.diagnosis, "postgres.roll_back_prepared_transaction"), server)
        later = bench.again(look, monitor(server))
        assert later.reported == [], later.told()


@contextmanager
def crossing_writers(server: PostgresServer) -> Iterator[threading.Event]:
    """Run two clients that lock two rows; the event that is given makes them take one order."""
    ordered, stop = threading.Event(), threading.Event()

    def write(one: int, other: int) -> None:
        with server.connect(database="shop", application_name=f"writer-{one}") as connection:
            while not stop.is_set():
                first, second = (min(one, other), max(one, other)) if ordered.is_set() else (one, other)
                with suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                    connection.execute("UPDATE stock SET n = n + 1 WHERE id = %s", [first])
                    time.sleep(0.05)
                    connection.execute("UPDATE stock SET n = n + 1 WHERE id = %s", [second])

    threads = [threading.Thread(target=write, args=pair, daemon=True) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    try:
        yield ordered
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def test_deadlocks(bench: Bench, server: PostgresServer):
    with crossing_writers(server) as ordered:
        counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'shop'"
        wait_until(lambda: server.value(counted) > 0, what="a deadlock")
        look = bench.look(monitor(server), sample=3)
        assert_first(look, "postgres.deadlocks", server.entity)
        fix = fix_of_report(look.diagnosis, "postgres.set_timeouts")
        assert "take locks in one order" in fix.steps[0].run
        ordered.set()
        time.sleep(1.5)
        later = bench.again(look, monitor(server))
        assert later.reported == [], later.told()


def test_a_setting_that_waits_for_a_restart(bench: Bench, server: PostgresServer):
    server.run("ALTER SYSTEM SET max_connections = 40", "SELECT pg_reload_conf()")
    waits = "SELECT count(*) FROM pg_settings WHERE pending_restart"
    try:
        # A new session sees the reload at its start.
        wait_until(lambda: server.value(waits) == 1, what="the reload")
        look = bench.look(monitor(server), posture=True)
        assert_first(look, "postgres.setting_waits_for_restart", server.entity)
        restart = {"RESTART_POSTGRES": server.control("restart")}
        run_fix(fix_of_report(look.diagnosis, "postgres.restart_for_settings"), server, restart)
        assert server.value("SHOW max_connections") == "40"
        later = bench.again(look, monitor(server), posture=True)
        assert later.reported == [], later.told()
    finally:
        server.run("ALTER SYSTEM RESET max_connections")
        server.stop()
        server.start()


def test_the_limit_of_a_role(bench: Bench, server: PostgresServer):
    server.run("ALTER ROLE plain CONNECTION LIMIT 2")
    try:
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(server.connect("plain", "shop"))
            client = server.dsn("plain", "shop")
            look = bench.look(monitor(server), client)
            assert_first(look, "postgres.role_or_database_connection_limit", server.entity)
            run_fix(fix_of_report(look.diagnosis, "postgres.raise_role_limit"), server)
            assert server.value("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'plain'") == 4
            later = bench.again(look, monitor(server), client)
            assert later.reported == [], later.told()
    finally:
        server.run("ALTER ROLE plain CONNECTION LIMIT -1")


@pytest.fixture(scope="module")
def small() -> Iterator[PostgresServer]:
    """A server of twelve slots, of which three are the superuser's and two may be used by the monitoring role."""
    with postgres_server(versions()[-1], max_connections="12", reserved_connections="2", wal_level="replica",
                         max_wal_senders="0") as started:  # fmt: skip
        started.run("GRANT pg_use_reserved_connections TO monitor")
        yield started


@contextmanager
def clients(server: PostgresServer, names: list[str], *, busy: bool) -> Iterator[None]:
    with ExitStack() as stack:
        threads = []
        for name in names:
            connection = server.connect("plain", "shop", application_name=name)
            stack.callback(connection.close)
            connection.execute("SELECT 1")
            if busy:
                threads.append(threading.Thread(target=_sleep, args=(connection,), daemon=True))
                threads[-1].start()
        yield
        server.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'plain'")
        for thread in threads:
            thread.join(5)


def _sleep(connection: psycopg.Connection[object]) -> None:
    with suppress(psycopg.Error):
        connection.execute("SELECT pg_sleep(60)")


def test_slots_exhausted_by_idle_sessions(bench: Bench, small: PostgresServer):
    with clients(small, ["web"] * 7, busy=False):
        time.sleep(10.5)
        look = bench.look(monitor(small))
        first = assert_first(look, "postgres.slots_exhausted", small.entity)
        assert any("web as plain holds 7" in item.detail for item in first.evidence), look.told()
        run_fix(fix_of_report(look.diagnosis, "postgres.end_idle_sessions_of_holder"), small)
        later = bench.again(look, monitor(small))
        assert later.reported == [], later.told()


def test_slots_exhausted_by_too_many_clients(bench: Bench, small: PostgresServer):
    with clients(small, [f"worker-{number}" for number in range(7)], busy=True):
        look = bench.look(monitor(small))
        assert_first(look, "postgres.slots_exhausted", small.entity)
        named = {"MAX_CONNECTIONS": "24", "RESTART_POSTGRES": small.control("restart")}
        run_fix(fix_of_report(look.diagnosis, "postgres.raise_max_connections"), small, named)
    with clients(small, [f"worker-{number}" for number in range(7)], busy=True):
        later = bench.again(look, monitor(small))
        assert later.reported == [], later.told()


def test_slots_of_an_old_server_are_told_to_a_superuser(bench: Bench):
    """Before version 16 the reserved slots are the superuser's alone."""
    with postgres_server(versions()[0], max_connections="8", wal_level="replica", max_wal_senders="0") as full:
        with clients(full, ["web"] * 5, busy=True):
            look = bench.look(full.dsn("postgres", "shop"))
            assert_first(look, "postgres.slots_exhausted", full.entity)
            refused = bench.look(monitor(full))
            assert refused.reported == [], refused.told()
            assert refused.diagnosis.status == "degraded"
            assert "connections" in refused.diagnosis.headline
            named = {"MAX_CONNECTIONS": "24", "RESTART_POSTGRES": full.control("restart")}
            run_fix(fix_of_report(look.diagnosis, "postgres.raise_max_connections"), full, named)
        later = bench.again(look, full.dsn("postgres", "shop"))
        assert later.reported == [], later.told()


def test_two_faults_at_once_are_two_causes_with_chains_of_their_own(bench: Bench, server: PostgresServer):
    server.run("SELECT pg_create_physical_replication_slot('gone', true)", database="shop")
    try:
        fill_wal(server)
        with sessions(server) as held:
            held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", application="checkout")
            queue(held, 4)
            time.sleep(2)
            look = bench.look(monitor(server))
            made = ["postgres.inactive_replication_slot", "postgres.idle_in_transaction_session"]
            assert [name for name, _ in look.reported] == made, look.told()
            assert all(cause.confidence >= 0.9 for cause in look.diagnosis.reported), look.told()
            evidence = [{item.finding for item in cause.evidence} for cause in look.diagnosis.reported]
            assert evidence[0] == {"postgres.inactive_replication_slot_seen", "postgres.wal_directory_growing"}
            assert evidence[1] == {"postgres.lock_root_idle_in_transaction"}
            chains = [[step.id for step in cause.chain] for cause in look.diagnosis.reported]
            assert "postgres.wal_retained" in chains[0]
            assert "postgres.wal_retained" not in chains[1]
            run_fix(fix_of_report(look.diagnosis, "postgres.end_idle_in_transaction"), server)
            run_fix(fix_of_report(look.diagnosis, "postgres.drop_inactive_slot"), server)
            later = bench.again(look, monitor(server))
            assert later.reported == [], later.told()
    finally:
        server.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'gone'")


def fill_wal(server: PostgresServer) -> None:
    """Write 160 MB of WAL, well above max_wal_size."""
    server.run(
        "SELECT count(pg_logical_emit_message(false, 'fill', repeat('x', 1000000))) FROM generate_series(1, 160)",
        "CHECKPOINT",
        database="shop",
    )


def test_a_healthy_server_under_normal_load(bench: Bench, server: PostgresServer):
    with crossing_writers(server) as ordered:
        ordered.set()
        time.sleep(1.5)
        look = bench.look(monitor(server), sample=1)
        assert look.reported == [], look.told()
        assert look.diagnosis.unexplained == [], look.told()
        assert server.entity in " ".join(look.diagnosis.healthy)
