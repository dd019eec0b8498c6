"""A real standby, its primary, and what stands between them."""

from __future__ import annotations

from dotmac_diagnose.facts import Relation
from servers.looking import look_at_postgres, shown, the
from servers.postgres import postgres_server
from servers.process import wait_until
from servers.sessions import sessions
from servers.standby import standby_of


def test_a_standby_and_its_primary_see_each_other(version: int):
    with postgres_server(version) as primary, standby_of(primary) as standby:
        primary.run("CREATE TABLE t (n int)", database="shop")
        replayed = "SELECT count(*) FROM pg_class WHERE relname = 't'"
        wait_until(lambda: standby.value(replayed, "shop") == 1, what="the replay")
        base = look_at_postgres(primary.dsn("monitor", "shop"), standby.dsn("monitor", "shop"), sample=0.3)
        assert Relation("replicates_from", standby.entity, primary.entity) in base.relations
        seen = the(base, "postgres.standby")
        assert (seen.application, seen.state, seen.sync_state) == ("standby_a", "streaming", "async")
        recovery = {fact.entity: fact.values for fact in base.of_kind("postgres.recovery")}
        assert recovery[primary.entity].in_recovery is False
        own = recovery[standby.entity]
        assert (own.in_recovery, own.receiver, own.replay_paused, own.current) == (True, "streaming", False, True)
        assert own.primary == f"127.0.0.1:{primary.port}"
        assert own.max_standby_streaming_delay_ms == 500
        slots = {fact.entity: fact.values for fact in base.of_kind("postgres.replication_slot")}
        slot = slots[primary.entity]
        assert (slot.active, slot.consumer) == (True, "standby_a")
        servers = {fact.entity: fact.values.in_recovery for fact in base.of_kind("postgres.server")}
        assert servers == {primary.entity: False, standby.entity: True}
        unseen = {fact.kind for fact in base.facts if fact.values is None and fact.entity == standby.entity
                  and fact.status.value not in ("empty", "denied")}  # fmt: skip
        assert unseen == set()


def test_paused_replay_and_a_query_in_its_way(version: int):
    with postgres_server(version) as primary, standby_of(primary) as standby:
        standby.run("SELECT pg_wal_replay_pause()")
        wait_until(lambda: standby.value("SELECT pg_is_wal_replay_paused()"), what="the pause")
        primary.run("CREATE TABLE t AS SELECT generate_series(1, 10000) AS n", database="shop")
        with sessions(standby, "shop") as held:
            held.behind(held.open(), "SELECT pg_sleep(30)")
            own = the(look_at_postgres(standby.dsn("monitor", "shop")), "postgres.recovery")
            assert (own.replay_paused, own.current) == (True, False)
            assert own.waiting_bytes > 0
            assert own.longest_query_seconds > 0


def test_a_conflict_with_replay_is_counted(version: int):
    with postgres_server(version) as primary, standby_of(primary) as standby:
        primary.run("CREATE TABLE t AS SELECT generate_series(1, 100) AS n", database="shop")
        wait_until(lambda: standby.value("SELECT count(*) FROM pg_class WHERE relname = 't'", "shop") == 1)
        with sessions(standby, "shop") as held:
            held.open("BEGIN", "SELECT count(*) FROM t")
            primary.run("DROP TABLE t", database="shop")
            count = "SELECT confl_lock FROM pg_stat_database_conflicts WHERE datname = 'shop'"
            wait_until(lambda: standby.value(count, "shop") == 1, what="the conflict")
        conflicts = the(
            look_at_postgres(standby.dsn("monitor", "shop"), sample=0.2), "postgres.recovery_conflicts", database="shop"
        )
        assert (conflicts.total, conflicts.lock, conflicts.recent) == (1, 1, 0)


def test_a_synchronous_standby_that_is_missing_holds_every_commit(version: int):
    settings = {"synchronous_standby_names": "nowhere", "synchronous_commit": "local"}
    with postgres_server(version, **settings) as server, sessions(server) as held:
        held.behind(held.open("SET synchronous_commit = on"), "CREATE TABLE held (n int)")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        wait_until(lambda: server.value(waiting) == 1, what="the wait for the standby")
        server.configure(synchronous_commit="on")
        server.run("SELECT pg_reload_conf()")
        base = look_at_postgres(server.dsn("monitor", "shop"), sample=0.3)
        found = the(base, "postgres.synchronous_replication")
        assert (found.names, found.configured, found.standbys) == ("nowhere", True, 0)
        assert (found.synchronous_standbys, found.waiting_sessions, found.waiting_sessions_before) == (0, 1, 1)
        assert the(base, "postgres.connections").waiting_on_synchronous_standby == 1
        assert the(base, "postgres.wait", wait_event="SyncRep").at_least == 1
        assert not shown(base, "postgres.lock_root")
