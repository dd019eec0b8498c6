"""Logins that fail: each is a fact, and what it hides stays unknown."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dotmac_diagnose.errors import NotApplicable, Unavailable
from dotmac_diagnose.facts import Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import CollectorContext
from dotmac_diagnose_collectors.postgres import PostgresCollector
from servers.looking import facts_of, look_at_postgres, shown, statuses, the
from servers.postgres import PASSWORD, PostgresServer, postgres_server
from servers.process import free_port, wait_until


@pytest.mark.parametrize(
    ("user", "database", "password", "outcome", "status"),
    [
        ("keyed", "shop", "wrong", "password_rejected", Status.DENIED),
        ("keyed", "shop", None, "password_rejected", Status.DENIED),
        ("nobody_here", "shop", None, "role_missing", Status.DENIED),
        ("monitor", "no_such_shop", None, "database_missing", Status.UNREACHABLE),
        ("barred", "shop", None, "method_rejected", Status.DENIED),
        ("monitor", "closed", None, "database_closed", Status.UNREACHABLE),
        ("limited", "shop", None, "role_limit", Status.UNREACHABLE),
        ("monitor", "narrow", None, "database_limit", Status.UNREACHABLE),
    ],
)
def test_a_refusal_is_a_fact(
    postgres: PostgresServer, user: str, database: str, password: str | None, outcome: str, status: Status
):
    postgres.run(
        "DROP DATABASE IF EXISTS closed", "CREATE DATABASE closed ALLOW_CONNECTIONS false",
        "DROP DATABASE IF EXISTS narrow", "CREATE DATABASE narrow CONNECTION LIMIT 0",
        "DROP ROLE IF EXISTS limited", "CREATE ROLE limited LOGIN CONNECTION LIMIT 0",
    )  # fmt: skip
    base = look_at_postgres(postgres.dsn(user, database, password))
    login = the(base, "postgres.login")
    assert (login.outcome, login.answered, login.role) == (outcome, True, user)
    assert (password or "-") not in (login.message or "")
    assert statuses(base, "postgres.connections") == {status}
    assert statuses(base, "postgres.lock_root") == {status}


def test_tls_that_the_server_does_not_speak_is_told(postgres: PostgresServer):
    base = look_at_postgres(postgres.dsn("monitor", "shop") + " sslmode=require")
    assert the(base, "postgres.login").outcome == "tls_rejected"


def test_a_port_without_listener_is_refused():
    login = the(look_at_postgres(f"host=127.0.0.1 port={free_port()} user=x dbname=x"), "postgres.login")
    assert (login.outcome, login.answered) == ("refused", False)


def test_an_unknown_name_is_unresolved():
    login = the(look_at_postgres("host=db.invalid user=x dbname=x"), "postgres.login")
    assert (login.outcome, login.answered) == ("unresolved", False)


Listener = Callable[[Callable[[socket.socket], None]], int]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Start a server that takes connections and does with them what a test says."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(serve: Callable[[socket.socket], None]) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(0.1)

        def run() -> None:
            with server:
                while not stop.is_set():
                    try:
                        connection, _ = server.accept()
                    except TimeoutError:
                        continue
                    thread = threading.Thread(target=_guarded, args=(serve, connection), daemon=True)
                    thread.start()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return int(server.getsockname()[1])

    yield start
    stop.set()
    for thread in threads:
        thread.join(2)


def _guarded(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            serve(connection)
        except OSError:
            return


def test_a_server_that_never_answers_is_silent(listener: Listener):
    port = listener(lambda _: time.sleep(6))
    base = look_at_postgres(f"host=127.0.0.1 port={port} user=x dbname=x", probe=2)
    login = the(base, "postgres.login")
    assert (login.outcome, login.answered) == ("silent", False)
    assert statuses(base, "postgres.connections") == {Status.TIMEOUT}


def test_a_server_of_one_byte_per_second_is_silent(listener: Listener):
    def drip(connection: socket.socket) -> None:
        connection.recv(100)
        for byte in b"N" + b"R\x00\x00\x00\x08" * 10:
            connection.sendall(bytes([byte]))
            time.sleep(1)

    base = look_at_postgres(f"host=127.0.0.1 port={listener(drip)} user=x dbname=x", probe=2)
    assert the(base, "postgres.login").outcome == "silent"


def test_a_server_that_hangs_up_is_closed(listener: Listener):
    base = look_at_postgres(f"host=127.0.0.1 port={listener(lambda _: None)} user=x dbname=x sslmode=disable")
    assert the(base, "postgres.login").outcome == "closed"


def test_another_program_on_the_port_is_no_postgres(listener: Listener):
    port = listener(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    login = the(look_at_postgres(f"host=127.0.0.1 port={port} user=x dbname=x sslmode=disable"), "postgres.login")
    assert (login.outcome, login.answered) == ("other", False)


def test_slots_that_are_taken_refuse_the_collector_too(version: int):
    with postgres_server(version, max_connections="6", superuser_reserved_connections="2") as server:
        held = [server.connect("plain", "shop") for _ in range(4)]
        base = look_at_postgres(server.dsn("monitor", "shop"))
        login = the(base, "postgres.login")
        assert (login.outcome, login.answered) == ("slots_exhausted", True)
        assert statuses(base, "postgres.connections") == {Status.UNREACHABLE}
        everything = look_at_postgres(server.dsn("postgres", "shop"))
        connections = the(everything, "postgres.connections")
        assert (connections.usable, connections.used, connections.free) == (4, 5, 0)
        holder = the(everything, "postgres.connection_group", grouped_by="application", role="plain")
        assert (holder.connections, holder.idle, holder.percent_of_used) == (4, 4, 80.0)
        for connection in held:
            connection.close()


def test_a_server_that_is_killed_midway_ends_the_questions(version: int):
    with postgres_server(version) as server:
        answers = []

        async def run() -> None:
            context = CollectorContext(Targets(postgres=[server.dsn("monitor", "shop")]))
            async for answer in PostgresCollector().collect(context):
                answers.append(answer)
                if answer.question == "connections":
                    server.stop(how=signal.SIGQUIT)

        asyncio.run(run())
        later = [answer.status for answer in answers if answer.question == "tables"]
        assert later == ["unreachable"]
        base = facts_of(answers)
        assert statuses(base, "postgres.connections") == {Status.OK}
        assert statuses(base, "postgres.table") == {Status.UNREACHABLE}


def test_a_backend_that_stops_answering_costs_one_question(version: int):
    with postgres_server(version) as server:
        answers = []
        stopped: list[int] = []

        async def run() -> None:
            targets = Targets(postgres=[server.dsn("monitor", "shop")])
            async for answer in PostgresCollector().collect(CollectorContext(targets, probe_seconds=2)):
                answers.append(answer)
                if answer.question == "connections":
                    find = "SELECT pid FROM pg_stat_activity WHERE application_name = 'diagnose'"
                    stopped.append(int(server.value(find)))
                    os.kill(stopped[0], signal.SIGSTOP)

        asyncio.run(run())
        assert [answer.status for answer in answers if answer.question == "connection_groups"] == ["timeout"]
        assert [answer.status for answer in answers if answer.question == "tables"] == ["unreachable"]
        os.kill(stopped[0], signal.SIGCONT)


def test_a_server_that_starts_says_so(version: int):
    with postgres_server(version) as server:
        server.stop()
        (server.data / "recovery.signal").write_text("")
        server.configure(restore_command="sleep 30; false", recovery_target_timeline="latest")
        server.start(wait=False)
        outcomes: list[str] = []

        def tells() -> bool:
            outcomes.append(the(look_at_postgres(server.dsn("monitor", "shop")), "postgres.login").outcome)
            return outcomes[-1] == "starting"

        wait_until(tells, what="the word that the server starts")
        assert set(outcomes) <= {"refused", "starting"}


def test_variables_and_files_of_libpq_change_nothing(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    passwords = tmp_path / "pass"
    passwords.write_text(f"*:*:*:*:{PASSWORD}\n")
    passwords.chmod(0o600)
    traps = {
        "PGHOST": "db.invalid", "PGHOSTADDR": "203.0.113.9", "PGPORT": "1", "PGUSER": "thief", "PGPASSWORD": PASSWORD,
        "PGDATABASE": "other", "PGPASSFILE": str(passwords),
        "PGOPTIONS": "-c search_path=trap", "PGSSLMODE": "verify-full", "PGTARGETSESSIONATTRS": "standby",
        "PGREQUIREAUTH": "gss", "PGAPPNAME": "thief", "PGCLIENTENCODING": "LATIN1",
    }  # fmt: skip
    for name, value in traps.items():
        monkeypatch.setenv(name, value)
    base = look_at_postgres(f"host=127.0.0.1 port={postgres.port} user=keyed dbname=shop")
    login = the(base, "postgres.login")
    # keyed has a password, which stands in the variables and the file: none of them is offered.
    assert (login.outcome, login.role, login.database) == ("password_rejected", "keyed", "shop")
    base = look_at_postgres(f"host=127.0.0.1 port={postgres.port} user=monitor dbname=shop")
    assert the(base, "postgres.server").role == "monitor"
    assert shown(base, "postgres.connections")


def test_a_service_in_the_environment_is_refused_because_libpq_would_follow_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGSERVICE", "trap")
    with pytest.raises(Unavailable, match="PGSERVICE is set"):
        look_at_postgres("host=127.0.0.1 user=x dbname=x")


@pytest.mark.parametrize(
    "text", ["postgresql://u:hush@[::1", "service=shop", "host=h passfile=/tmp/x", "nonsense hush"]
)
def test_a_connection_string_that_cannot_be_used_is_named_without_its_secret(text: str):
    with pytest.raises(Unavailable, match="connection string 1 of --postgres") as caught:
        look_at_postgres(text)
    assert "hush" not in str(caught.value)


def test_without_a_target_there_is_nothing_to_do():
    with pytest.raises(NotApplicable):
        look_at_postgres()
