"""The live commands: run, collect and doctor, with collectors that a test installs."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import PATHS, Run
from collectors.plugin import install
from collectors.sockets import silent_server
from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.cli.saved_bundles import KEPT

TESTS = str(Path(__file__).parent.parent)
PLACE = "collectors.socket_collectors"
PASSWORD = "Tr0ub4dor-and-3"
DSN = f"postgresql://app:{PASSWORD}@db/shop"
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}\.tar\.zst")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "dotmac-diagnose"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "p", {"postgres": f"{PLACE}:Open", "redis": f"{PLACE}:Closed"}))
    monkeypatch.setenv("DIAGNOSE_POSTGRES", DSN)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("command", [["run"], []])
def test_a_run_reports_keeps_the_bundle_and_says_where(run: Run, state: Path, command: list[str]) -> None:
    result = run(*command, "--redis", "redis://cache", "--url", "http://shop")
    assert (result.code, result.err) == (3, "")
    (saved,) = state.iterdir()
    text = flat(result.out)
    assert f"\nevidence: {saved}\n" in result.out
    assert "looked at: postgres db, redis cache" in text
    assert "postgres (partial: denied: locks)" in text
    assert "redis (denied: NOAUTH Authentication required (cache:6379))" in text
    assert "http (skipped: no installed collector looks at urls)" in text
    assert "examined and well: nothing" in text
    assert PASSWORD not in result.out
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    bundle = Bundle.read(saved)
    assert bundle.manifest["kind"] == "live"
    assert bundle.manifest["knowledge"]["version"]
    assert len(bundle.documents) == 2


@pytest.mark.usefixtures("installed")
def test_the_json_report_of_a_live_run(run: Run, state: Path) -> None:
    result = run("run", "--format", "json", "--redis", "redis://cache")
    report = json.loads(result.out)
    assert report["scope"]["source"] == "live"
    assert report["scope"]["inputs"] == ["postgres db", "redis cache"]
    assert report["timings_ms"]["collect"] > 0
    collectors = {item["id"]: item for item in report["collectors"]}
    assert collectors["postgres"] | {"duration_ms": 0} == {
        "id": "postgres", "status": "partial", "reason": "denied: locks", "duration_ms": 0, "facts": 0,
    }  # fmt: skip
    assert collectors["redis"]["status"] == "denied"
    (saved,) = state.iterdir()
    assert result.err == f"diagnose: evidence: {saved}\n"
    assert PASSWORD not in result.out


@pytest.mark.usefixtures("installed")
def test_the_reloaded_bundle_gives_the_same_report(run: Run, state: Path) -> None:
    live = json.loads(run("run", "--format", "json").out)
    again = json.loads(run("analyze", *state.iterdir(), "--format", "json").out)
    for report in (live, again):
        del report["timings_ms"], report["scope"]
    assert live == again


@pytest.mark.usefixtures("installed")
def test_nothing_is_kept_when_it_is_not_wanted(run: Run, state: Path) -> None:
    result = run("run", "--no-save")
    assert (result.code, result.err) == (3, "")
    assert "evidence:" not in result.out
    assert not state.exists()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("obstacle", ["file", "link", "dangling", "parent"])
def test_a_folder_that_cannot_be_used_costs_only_the_bundle(run: Run, state: Path, obstacle: str) -> None:
    elsewhere = state.parent.parent / "elsewhere"
    if obstacle == "parent":
        state.parent.write_text("")
    else:
        state.parent.mkdir()
        elsewhere.mkdir()
        if obstacle == "file":
            state.write_text("")
        else:
            state.symlink_to(elsewhere if obstacle == "link" else elsewhere / "nowhere")
    result = run("run")
    assert (result.code, result.err) == (3, "")
    assert "evidence: not saved: " in flat(result.out)
    assert "XDG_STATE_HOME" in result.out
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


@pytest.mark.usefixtures("installed")
def test_the_newest_twenty_are_kept_and_nothing_else_is_touched(run: Run, state: Path, tmp_path: Path) -> None:
    state.mkdir(parents=True)
    for number in range(25):
        (state / f"20260101T0000{number:02}Z-00000000.tar.zst").write_text("old")
    (state / "mine.tar.zst").write_text("")
    (state / "20250101T000000Z-00000000.tar.zst.txt").write_text("")
    (tmp_path / "precious").write_text("precious")
    (state / "20250101T000000Z-00000000.tar.zst").symlink_to(tmp_path / "precious")
    (state / "20250101T000001Z-00000000.tar.zst").mkdir()
    run("run")
    names = sorted(path.name for path in state.iterdir() if NAME.fullmatch(path.name) and path.is_file())
    regular = [name for name in names if not (state / name).is_symlink()]
    assert len(regular) == KEPT
    assert regular[0] == "20260101T000006Z-00000000.tar.zst"
    assert len(list(state.iterdir())) == KEPT + 4
    assert (tmp_path / "precious").read_text() == "precious"


def process(folder: Path, *arguments: str, limit: int | None = None, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(folder), PATHS, TESTS])
    return subprocess.Popen(
        [sys.executable, "-m", "dotmac_diagnose", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path} | environment,
        preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_a_full_disk_costs_only_the_bundle(tmp_path: Path, state: Path) -> None:
    folder = install(tmp_path / "p", {"postgres": f"{PLACE}:Open"})
    started = process(folder, "run", "--only", "postgres", limit=100, DIAGNOSE_POSTGRES=DSN)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (3, "")
    assert "evidence: not saved: the output cannot be written: File too large" in flat(out)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("collector", ["blocking_reader", "stuck_in_executor"])
def test_a_collector_that_cannot_be_ended_does_not_hold_up_the_end(tmp_path: Path, collector: str) -> None:
    folder = install(tmp_path / "p", {"redis": f"{PLACE}:{collector}"})
    with silent_server() as port:
        started = process(folder, "run", "--redis", f"redis://127.0.0.1:{port}", "--deadline", "4")
        begun = time.monotonic()
        out, err = started.communicate(timeout=60)
        assert time.monotonic() - begun < 20
    assert (started.returncode, err) == (3, "")
    assert "redis (timeout: not finished within" in flat(out)
    assert "1 document kept" in flat(out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reports_what_is_known_so_far(tmp_path: Path, state: Path, number: signal.Signals) -> None:
    folder = install(tmp_path / "p", {"redis": f"{PLACE}:async_reader"})
    with silent_server() as port:
        started = process(folder, "run", "-v", "--redis", f"redis://127.0.0.1:{port}", "--deadline", "60")
        assert started.stderr is not None
        while "connecting to" not in (line := started.stderr.readline()):
            assert line
        time.sleep(0.5)
        started.send_signal(number)
        out, _ = started.communicate(timeout=30)
    assert started.returncode == 3
    assert "redis (partial: stopped by the user; 1 document kept)" in flat(out)
    assert len(Bundle.read(*state.iterdir()).documents) == 1


ENVIRONMENT = {
    "lines": f"host=db user=a password={PASSWORD}\nhost=db2 user=a password={PASSWORD}",
    "urls": f"{DSN} postgresql://a:{PASSWORD}@db2/shop",
    "one": f"host=db user=a password={PASSWORD}",
}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("form", list(ENVIRONMENT))
@pytest.mark.parametrize("where", ["environment", "file", "file in environment"])
def test_addresses_come_from_the_environment_or_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, where: str
) -> None:
    text = ENVIRONMENT[form]
    arguments: list[str] = []
    if where == "environment":
        monkeypatch.setenv("DIAGNOSE_POSTGRES", text)
    else:
        file = tmp_path / "dsn"
        file.write_text("# servers\n\n" + (text if form != "urls" else text.replace(" ", "\n")) + "\n")
        if where == "file":
            arguments = ["--postgres", f"@{file}"]
        else:
            monkeypatch.setenv("DIAGNOSE_POSTGRES", f"@{file}")
    result = run("doctor", "--format", "json", *arguments)
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["targets"] == ["postgres db", "postgres db2"][: 1 if form == "one" else 2]


@pytest.mark.usefixtures("installed")
def test_a_password_in_the_arguments_gets_a_warning(run: Run) -> None:
    result = run("run", "--postgres", DSN, "--no-save")
    assert result.err == (
        "diagnose: warning: a password after --postgres can be read by every user of this machine. "
        "Set DIAGNOSE_POSTGRES or write --postgres @FILE.\n"
    )
    assert run("doctor", "--postgres", "postgresql://app@db/shop").err == ""


def test_a_file_of_addresses_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, reason in (("absent", "No such file"), ("binary", "it is no UTF-8 text")):
        result = run("run", "--redis", f"@{tmp_path / name}")
        assert result.code == 2
        assert reason in result.err
        assert len(result.err.splitlines()) == 1


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["new.tar.zst", "new.tar.gz", "new"])
def test_collect_writes_a_bundle_that_can_be_analysed(run: Run, tmp_path: Path, name: str, state: Path) -> None:
    target = tmp_path / name
    result = run("collect", "-o", target, "--redis", "redis://cache")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{target}: 2 documents, 0 facts\n")
    assert "  redis: denied (NOAUTH Authentication required (cache:6379))\n" in result.out
    assert len(Bundle.read(target).documents) == 2
    assert not state.exists()
    assert run("analyze", target).code == 3
    again = run("collect", "-o", target)
    assert (again.code, again.out) == (2, "")
    assert "the output exists already" in again.err


@pytest.mark.usefixtures("installed")
def test_collect_refuses_what_it_could_not_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for output, word in (("-", "stdout"), (tmp_path / "no" / "x", "no such folder"), (tmp_path / "dangling", "exists")):
        result = run("collect", "-o", output)
        assert (result.code, result.out) == (2, "")
        assert word in result.err


@pytest.mark.usefixtures("installed")
def test_collect_without_anything_collected_is_an_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIAGNOSE_POSTGRES")
    result = run("collect", "-o", tmp_path / "x", "--only", "redis", "--redis", "redis://cache")
    assert (result.code, result.out) == (2, "")
    assert "nothing was collected: " in result.err
    assert "redis denied (NOAUTH Authentication required (cache:6379))" in result.err
    assert not (tmp_path / "x").exists()


@pytest.mark.usefixtures("installed")
def test_doctor_tells_permissions_and_grants(run: Run) -> None:
    result = run("doctor", "--redis", "redis://cache", "--url", "http://shop")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "postgres",
        "  held     settings (postgres db)",
        "  missing  statements of others (postgres db)",
        '           GRANT pg_monitor TO "app";',
        "  unknown  file settings (postgres db): asked 1 servers",
        "redis  denied: NOAUTH Authentication required (1 servers)",
        "http  skipped: no installed collector looks at urls",
    ]
    assert run("doctor", "--print-grants").out == 'GRANT pg_monitor TO "app";\n'


@pytest.mark.usefixtures("installed")
def test_doctor_as_json(run: Run) -> None:
    report = json.loads(run("doctor", "--format", "json", "--skip", "redis").out)
    collectors: dict[str, dict[str, Any]] = {item["id"]: item for item in report["collectors"]}
    assert report["targets"] == ["postgres db"]
    assert [item["held"] for item in collectors["postgres"]["permissions"]] == [True, False, None]
    assert collectors["postgres"]["permissions"][1]["grant"] == 'GRANT pg_monitor TO "app";'
    assert collectors["redis"]["status"] == "skipped"


@pytest.mark.usefixtures("installed")
def test_doctor_without_anyone_to_ask_is_inconclusive(run: Run) -> None:
    assert run("doctor", "--only", "redis", "--redis", "redis://cache").code == 3


def test_an_unknown_collector_is_a_wrong_call(run: Run) -> None:
    result = run("run", "--postgres", "postgresql://db", "--only", "gud")
    assert (result.code, result.out) == (2, "")
    assert "there is no collector gud (--only). There are: " in result.err


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    folder = install(tmp_path / "p", {"redis": f"{PLACE}:async_reader"})
    leader, follower = os.openpty()
    path = os.pathsep.join([str(folder), PATHS, TESTS])
    with silent_server() as port, os.fdopen(leader, "rb", buffering=0) as terminal:
        started = subprocess.Popen(
            [sys.executable, "-m", "dotmac_diagnose", "run", "--redis", f"redis://127.0.0.1:{port}", "--deadline", "4"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=follower,
            env=os.environ | {"PYTHONPATH": path, "TERM": "xterm"},
        )
        os.close(follower)
        shown = b""
        while started.poll() is None:
            try:
                shown += terminal.read(65536)
            except OSError:
                break
        out, _ = started.communicate(timeout=30)
    assert b"0 of 1 collected; waiting for redis connecting to 127.0.0.1" in shown
    assert b"\x1b" not in out


def test_a_second_signal_ends_everything(tmp_path: Path) -> None:
    folder = install(tmp_path / "p", {"redis": f"{PLACE}:stuck_in_executor"})
    started = process(folder, "run", "-v", "--redis", "redis://127.0.0.1:1", "--deadline", "60")
    assert started.stderr is not None
    while "redis: running" not in (line := started.stderr.readline()):
        assert line
    started.send_signal(signal.SIGINT)
    time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=30)
    assert started.returncode in (3, 130)
    assert "Traceback" not in err
