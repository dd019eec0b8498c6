"""``diagnose verify`` against a real server: before the fix, after it, and when the server is gone."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Run
from dotmac_diagnose.diagnosis import Diagnosis
from servers.curing import fix_of_report, run_fix
from servers.postgres import PostgresServer, postgres_server, versions
from servers.sessions import Sessions, sessions

TITLE = "End the sessions that are idle in transaction and block others"
CAUSE = "postgres.idle_in_transaction_session"
ROOT = "postgres.lock_root_idle_in_transaction"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server(versions()[-1]) as started:
        started.run(
            "CREATE TABLE stock (id int PRIMARY KEY, n int)", "INSERT INTO stock VALUES (1, 0)", database="shop"
        )
        yield started


def blocked(held: Sessions, waiters: int = 3) -> None:
    """Let a session that does nothing hold up others for more than two seconds."""
    held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", application="checkout")
    for _ in range(waiters):
        held.stuck("UPDATE stock SET n = 2 WHERE id = 1")
    time.sleep(2)


def options(server: PostgresServer) -> list[str]:
    return ["--postgres", server.dsn("monitor", "shop"), "--sample", "0", "--skip", "kubernetes"]


def test_not_cured_then_cured_then_not_seen(server: PostgresServer, run: Run, tmp_path: Path):
    report = tmp_path / "report.json"
    with sessions(server) as held:
        blocked(held)
        assert run("run", "--no-save", "--format", "json", "-o", report, *options(server)).code == 1
        before = run("verify", report, *options(server))
        assert (before.code, before.err) == (1, "")
        assert before.out.startswith(f"not cured  {TITLE}\n")
        assert f"           for {CAUSE} on {server.entity}\n" in before.out
        assert f"           still there: {ROOT} on {server.entity}: pid " in before.out
        run_fix(fix_of_report(Diagnosis.from_json(report.read_bytes()), "postgres.end_idle_in_transaction"), server)
        after = run("verify", report, *options(server))
        assert (after.code, after.err) == (0, "")
        assert f"cured      {TITLE}\n           for {CAUSE}" in after.out
        assert f"           gone: {ROOT} on {server.entity}\n" in after.out
        as_json = json.loads(run("verify", report, "--format", "json", *options(server)).out)
        assert (as_json["schema_version"], as_json["result"]) == (1, "cured")
        (first, *_) = as_json["fixes"]
        assert (first["id"], first["result"]) == ("postgres.end_idle_in_transaction", "cured")
        assert {item["finding"]: item["status"] for item in first["checks"] if item["was_seen"]} == {ROOT: "absent"}
        assert {item["id"]: item["status"] for item in as_json["collectors"]}["pgbouncer"] == "skipped"
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        try:
            silent = run("verify", report, *options(server), "--deadline", "8")
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert silent.code == 3
        assert f"not seen: {ROOT} on {server.entity} (timeout)" in silent.out


def test_another_target_shows_nothing_of_the_report(server: PostgresServer, run: Run, tmp_path: Path):
    report = tmp_path / "report.json"
    with sessions(server) as held:
        blocked(held)
        run("run", "--no-save", "--format", "json", "-o", report, *options(server))
    closed = run("verify", report, "--postgres", "host=127.0.0.1 port=1 user=a dbname=b", "--skip", "kubernetes")
    assert closed.code == 3
    assert "(not_collected)" in closed.out


def test_a_report_without_a_cause_has_nothing_to_verify(server: PostgresServer, run: Run, tmp_path: Path):
    report = tmp_path / "report.json"
    assert run("run", "--no-save", "--format", "json", "-o", report, *options(server)).code == 0
    result = run("verify", report, *options(server))
    assert (result.code, result.out) == (0, "the report has no reported cause: nothing to verify\n")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b"[" * 100_000, b'{"schema_version": 2}'])
def test_what_is_no_report_is_refused(run: Run, tmp_path: Path, content: bytes):
    file = tmp_path / "report.json"
    file.write_bytes(content)
    result = run("verify", file, "--postgres", "host=db user=a")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"diagnose: error: this is no JSON report of this program ({file}). "
        "Save one with `diagnose run --format json -o report.json`.\n"
    )


def test_a_report_that_is_not_there(run: Run, tmp_path: Path):
    result = run("verify", tmp_path / "none.json", "--postgres", "host=db user=a")
    assert result.code == 2
    assert "cannot read the report: no such file or directory" in result.err
