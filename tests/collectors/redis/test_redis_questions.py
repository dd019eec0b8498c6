"""Every question against a real server: with leave it is answered, without it is denied and never empty."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess

from dotmac_diagnose.extract.redis.readers import READERS
from dotmac_diagnose.facts import Relation, Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import CollectorContext
from dotmac_diagnose_collectors.redis import RedisCollector
from servers.looking import collect, facts_of, look_at_redis, shown, statuses, the
from servers.process import free_port, wait_until
from servers.redis import PASSWORD, RedisServer, redis_server

KINDS = sorted({kind.kind for reader in READERS for kind in reader.kinds})


def test_every_kind_is_seen_or_proved_absent(server: RedisServer):
    base = look_at_redis(server.url(), sample=0.3)
    for kind in KINDS:
        assert statuses(base, kind) <= {Status.OK, Status.EMPTY}, (kind, base.of_kind(kind))
        assert statuses(base, kind), kind
    assert not base.outcomes
    assert the(base, "redis.server").major >= 6
    assert the(base, "redis.activity").seconds >= 0.25


def test_a_user_without_leave_is_denied_and_nothing_is_empty(server: RedisServer):
    server.run("ACL", "SETUSER", "app", "on", f">{PASSWORD}", "~*", "+ping", "+info")
    base = look_at_redis(server.url("app", PASSWORD), sample=0.3)
    assert the(base, "redis.login").user == "app"
    for kind in (
        "setting",
        "memory_report",
        "client_list",
        "client_group",
        "slow_command",
        "latency_event",
        "key_sample",
    ):
        assert statuses(base, f"redis.{kind}") == {Status.DENIED}, kind
    assert statuses(base, "redis.memory") == {Status.OK}
    # The refusals of the collector's own questions are not taken for those of clients.
    assert the(base, "redis.error", error="NOPERM").recent == 0
    server.run("ACL", "SETUSER", "app", "reset", "on", f">{PASSWORD}")
    nothing = look_at_redis(server.url("app", PASSWORD))
    assert the(nothing, "redis.login").outcome == "command_denied"
    assert statuses(nothing, "redis.memory") == {Status.DENIED}


def test_the_printed_grant_gives_each_missing_permission(server: RedisServer):
    server.run("ACL", "SETUSER", "app", "on", f">{PASSWORD}")

    def ask() -> dict[str, tuple[bool | None, str | None]]:
        context = CollectorContext(Targets(redis=[server.url("app", PASSWORD)]))
        found = asyncio.run(RedisCollector().permissions(context))
        return {item.what.partition(" (")[0]: (item.held, item.grant) for item in found}

    before = ask()
    assert {held for held, _ in before.values()} == {False}
    for _, grant in before.values():
        assert grant is not None
        words = shlex.split(grant)
        assert words[:4] == ["redis-cli", "ACL", "SETUSER", "app"]
        subprocess.run(["redis-cli", "-p", str(server.port), *words[1:]], check=True, capture_output=True)
    assert set(ask().values()) == {(True, None)}
    base = look_at_redis(server.url("app", PASSWORD), sample=0.2)
    assert Status.DENIED not in {status for kind in KINDS for status in statuses(base, kind)}


def test_slow_commands_keep_no_argument(server: RedisServer):
    server.run("CONFIG", "SET", "slowlog-log-slower-than", 0)
    server.run("SET", "session:top-secret-key", "top-secret-value")
    server.run("CLIENT", "LIST")
    answers = collect(RedisCollector(), Targets(redis=[server.url()]))
    assert "top-secret" not in json.dumps([answer.data for answer in answers])
    commands = {slow.command: slow for slow in shown(facts_of(answers), "redis.slow_command")}
    assert (commands["SET"].own, commands["SET"].arguments, commands["SET"].client) == (False, 2, "127.0.0.1")
    assert commands["CONFIG GET"].own is True
    assert "CLIENT LIST" in commands


def test_a_password_is_used_and_never_said(server: RedisServer):
    server.run("CONFIG", "SET", "requirepass", PASSWORD)
    concealed: list[str] = []
    answers = []

    async def run() -> None:
        context = CollectorContext(Targets(redis=[server.url(password=PASSWORD)]), conceal=concealed.append)
        answers.extend([answer async for answer in RedisCollector().collect(context)])

    asyncio.run(run())
    assert answers[0].data["ok"] is True
    assert concealed == [PASSWORD]
    assert PASSWORD not in json.dumps([answer.data for answer in answers]) + repr(answers)


def test_only_reading_commands_are_sent(server: RedisServer):
    server.run("SET", "k", "v")
    server.run("CONFIG", "RESETSTAT")
    look_at_redis(server.url(), sample=0.2)
    used = {name.removeprefix("cmdstat_") for name in server.run("INFO", "commandstats")}
    assert used <= {
        "ping", "info", "config|get", "config|resetstat", "slowlog|get", "latency|latest", "memory|stats",
        "memory|doctor",
        "client|list", "client|setname", "client|setinfo", "dbsize", "scan", "ttl", "hello",
    }  # fmt: skip


def test_the_sample_of_keys_is_bounded_and_holds_no_names(server: RedisServer):
    with server.client() as client:
        pipeline = client.pipeline()
        for number in range(3000):
            pipeline.set(f"session:{number:05}secret", "x", ex=1000 if number % 2 else None)
        pipeline.set("no-prefix-secret", "x")
        pipeline.execute()
        client.config_resetstat()
        answers = collect(RedisCollector(), Targets(redis=[server.url()]))
        lookups = client.info("commandstats")
    sample = the(facts_of(answers), "redis.key_sample")
    assert (sample.keys, sample.database_keys) == (2000, 3001)
    assert 40 < sample.perishable_without_expiry_percent < 60
    assert sample.perishable_prefix == "session"
    assert "secret" not in json.dumps([answer.data for answer in answers])
    assert lookups["cmdstat_ttl"]["calls"] == 2000
    assert lookups["cmdstat_scan"]["calls"] <= 25


def test_another_database_is_sampled_where_the_address_names_it(server: RedisServer):
    with server.client(db=3) as client:
        client.set("cache:1", "x")
    assert the(look_at_redis(server.url(database=3)), "redis.key_sample").cache_entries == 1


def test_consumers_of_queues_are_told_from_other_blocked_clients(server: RedisServer):
    with server.client() as queue, server.client() as named:
        connection = queue.connection_pool.get_connection()
        connection.send_command("BRPOP", "jobs", 0)
        named.execute_command("CLIENT", "SETNAME", "api")
        wait_until(lambda: server.run("INFO", "clients")["blocked_clients"] == 1, what="a blocked client")
        clients = the(look_at_redis(server.url()), "redis.client_list")
        assert (clients.blocked_on_queues, clients.blocked_elsewhere) == (1, 0)
        connection.disconnect()


def test_a_replica_is_joined_to_its_master(server: RedisServer):
    with redis_server(replicaof=f"127.0.0.1 {server.port}") as copy:
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "up", what="the link")
        base = look_at_redis(server.url(), copy.url())
        assert Relation("replicates_from", copy.entity, server.entity) in base.relations
        assert {item.link_up for item in shown(base, "redis.replication")} == {None, True}


def test_a_cluster_without_slots_says_so():
    with redis_server(cluster_enabled="yes", cluster_port=str(free_port())) as server:
        cluster = the(look_at_redis(server.url()), "redis.cluster")
        assert (cluster.enabled, cluster.state, cluster.slots_unserved) == (True, "fail", 16384)
