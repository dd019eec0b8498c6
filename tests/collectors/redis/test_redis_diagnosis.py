"""Faults of real Redis servers: the right cause first, nothing else reported, and the printed fix cures it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import redis

from dotmac_diagnose import Diagnosis, Targets, collect, diagnose
from dotmac_diagnose.live import LiveOptions
from servers.looking import look_at_redis
from servers.process import free_port, wait_until
from servers.redis import PASSWORD, RedisServer, redis_server


def reported(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [(cause.id, cause.entity.id) for cause in diagnosis.reported]


def the_only(diagnosis: Diagnosis, cause: str, server: RedisServer) -> None:
    """Fail unless one cause is reported, this one, with .9 or more."""
    assert reported(diagnosis) == [(cause, server.entity)], [(item.id, item.confidence) for item in diagnosis.causes]
    assert diagnosis.reported[0].confidence >= 0.9, diagnosis.reported[0].confidence


def looked(*servers: RedisServer, sample: float = 0.6, probe: float = 2.0) -> Diagnosis:
    return diagnose(look_at_redis(*(server.url() for server in servers), sample=sample, probe=probe))


def run_printed(diagnosis: Diagnosis, fix: str, **fill: str) -> list[str]:
    """Run the commands of a fix as they are printed, marks filled in; return what they print."""
    (found,) = [item for item in diagnosis.fixes if item.id == fix]
    printed = []
    for step in found.steps:
        command = step.run
        if step.tool == "manual":
            continue
        for mark, value in fill.items():
            command = command.replace(f"<{mark}>", value)
        assert "<" not in command, command
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=70, check=False)
        assert done.returncode == 0, (command, done.stderr)
        printed.append(done.stdout)
    return printed


@contextmanager
def repeated(action: Callable[[], object]) -> Iterator[None]:
    """Repeat an action of a client every 50 ms, its refusals ignored."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.05):
            with suppress(redis.RedisError):
                action()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def fill(server: RedisServer, prefix: str, keys: int, size: int = 1000) -> None:
    with server.client() as client, suppress(redis.ResponseError):
        for number in range(keys):
            client.set(f"{prefix}:{number}", "x" * size)


def test_a_healthy_server_that_works_is_silent(server: RedisServer):
    server.run("CONFIG", "SET", "maxmemory", "50mb")
    fill(server, "item", 500)
    with server.client() as client, repeated(lambda: (client.get("item:1"), client.set("session:1", "x", ex=100))):
        diagnosis = looked(server)
    assert reported(diagnosis) == []
    assert diagnosis.status == "healthy", diagnosis.unexplained


def test_a_full_cache_that_evicts_is_silent(server: RedisServer):
    server.run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    server.run("CONFIG", "SET", "maxmemory", "3mb")
    fill(server, "cache", 4000)
    counter = iter(range(10**9))
    with server.client() as client, repeated(lambda: client.set(f"cache:more{next(counter)}", "x" * 2000)):
        diagnosis = looked(server)
    assert reported(diagnosis) == []


def test_a_server_that_is_down():
    with redis_server() as server:
        server.stop()
        the_only(looked(server), "redis.server_down", server)


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_or_missing_password(server: RedisServer, password: str | None):
    server.run("CONFIG", "SET", "requirepass", PASSWORD)
    the_only(diagnose(look_at_redis(server.url(password=password))), "redis.credentials_or_acl_wrong", server)


def test_a_client_without_leave_is_seen_in_the_counters(server: RedisServer):
    server.run("ACL", "SETUSER", "app", "on", f">{PASSWORD}", "~app:*", "+get")
    with server.client(username="app", password=PASSWORD) as client, repeated(lambda: client.get("other:1")):
        the_only(looked(server), "redis.credentials_or_acl_wrong", server)


@pytest.mark.parametrize("writes", [True, False])
def test_full_memory_and_its_fix(server: RedisServer, writes: bool):
    server.run("CONFIG", "SET", "maxmemory", "2mb")
    fill(server, "item", 4000)
    with server.client() as client:
        with repeated(lambda: client.set("more", "x" * 5000) if writes else client.get("item:1")):
            diagnosis = looked(server)
        the_only(diagnosis, "redis.memory_limit_reached_without_eviction", server)
        with pytest.raises(redis.OutOfMemoryError):
            client.set("more", "x" * 5000)
        run_printed(diagnosis, "redis.raise_maxmemory_of_server")
        assert client.set("more", "x" * 5000) is True
    assert reported(looked(server)) == []


def test_sessions_without_expiry_are_the_root_of_full_memory(server: RedisServer):
    server.run("CONFIG", "SET", "maxmemory", "4mb")
    fill(server, "session", 6000)
    with server.client() as client, repeated(lambda: client.set("session:more", "x" * 9000)):
        diagnosis = looked(server)
    assert reported(diagnosis)[0] == ("redis.keys_without_expiry", server.entity)
    assert diagnosis.reported[0].confidence >= 0.9
    server.run("CONFIG", "SET", "maxmemory", 0)
    run_printed(diagnosis, "redis.set_expiry_on_sessions", SECONDS="600")
    assert server.run("INFO", "keyspace")["db0"]["expires"] >= server.run("DBSIZE") - 1


def test_sessions_that_are_evicted(server: RedisServer):
    server.run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    server.run("CONFIG", "SET", "maxmemory", "4mb")
    with server.client() as client:
        for number in range(1000):
            client.set(f"session:{number}", "x" * 500, ex=3600)
        counter = iter(range(10**9))
        with repeated(lambda: [client.set(f"cache:{next(counter)}", "x" * 900, ex=60) for _ in range(300)]):
            wait_until(lambda: client.info("stats")["evicted_keys"] > 50, what="evictions")
            the_only(looked(server), "redis.eviction_of_live_keys", server)


@contextmanager
def unwritable(server: RedisServer) -> Iterator[None]:
    server.folder.chmod(0o555)
    try:
        yield
    finally:
        server.folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_and_its_fixes():
    with redis_server(save="3600 1") as server:
        server.run("SET", "k", "v")
        with unwritable(server):
            if os.access(server.folder, os.W_OK) and os.getuid() != 0:
                pytest.skip("this user may write everywhere")
            server.run("BGSAVE")
            wait_until(
                lambda: server.run("INFO", "persistence")["rdb_last_bgsave_status"] == "err", what="a failed save"
            )
            with pytest.raises(redis.ResponseError, match="MISCONF"):
                server.run("SET", "k", "v")
            diagnosis = looked(server)
            the_only(diagnosis, "redis.persistence_failing", server)
            run_printed(diagnosis, "redis.accept_writes_unsaved")
            assert server.run("SET", "k", "v")
            server.run("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        run_printed(diagnosis, "redis.repair_directory_and_save")
        wait_until(lambda: server.run("INFO", "persistence")["rdb_last_bgsave_status"] == "ok", what="a good save")
        assert server.run("SET", "k", "v")
        assert reported(looked(server)) == []


def test_all_connections_taken_and_its_fix(server: RedisServer):
    server.run("CONFIG", "SET", "maxclients", 4)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
    try:
        diagnosis = looked(server)
        the_only(diagnosis, "redis.client_limit_reached", server)
        held.pop(0).close()
        assert run_printed(diagnosis, "redis.raise_client_limit_of_server")[0].split()[-1] == "OK"
        assert reported(looked(server)) == []
    finally:
        for connection in held:
            connection.close()


def test_a_replica_that_follows_nobody_and_its_fix(server: RedisServer):
    with redis_server(replicaof=f"127.0.0.1 {free_port()}") as copy:
        diagnosis = looked(server, copy)
        the_only(diagnosis, "redis.replication_link_down", copy)
        run_printed(diagnosis, "redis.connect_replica", MASTER_HOST="127.0.0.1", MASTER_PORT=str(server.port))
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "up", what="the link", seconds=30)
        assert reported(looked(server, copy)) == []


def test_a_replica_whose_master_is_down_is_no_cause():
    with redis_server() as master, redis_server(replicaof=f"127.0.0.1 {master.port}") as copy:
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "up", what="the link", seconds=30)
        master.stop()
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "down", what="the loss")
        the_only(looked(master, copy), "redis.server_down", master)


def test_writes_to_a_replica(server: RedisServer):
    with redis_server(replicaof=f"127.0.0.1 {server.port}") as copy:
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "up", what="the link", seconds=30)
        with copy.client() as client, repeated(lambda: client.set("k", "v")):
            the_only(looked(server, copy), "redis.writes_sent_to_replica", copy)


def test_two_masters_of_one_set(server: RedisServer):
    with redis_server(replicaof=f"127.0.0.1 {server.port}") as copy:
        wait_until(lambda: copy.run("INFO", "replication")["master_link_status"] == "up", what="the link", seconds=30)
        copy.run("REPLICAOF", "NO", "ONE")
        the_only(looked(server, copy), "redis.several_masters", copy)


def test_too_few_replicas(server: RedisServer):
    server.run("CONFIG", "SET", "min-replicas-to-write", 1)
    diagnosis = looked(server)
    the_only(diagnosis, "redis.too_few_replicas_for_writes", server)
    run_printed(diagnosis, "redis.write_without_replicas")
    assert server.run("SET", "k", "v")


def test_a_cluster_without_all_slots():
    with redis_server(cluster_enabled="yes", cluster_port=str(free_port())) as server:
        the_only(looked(server), "redis.cluster_slots_unavailable", server)


def test_a_slow_command_over_all_keys(server: RedisServer):
    server.run("DEBUG", "POPULATE", 1_500_000)
    server.run("KEYS", "*none*")
    the_only(looked(server), "redis.slow_command_or_big_key", server)


def test_a_script_that_does_not_end_and_its_fix(server: RedisServer):
    server.run("CONFIG", "SET", "busy-reply-threshold", 50)
    ended = threading.Event()

    def loop() -> None:
        with suppress(redis.RedisError), server.client() as client:
            client.execute_command("EVAL", "while true do end", 0)
        ended.set()

    threading.Thread(target=loop, daemon=True).start()
    time.sleep(0.4)
    diagnosis = looked(server)
    the_only(diagnosis, "redis.slow_command_or_big_key", server)
    run_printed(diagnosis, "redis.replace_slow_command")
    assert ended.wait(5)


def test_a_server_that_hangs_is_not_taken_for_another_fault(server: RedisServer):
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    diagnosis = looked(server, probe=1.0)
    assert reported(diagnosis) == []
    assert diagnosis.status == "degraded"
    assert "redis.login_probe_unanswered" in {item.finding for item in diagnosis.unexplained}


def test_a_slow_disk_under_the_append_only_file(tmp_path_factory: pytest.TempPathFactory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the slow disk cannot be made")
    server = RedisServer(appendonly="yes", appendfsync="always")
    try:
        source, library = server.folder / "slow.c", server.folder / "slow.so"
        source.write_text(
            "#include <time.h>\n"
            "int fdatasync(int file) { struct timespec t = {0, 150000000}; nanosleep(&t, 0); return 0; }\n"
        )
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        library.chmod(0o755)
        server.preload = str(library)
        server.start()
        with server.client() as client, repeated(lambda: client.set("k", "v")):
            time.sleep(1)
            the_only(looked(server), "redis.disk_fsync_stall", server)
    finally:
        server.remove()


def test_a_user_that_may_see_nothing_is_no_healthy_server(server: RedisServer):
    server.run("ACL", "SETUSER", "app", "on", f">{PASSWORD}", "+ping")
    bundle = collect(Targets(redis=[server.url("app", PASSWORD)]), 10, options=LiveOptions(only=["redis"], sample=0))
    diagnosis = diagnose(bundle)
    assert reported(diagnosis) == []
    (outcome,) = [item for item in diagnosis.collectors if item.id == "redis"]
    assert outcome.status in ("partial", "denied")
    assert (outcome.reason or "").startswith("denied: info")


def test_a_dataset_that_is_being_loaded():
    with redis_server() as server:
        server.run("DEBUG", "POPULATE", 200_000, "k", 20)
        server.run("SAVE")
        server.stop()
        server.configure(key_load_delay="200", loading_process_events_interval_bytes="1024")
        server.start(wait=False)
        wait_until(lambda: _answers_that_it_loads(server), what="the word that it loads")
        the_only(looked(server), "redis.loading_dataset", server)


def _answers_that_it_loads(server: RedisServer) -> bool:
    try:
        server.run("PING")
    except redis.BusyLoadingError:
        return True
    except redis.ConnectionError:
        return False
    return False
