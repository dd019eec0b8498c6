"""Every question against real servers: with pg_monitor it is answered, without it is denied and never empty."""

from __future__ import annotations

import asyncio
import json

import pytest
from psycopg import connect, errors

from dotmac_diagnose.extract.postgres.readers import READERS
from dotmac_diagnose.facts import Status
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import CollectorContext
from dotmac_diagnose_collectors.postgres import PostgresCollector
from dotmac_diagnose_collectors.postgres.address import parse_address
from dotmac_diagnose_collectors.postgres.questions import QUESTIONS
from servers.looking import collect, facts_of, look_at_postgres, shown, statuses, the
from servers.postgres import PASSWORD, PostgresServer

NEEDS_MONITOR = {
    "postgres.connections", "postgres.connection_group", "postgres.lock_root", "postgres.lock_waiter",
    "postgres.session", "postgres.wait", "postgres.lock_manager", "postgres.xmin_holder", "postgres.vacuum_horizon",
    "postgres.autovacuum", "postgres.vacuum", "postgres.synchronous_replication", "postgres.standby",
    "postgres.recovery", "postgres.memory", "postgres.wal", "postgres.statement", "postgres.index",
}  # fmt: skip
KINDS = sorted({kind.kind for reader in READERS for kind in reader.kinds})


def test_a_monitoring_role_gets_every_answer_twice_where_it_matters(postgres: PostgresServer):
    answers = collect(PostgresCollector(), Targets(postgres=[postgres.dsn("monitor", "shop")]), sample=0.5)
    refused = {(answer.question, answer.status) for answer in answers if answer.status != "ok"}
    assert refused == {("configuration_errors", "denied")}
    fitting = [question for question in QUESTIONS if question.fits(postgres.version)]
    assert [answer.question for answer in answers if answer.sample == 0] == [
        "login",
        "server",
        *(question.name for question in fitting),
    ]
    assert [answer.question for answer in answers if answer.sample == 1] == [
        question.name for question in fitting if question.twice
    ]
    assert {answer.server for answer in answers} == {postgres.entity}


def test_every_kind_is_seen_or_proved_absent(postgres: PostgresServer):
    base = look_at_postgres(postgres.dsn("monitor", "shop"), sample=0.5)
    for kind in KINDS:
        expected = {Status.DENIED} if kind == "postgres.configuration_error" else {Status.OK, Status.EMPTY}
        assert statuses(base, kind), kind
        assert statuses(base, kind) <= expected, (kind, [fact.reason for fact in base.of_kind(kind)])
    assert not base.outcomes
    server = the(base, "postgres.server")
    assert (server.major, server.in_recovery, server.reads_all_statistics) == (postgres.version, False, True)
    assert 0 <= server.uptime_seconds < 600
    assert the(base, "postgres.connections").usable == 27
    assert the(base, "postgres.checkpoints").timeout_seconds == 300
    assert the(base, "postgres.setting", name="shared_buffers").number == 16 * 1024 * 1024
    assert the(base, "postgres.statement_statistics").available is True
    assert the(base, "postgres.database_activity", database="shop").seconds >= 0.4


def test_an_unprivileged_role_is_denied_and_nothing_is_empty(postgres: PostgresServer):
    base = look_at_postgres(postgres.dsn("plain", "shop"))
    for kind in NEEDS_MONITOR:
        assert statuses(base, kind) == {Status.DENIED}, kind
    reason = next(fact.reason for fact in base.of_kind("postgres.connections"))
    assert reason == "role plain lacks pg_read_all_stats: GRANT pg_monitor TO it"
    assert the(base, "postgres.server").reads_all_statistics is False
    assert shown(base, "postgres.setting")


def test_a_superuser_reads_the_errors_of_the_configuration(postgres: PostgresServer):
    file = postgres.data / "wrong.conf"
    main = postgres.data / "postgresql.conf"
    original = main.read_text()
    file.write_text("work_mem = 'much'\n")
    file.chmod(0o644)
    main.write_text(original + "include 'wrong.conf'\n")
    try:
        base = look_at_postgres(postgres.dsn("postgres", "shop"))
    finally:
        main.write_text(original)
    error = the(base, "postgres.configuration_error")
    assert (error.file, error.line, error.name) == ("wrong.conf", 1, "work_mem")


def test_questions_wait_for_no_lock_on_a_table_or_sequence(postgres: PostgresServer):
    postgres.run("CREATE TABLE held (id serial PRIMARY KEY, n int REFERENCES held)", database="shop")
    with postgres.connect(database="shop") as holder:
        holder.execute("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE; ALTER SEQUENCE held_id_seq INCREMENT 1")
        answers = collect(PostgresCollector(), Targets(postgres=[postgres.dsn("postgres", "shop")]))
        assert {answer.question for answer in answers if answer.status != "ok"} == set()
        holder.execute("ROLLBACK")
    postgres.run("DROP TABLE held", database="shop")


def test_a_password_is_used_and_never_said(postgres: PostgresServer):
    answers = collect(PostgresCollector(), Targets(postgres=[postgres.dsn("keyed", "shop", PASSWORD)]))
    assert answers[0].data["ok"] is True
    assert PASSWORD not in json.dumps([answer.data for answer in answers]) + repr(answers)


def test_a_second_database_of_a_server_is_asked_about_itself_only(postgres: PostgresServer):
    dsns = [postgres.dsn("monitor", "shop"), postgres.dsn("monitor", "postgres")]
    answers = collect(PostgresCollector(), Targets(postgres=dsns))
    second = [answer.question for answer in answers if answer.question.endswith("@postgres")]
    assert "tables@postgres" in second
    assert [answer.question for answer in answers].count("connections") == 1
    base = facts_of(answers)
    assert {fact.database for fact in shown(base, "postgres.statement_statistics")} == {"shop", "postgres"}


def test_the_session_cannot_write(postgres: PostgresServer):
    settings = parse_address(postgres.dsn("postgres", "shop"), 5432).session(4.0)
    with connect(**settings, autocommit=True) as connection, pytest.raises(errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE never (n int)")


def test_permissions_name_the_grant(postgres: PostgresServer):
    def ask(user: str):
        targets = Targets(postgres=[postgres.dsn(user, "shop")])
        return {item.what.partition(" (")[0]: item for item in asyncio.run(
            PostgresCollector().permissions(CollectorContext(targets)))}  # fmt: skip

    monitor, plain = ask("monitor"), ask("plain")
    sessions = "sessions, locks, replication and statements of all roles"
    assert monitor[sessions].held is True
    assert plain[sessions].held is False
    grant = plain[sessions].grant
    assert grant == "GRANT pg_monitor TO plain;"
    postgres.run(grant)
    try:
        assert ask("plain")[sessions].held is True
    finally:
        postgres.run("REVOKE pg_monitor FROM plain")
