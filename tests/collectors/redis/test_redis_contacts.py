"""The first contact: every way in which it can fail is a fact, and ends in time."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dotmac_diagnose.errors import NotApplicable, Unavailable
from dotmac_diagnose.facts import Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import CollectorContext
from dotmac_diagnose_collectors.redis import RedisCollector
from servers.looking import facts_of, look_at_redis, shown, statuses, the
from servers.process import free_port, run_as_server, wait_until
from servers.redis import PASSWORD, RedisServer, redis_server


def outcome(url: str, probe: float = 2.0) -> tuple[str, bool]:
    login = the(look_at_redis(url, probe=probe), "redis.login")
    return login.outcome, login.answered


def test_a_port_where_nothing_listens_is_refused():
    base = look_at_redis(f"redis://127.0.0.1:{free_port()}")
    assert the(base, "redis.login").outcome == "refused"
    assert statuses(base, "redis.memory") == {Status.UNREACHABLE}


def test_a_name_that_does_not_exist_is_unresolved():
    assert outcome("redis://no-such-host.invalid") == ("unresolved", False)


def test_passwords_missing_wrong_and_unexpected(server: RedisServer):
    assert outcome(server.url(password="x")) == ("password_rejected", True)
    server.run("CONFIG", "SET", "requirepass", PASSWORD)
    assert outcome(server.url()) == ("password_required", True)
    assert outcome(server.url(password="wrong")) == ("password_rejected", True)
    assert outcome(server.url("nobody", "wrong")) == ("password_rejected", True)
    base = look_at_redis(server.url(password=PASSWORD))
    assert the(base, "redis.login").outcome == "ok"
    assert statuses(base, "redis.memory") == {Status.OK}
    assert statuses(look_at_redis(server.url()), "redis.memory") == {Status.DENIED}


def test_a_full_server_says_so_although_it_hangs_up(server: RedisServer):
    server.run("CONFIG", "SET", "maxclients", 2)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
    try:
        for _ in range(5):
            assert outcome(server.url(password="x")) == ("client_limit", True)
    finally:
        for connection in held:
            connection.close()


def test_a_script_that_does_not_end_keeps_the_server_busy(server: RedisServer):
    server.run("CONFIG", "SET", "busy-reply-threshold", 50)

    def loop() -> None:
        with pytest.raises(Exception, match=r"script|killed|closed"), server.client() as client:
            client.execute_command("EVAL", "while true do end", 0)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    time.sleep(0.4)
    assert outcome(server.url()) == ("busy", True)
    server.run("SCRIPT", "KILL")
    thread.join(5)


def test_a_server_that_hangs_is_silent_in_time(server: RedisServer):
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    base = look_at_redis(server.url(), probe=1.5)
    assert time.monotonic() - started < 4
    assert the(base, "redis.login").outcome == "silent"
    assert statuses(base, "redis.clients") == {Status.TIMEOUT}


@pytest.fixture
def listener() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    stop = threading.Event()

    def start(serve: Callable[[socket.socket], None]) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(0.1)

        def run() -> None:
            with listening:
                while not stop.is_set():
                    try:
                        connection, _ = listening.accept()
                    except TimeoutError:
                        continue
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    serve(connection)
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return int(listening.getsockname()[1])

    yield start
    stop.set()


def test_another_program_on_the_port_is_no_redis(listener: Callable[..., int]):
    port = listener(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert outcome(f"redis://127.0.0.1:{port}") == ("other", False)


def test_endless_and_deep_replies_end_in_time(listener: Callable[..., int]):
    def flood(connection: socket.socket) -> None:
        connection.recv(100)
        while True:
            connection.sendall(b"*1\r\n" * 1000)

    def drip(connection: socket.socket) -> None:
        for byte in b"$100\r\n" + b"x" * 100:
            connection.sendall(bytes([byte]))
            time.sleep(0.5)

    for serve in (flood, drip):
        started = time.monotonic()
        assert outcome(f"redis://127.0.0.1:{listener(serve)}", probe=1.5)[1] is False
        assert time.monotonic() - started < 5


def test_tls_is_verified_unless_the_address_says_otherwise():
    port = free_port()
    server = RedisServer(tls_port=str(port), tls_auth_clients="no")
    try:
        key, certificate = server.folder / "key.pem", server.folder / "certificate.pem"
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=redis"]
        run_as_server([*make, "-keyout", str(key), "-out", str(certificate)], folder=server.folder)
        files = {"tls_cert_file": str(certificate), "tls_key_file": str(key), "tls_ca_cert_file": str(certificate)}
        server.configure(**files)
        server.start()
        assert outcome(f"rediss://127.0.0.1:{port}") == ("tls_rejected", False)
        # Redis without TLS waits for the end of a line that TLS does not send.
        assert outcome(f"rediss://127.0.0.1:{server.port}")[0] in ("tls_rejected", "silent")
        assert outcome(f"redis://127.0.0.1:{port}")[0] in ("closed", "silent")
        login = the(look_at_redis(f"rediss://127.0.0.1:{port}?ssl_cert_reqs=none"), "redis.login")
        assert (login.outcome, login.encrypted) == ("ok", True)
    finally:
        server.remove()


def test_a_server_that_is_killed_midway_ends_the_questions(server: RedisServer):
    answers = []

    async def run() -> None:
        async for answer in RedisCollector().collect(CollectorContext(Targets(redis=[server.url()]))):
            answers.append(answer)
            if answer.question == "info":
                server.stop()

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started < 8
    assert [answer.status for answer in answers if answer.question == "slowlog"] == ["unreachable"]
    base = facts_of(answers)
    assert statuses(base, "redis.memory") == {Status.OK}
    assert statuses(base, "redis.slow_command") == {Status.UNREACHABLE}


def test_a_server_that_stops_answering_midway_costs_one_wait(server: RedisServer):
    answers = []

    async def run() -> None:
        context = CollectorContext(Targets(redis=[server.url()]), probe_seconds=1.5)
        async for answer in RedisCollector().collect(context):
            answers.append(answer)
            if answer.question == "info" and server.process is not None:
                server.process.send_signal(signal.SIGSTOP)

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started < 6
    assert [answer.status for answer in answers if answer.question == "config"] == ["timeout"]
    assert [answer.status for answer in answers if answer.question == "slowlog"] == ["unreachable"]


def test_a_server_that_loads_its_file_still_tells_about_itself():
    with redis_server() as server:
        server.run("DEBUG", "POPULATE", 200_000, "k", 20)
        server.run("SAVE")
        server.stop()
        server.configure(key_load_delay="50", loading_process_events_interval_bytes="1024")
        server.start(wait=False)
        wait_until(lambda: outcome(server.url())[0] == "loading", what="the word that it loads")
        base = look_at_redis(server.url())
        persistence = the(base, "redis.persistence")
        assert persistence.loading is True
        assert persistence.loading_percent is not None
        assert shown(base, "redis.login")[0].outcome == "loading"


@pytest.mark.parametrize(
    "text", ["http://h", "h:6379", "redis://u:hush@[::1", "redis://:hush@h:6379/x", "redis://h?hush=1", "unix://x"]
)
def test_an_address_that_cannot_be_used_is_named_without_its_secret(text: str):
    with pytest.raises(Unavailable, match="address 1 of --redis") as caught:
        look_at_redis(text)
    assert "hush" not in str(caught.value) or "hush is not taken" in str(caught.value)


def test_without_a_target_there_is_nothing_to_do():
    with pytest.raises(NotApplicable):
        look_at_redis()
