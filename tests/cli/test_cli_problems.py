from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose import errors
from dotmac_diagnose.cli import facts as facts_command
from dotmac_diagnose.cli import problems

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Run

Start = Callable[..., subprocess.Popen[bytes]]


def one_line(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            [],
            "no target was named (live run). Name one, for example with --kubeconfig, --postgres or --redis; ",
        ),
        (["run"], "no target was named (live run). "),
        (["doctor"], "no target was named (live run). "),
        (["collect", "-o", "new.tar.gz"], "no target was named (live run). "),
        (["analyse"], "there is no command 'analyse' (diagnose). Did you mean `analyze`?"),
        (["frobnicate"], "there is no command 'frobnicate' (diagnose). Commands: run, collect, analyze, "),
        (["--frob"], "no such option '--frob' (diagnose run). See `diagnose run --help`."),
        (["analyze"], "missing argument 'PATH...' (diagnose analyze). See `diagnose analyze --help`."),
        (["analyze", "x", "--fail-on", "P9"], "invalid value for '--fail-on': 'P9' is not one of "),
        (["analyze", "x", "--min-confidence", "2"], "invalid value for '--min-confidence': 2.0 is not in the range "),
        (["analyze", "x", "--max-depth", "many"], "invalid value for '--max-depth': 'many' is not a size such as "),
        (
            ["analyze", "x", "--format", "pdf"],
            "unknown format 'pdf' (--format). Available: text, short, json, markdown.",
        ),
        (["analyze", "/no/such/file"], "there is no such file (/no/such/file). "),
        (["explain", "no.such_cause"], "there is no cause 'no.such_cause' (CAUSE). "),
        (["kb"], "missing command (diagnose kb). See `diagnose kb --help`."),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(arguments: list[str], line: str, run: Run) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert one_line(result.err).startswith(f"diagnose: error: {line}")


def test_a_path_instead_of_a_command_tells_the_command(run: Run, incident: Path) -> None:
    assert f"`diagnose analyze {incident}`" in one_line(run(incident).err)


def test_several_bad_inputs_are_all_listed(run: Run) -> None:
    result = run("analyze", "/no/such/file", "/nor/this")
    assert result.code == 2
    assert "/no/such/file" in result.err
    assert "/nor/this" in result.err
    assert all(line.startswith("diagnose: error: ") for line in result.err.splitlines())


def test_an_error_never_shows_control_characters(run: Run) -> None:
    result = run("analyze", "no\x1b[31mfile\u202e\n[red]x")
    assert result.code == 2
    assert [character for character in result.err if not character.isprintable() and character != "\n"] == []


def test_all_problems_of_the_knowledge_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = [errors.Problem("KB001", f"wrong {number}", "a.yaml", number, 1) for number in (3, 7)]
    assert problems.report_error(errors.KnowledgeError(found)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("diagnose: error: the knowledge base has 2 problems (a.yaml:3:1).")
    assert lines[1:] == [f"diagnose: error: a.yaml:{number}:1: KB001 wrong {number}" for number in (3, 7)]


def broken(*_: object) -> None:
    raise ZeroDivisionError("a \x1b[31mbug")


def test_a_bug_is_one_line_with_its_place(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_command, "read_bundle", broken)
    result = run("facts", "x")
    assert result.code == 2
    assert one_line(result.err).startswith(
        "diagnose: error: this is a bug: ZeroDivisionError: a bug (test_cli_problems.py:"
    )
    assert "--verbose" in result.err


def test_the_traceback_of_a_bug_is_shown_when_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_command, "read_bundle", broken)
    result = run("facts", "x", "-v")
    assert result.code == 2
    assert "Traceback" in result.err
    assert "\x1b" not in result.err


def test_an_interruption_is_one_line_and_exit_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(facts_command, "read_bundle", stopped)
    result = run("facts", "x")
    assert (result.code, result.out) == (130, "")
    assert one_line(result.err) == "diagnose: interrupted"


def test_ctrl_c_while_reading_standard_input(process: Start) -> None:
    started = process("analyze", "-")
    time.sleep(1.5)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=20)
    assert (started.returncode, out) == (130, b"")
    assert err.decode().splitlines() == ["diagnose: interrupted"]


def test_a_reader_that_goes_away_is_no_error(process: Start, incident: Path) -> None:
    started = process("facts", incident)
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.readline()
    started.stdout.close()
    assert started.stderr.read() == b""
    assert started.wait(timeout=30) == 0


def test_the_exit_code_stays_that_of_the_diagnosis_when_the_reader_goes_away(process: Start, incident: Path) -> None:
    started = process("analyze", incident, "--format", "json")
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()
    assert started.stderr.read() == b""
    assert started.wait(timeout=30) == 1


def test_an_encoding_without_the_characters_is_no_error(process: Start, incident: Path) -> None:
    started = process("analyze", incident, PYTHONIOENCODING="ascii")
    out, err = started.communicate(timeout=30)
    assert (started.returncode, err) == (1, b"")
    assert out.isascii()
