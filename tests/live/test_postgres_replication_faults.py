"""Faults between a primary and its standby, on real servers, found from a pg_monitor role, and cured."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from servers.curing import Bench, assert_first, fix_of_report, run_fix
from servers.postgres import PostgresServer, postgres_server, versions
from servers.process import wait_until
from servers.sessions import sessions
from servers.standby import standby_of


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its standby."""
    with postgres_server(versions()[-1]) as primary, standby_of(primary) as standby:
        primary.run("CREATE TABLE t (n int, note text)", database="shop")
        yield primary, standby


def dsns(pair: tuple[PostgresServer, PostgresServer]) -> list[str]:
    return [server.dsn("monitor", "shop") for server in pair]


def write(primary: PostgresServer) -> None:
    """Write some 8 MB of WAL."""
    primary.run("INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 30000) g", database="shop")


def caught_up(pair: tuple[PostgresServer, PostgresServer]) -> bool:
    primary, standby = pair
    return bool(primary.value("SELECT pg_current_wal_flush_lsn()") == standby.value("SELECT pg_last_wal_replay_lsn()"))


def test_a_missing_synchronous_standby(bench: Bench, newest: PostgresServer):
    newest.run("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'", "SELECT pg_reload_conf()")
    try:
        with sessions(newest) as held:
            held.behind(held.open(application="checkout"), "UPDATE stock SET n = 1 WHERE id = 1")
            time.sleep(2.2)
            look = bench.look(newest.dsn("monitor", "shop"))
            assert_first(look, "postgres.synchronous_standby_missing", newest.entity)
            run_fix(fix_of_report(look.diagnosis, "postgres.stop_waiting_for_standby"), newest)
            later = bench.again(look, newest.dsn("monitor", "shop"))
            assert later.reported == [], later.told()
    finally:
        newest.run("SET synchronous_commit = local", "ALTER SYSTEM RESET synchronous_standby_names",
                   "SELECT pg_reload_conf()")  # fmt: skip


def test_replay_that_is_paused(bench: Bench, pair: tuple[PostgresServer, PostgresServer]):
    primary, standby = pair
    standby.run("SELECT pg_wal_replay_pause()")
    write(primary)
    time.sleep(5.5)
    look = bench.look(*dsns(pair))
    assert_first(look, "postgres.replay_paused", standby.entity)
    run_fix(fix_of_report(look.diagnosis, "postgres.resume_replay"), standby)
    wait_until(lambda: caught_up(pair), what="the replay")
    later = bench.again(look, *dsns(pair))
    assert later.reported == [], later.told()


def test_a_replica_that_lags_behind_a_long_query(bench: Bench, pair: tuple[PostgresServer, PostgresServer]):
    primary, standby = pair
    standby.configure(max_standby_streaming_delay="-1", hot_standby_feedback="off")
    standby.run("SELECT pg_reload_conf()")
    with sessions(standby) as held:
        report = held.open("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM t", application="report")
        held.behind(report, "SELECT pg_sleep(60)")
        primary.run("TRUNCATE t", database="shop")
        write(primary)
        time.sleep(6)
        look = bench.look(*dsns(pair))
        assert_first(look, "postgres.replica_lagging", standby.entity)
        run_fix(fix_of_report(look.diagnosis, "postgres.cancel_standby_queries"), standby)
        wait_until(lambda: caught_up(pair), what="the replay")
        later = bench.again(look, *dsns(pair))
        assert later.reported == [], later.told()
