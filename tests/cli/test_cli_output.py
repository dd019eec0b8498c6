from __future__ import annotations

import io
import os
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose.cli.output import coloured, emit, width
from dotmac_diagnose.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("dotmac_diagnose.cli.output.sys", SimpleNamespace(stdout=stream))
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_a_file_is_private_and_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    emit("text ⏎\n", str(target))
    assert target.read_text("utf-8") == "text ⏎\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_is_replaced_and_private_afterwards(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    target.chmod(0o644)
    emit("new\n", str(target))
    assert target.read_text() == "new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_is_refused_and_its_target_untouched(tmp_path: Path, *, dangling: bool) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    if not dangling:
        victim.write_text("precious")
    link.symlink_to(victim)
    with pytest.raises(UsageError, match="is a link"):
        emit("text", str(link))
    assert link.is_symlink()
    assert victim.exists() is not dangling
    assert dangling or victim.read_text() == "precious"


def test_a_second_name_of_a_file_keeps_its_content(tmp_path: Path) -> None:
    victim, other = tmp_path / "victim", tmp_path / "other"
    victim.write_text("precious")
    other.hardlink_to(victim)
    emit("text", str(other))
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "fifo", "missing folder"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    if kind == "folder":
        target.mkdir()
    elif kind == "fifo":
        os.mkfifo(target)
    else:
        target = target / "report.txt"
    with pytest.raises(UsageError) as caught:
        emit("text", str(target))
    assert str(target) in str(caught.value)


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "pods.json"
    target.write_text("{}")
    with pytest.raises(UsageError, match="is an input"):
        emit("text", str(target), [str(tmp_path / "." / "pods.json")])
    assert target.read_text() == "{}"


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="no space left on device"):
        emit("text", str(tmp_path / "report.txt"))
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_there_are_80_columns_and_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert width(None) == 80
    assert not coloured(None, no_color=False)


@pytest.mark.parametrize(("columns", "expected"), [("30", 60), ("60", 60), ("100", 100), ("200", 120)])
def test_the_width_is_that_of_the_terminal_within_reason(
    columns: str, expected: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width(None) == expected
    assert width("report.txt") == 80


def test_a_terminal_gets_colour(terminal: Terminal) -> None:
    assert coloured(None, no_color=False)
    assert not coloured(None, no_color=True)
    assert not coloured("report.txt", no_color=False)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_turns_colour_off(
    name: str, value: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert not coloured(None, no_color=False)
