"""From answers of Redis to facts: what is shown, what is absent, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.redis import extract_redis
from dotmac_diagnose.extract.redis.login import outcome_of
from dotmac_diagnose.extract.redis.readers import READERS
from dotmac_diagnose.facts import Fact, Relation, Status

SERVER = "redis/cache"
INFO = """# Server
redis_version:7.0.15
redis_mode:standalone
server_time_usec:{at}000000
uptime_in_seconds:900
config_file:/etc/redis/redis.conf
# Clients
connected_clients:91
cluster_connections:0
maxclients:100
blocked_clients:2
# Memory
used_memory:{used}
used_memory_rss:2000000
maxmemory:1000000
maxmemory_policy:volatile-lru
mem_not_counted_for_evict:500
# Persistence
loading:0
rdb_last_save_time:1000
rdb_last_bgsave_status:err
aof_enabled:0
aof_last_write_status:ok
# Stats
rejected_connections:{rejected}
keyspace_hits:{hits}
keyspace_misses:0
evicted_keys:0
latest_fork_usec:600000
total_error_replies:7
# Replication
role:master
connected_slaves:1
min_slaves_good_slaves:1
master_replid:1111111111111111111111111111111111111111
master_replid2:0000000000000000000000000000000000000000
# Errorstats
errorstat_OOM:count={oom}
# Cluster
cluster_enabled:0
# Keyspace
db0:keys=10,expires=0,avg_ttl=0
"""


def info(at: int = 2000, used: int = 995_000, rejected: int = 5, hits: int = 10, oom: int = 3) -> str:
    return INFO.format(at=at, used=used, rejected=rejected, hits=hits, oom=oom)


def facts(*answers: ServerAnswer) -> list[Fact]:
    return list(extract_redis(answers, None).facts)


def answer(question: str, data: Any = None, *, sample: int = 0, status: str = "ok", reason: str | None = None):
    return ServerAnswer(SERVER, question, data, status, reason, sample=sample)


def values(found: list[Fact], kind: str) -> Any:
    (item,) = [fact.values for fact in found if fact.kind == kind]
    return item


def test_numbers_of_one_look():
    found = facts(answer("info", info()))
    memory = values(found, "redis.memory")
    assert (memory.used_percent, memory.at_limit, memory.evicts, memory.growth_bytes) == (99.45, True, False, None)
    clients = values(found, "redis.clients")
    assert (clients.used_percent, clients.recent_rejected) == (91.0, None)
    persistence = values(found, "redis.persistence")
    assert (persistence.save_failed, persistence.stops_writes, persistence.last_save_seconds) == (True, None, 1000)
    assert persistence.fork_milliseconds == 600.0
    assert values(found, "redis.error").recent is None
    assert values(found, "redis.database").without_expiry_percent == 100.0


def test_growth_is_told_from_the_looks_after_the_questions():
    first = answer("info", info(1990, hits=1))
    later = [answer("info", info(2000, hits=500), sample=1), answer("info", info(2004, 996_000, 9, 510, 8), sample=2)]
    found = facts(first, *later)
    activity = values(found, "redis.activity")
    assert (activity.seconds, activity.recent_hits, activity.reads_per_second) == (4.0, 10, 2.5)
    assert values(found, "redis.clients").recent_rejected == 4
    assert values(found, "redis.error").recent == 5
    assert values(found, "redis.memory").growth_bytes == 1000
    # The collector's own questions lie between the first look and the second.
    assert values(facts(first, later[0]), "redis.activity").recent_hits is None


@pytest.mark.parametrize(
    ("needed", "good", "expected"), [("2", "1", True), ("1", "1", False), ("0", None, False), (None, "0", True)]
)
def test_too_few_replicas(needed: str | None, good: str | None, expected: bool):
    text = info().replace("min_slaves_good_slaves:1\n", f"min_slaves_good_slaves:{good}\n" if good else "")
    settings_found = answer("config", {"min-replicas-to-write": needed} if needed else {})
    assert values(facts(answer("info", text), settings_found), "redis.replication").too_few_replicas is expected


def test_a_question_that_was_refused_leaves_its_facts_unknown():
    found = facts(answer("info", info()), answer("slowlog", status="denied", reason="NOPERM no"))
    (slow,) = [fact for fact in found if fact.kind == "redis.slow_command"]
    assert (slow.status, slow.reason) == (Status.DENIED, "NOPERM no")


def test_no_latency_events_prove_something_only_while_the_monitor_is_on():
    def status(threshold: str) -> Status:
        found = facts(answer("latency", []), answer("config", {"latency-monitor-threshold": threshold}))
        (item,) = [fact for fact in found if fact.kind == "redis.latency_event"]
        return item.status

    assert (status("0"), status("100")) == (Status.UNSUPPORTED, Status.EMPTY)


def test_an_older_version_without_error_counts_proves_no_absence():
    text = "\n".join(line for line in info().splitlines() if "error" not in line)
    (item,) = [fact for fact in facts(answer("info", text)) if fact.kind == "redis.error"]
    assert item.status == Status.UNSUPPORTED


@pytest.mark.parametrize(
    ("message", "reached", "outcome"),
    [
        ("Error 111 connecting to 127.0.0.1:1. Connect call failed ('127.0.0.1', 1).", False, "refused"),
        ("NOAUTH Authentication required.", True, "password_required"),
        ("WRONGPASS invalid username-password pair or user is disabled.", True, "password_rejected"),
        ("NOPERM this user has no permissions to run the 'ping' command", True, "command_denied"),
        ("ERR max number of clients reached", True, "client_limit"),
        ("DENIED Redis is running in protected mode because", True, "protected_mode"),
        ("MISCONF Redis is configured to save RDB snapshots", True, "misconf"),
        ("LOADING Redis is loading the dataset in memory", True, "loading"),
        ("BUSY Redis is busy running a script.", True, "busy"),
        ("Timeout connecting to server", False, "timeout"),
        ("no answer within 4 s", True, "silent"),
        ("Error -2 connecting to nowhere:6379. Name or service not known.", False, "unresolved"),
        ("Error 1 connecting to h:1. [SSL: WRONG_VERSION_NUMBER] wrong version number.", True, "tls_rejected"),
        ("Connection closed by server.", True, "closed"),
        ("HTTP/1.1 400 Bad Request", True, "other"),
    ],
)  # fmt: skip
def test_outcomes_of_the_first_contact(message: str, reached: bool, outcome: str):
    assert outcome_of({"ok": False, "message": message, "reached": reached}) == outcome


def test_after_a_refused_password_everything_else_is_denied():
    login = {"ok": False, "message": "WRONGPASS invalid", "reached": True, "host": "cache", "port": 6379}
    found = facts(answer("login", login))
    kinds = {kind.kind for reader in READERS for kind in reader.kinds}
    assert {fact.kind for fact in found if fact.status == Status.DENIED} == kinds


def test_a_replica_is_joined_to_a_master_that_was_looked_at_too():
    replica = info().replace("role:master", "role:slave\nmaster_host:db\nmaster_port:6379\nmaster_link_status:down")
    answers = [ServerAnswer("redis/copy", "info", replica), ServerAnswer("redis/db", "info", info())]
    assert extract_redis(answers, None).relations == [Relation("replicates_from", "redis/copy", "redis/db")]
    assert extract_redis(answers[:1], None).relations == []


HOSTILE = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(data=HOSTILE, question=some.sampled_from(["login", *sorted({reader.question for reader in READERS})]))
def test_any_answer_is_taken(data: Any, question: str):
    extract_redis([answer(question, data), answer("info", info())], None)


@settings(max_examples=150, deadline=None)
@given(place=some.integers(0, len(INFO)), noise=some.text(max_size=30))
def test_any_text_of_info_is_taken(place: int, noise: str):
    text = info()
    extract_redis([answer("info", text[:place] + noise + text[place:])], None)


@settings(max_examples=100, deadline=None)
@given(
    field=some.sampled_from(["prefix", "keys", "without_expiry", "at", "microseconds", "command", "groups", "clients"]),
    value=HOSTILE,
    question=some.sampled_from(["keys", "slowlog", "latency", "clients"]),
)
def test_any_field_is_taken(field: str, value: Any, question: str):
    row = {"prefix": "a", "keys": 5, "database": 0, "command": "GET", "microseconds": 5, "clients": 1, field: value}
    extract_redis([answer(question, [row]), answer(question, {**row, "prefixes": [row], "groups": [row]})], None)
