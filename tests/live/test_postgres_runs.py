"""Whole runs: live and offline agree, and a server that hangs or dies ends inside the deadline."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dotmac_diagnose.cli.main import main
from servers.postgres import PostgresServer, postgres_server, versions
from servers.sessions import sessions


def report(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    main([*map(str, words), "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_a_saved_run_gives_the_same_causes_and_confidences(
    newest: PostgresServer, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    targets = ["--postgres", newest.dsn("monitor", "shop"), "--only", "postgres", "--sample", "0.5"]
    with sessions(newest) as held:
        held.open("BEGIN", "UPDATE stock SET n = 1 WHERE id = 1", application="checkout")
        for _ in range(3):
            held.stuck("UPDATE stock SET n = 2 WHERE id = 1")
        time.sleep(2)
        live = report(capsys, "run", *targets)
        saved = next((tmp_path / "state" / "dotmac-diagnose").iterdir())
        assert main(["collect", "-o", str(tmp_path / "bundle.tar.zst"), *targets]) == 0
        capsys.readouterr()
    assert [cause["id"] for cause in live["causes"] if cause["reported"]] == ["postgres.idle_in_transaction_session"]
    again = report(capsys, "analyze", saved)
    for name in ("causes", "states", "fixes", "unexplained", "status"):
        assert again[name] == live[name], name
    collected = report(capsys, "analyze", tmp_path / "bundle.tar.zst")
    assert shown(collected) == shown(live)


def shown(found: Any) -> list[tuple[str, str, float]]:
    return [(cause["id"], cause["entity"]["id"], cause["confidence"]) for cause in found["causes"]]


@contextmanager
def listener(drip: bytes) -> Iterator[int]:
    """Take connections and never answer, or send one byte a second."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve() -> None:
            held: list[socket.socket] = []
            due = time.monotonic()
            while not stop.is_set():
                with suppress(TimeoutError):
                    held.append(server.accept()[0])
                if drip and time.monotonic() >= due:
                    due += 1
                    for connection in held:
                        with suppress(OSError):
                            connection.sendall(drip)
            for connection in held:
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        stop.set()
        thread.join(2)


@pytest.mark.parametrize("drip", [b"", b"N"], ids=["never answers", "one byte a second"])
def test_a_server_that_hangs_ends_inside_the_deadline(capsys: pytest.CaptureFixture[str], drip: bytes):
    with listener(drip) as port:
        started = time.monotonic()
        target = f"host=127.0.0.1 port={port} user=x dbname=x"
        found = report(capsys, "run", "--no-save", "--only", "postgres", "--deadline", "6", "--postgres", target)
        assert time.monotonic() - started < 6
    assert [cause for cause in found["causes"] if cause["reported"]] == []
    assert found["status"] != "healthy"
    assert not found["healthy"]


def test_a_server_that_is_stopped_midway_ends_inside_the_deadline(capsys: pytest.CaptureFixture[str]):
    with postgres_server(versions()[-1]) as server:
        target = server.dsn("monitor", "shop")
        assert server.process is not None
        dies = threading.Timer(1.0, server.process.send_signal, [signal.SIGQUIT])
        dies.start()
        started = time.monotonic()
        found = report(
            capsys, "run", "--no-save", "--only", "postgres", "--deadline", "8", "--sample", "3", "--postgres", target
        )
        assert time.monotonic() - started < 8
        dies.join()
    assert [cause["id"] for cause in found["causes"] if cause["reported"]] == []
    outcome = next(item for item in found["collectors"] if item["id"] == "postgres")
    assert outcome["status"] == "partial"
    assert "unreachable" in outcome["reason"]
