"""The commands of the README and of the guides run, and the examples in Python do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dotmac_diagnose import Bundle, diagnose
from test_incidents import INCIDENTS, truth_of

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = ("", "sh", "shell", "console", "bash")
LIVE = ("run", "collect", "doctor", "why", "serve", "verify")
"""Commands of ``diagnose`` that look at live systems."""


def blocks(languages: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (page, block) of every example in one of the languages."""
    return [
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for language, text in _BLOCK.findall(page.read_text())
        if language in languages
    ]


def commands() -> list[tuple[str, str]]:
    """Return (page, command) of every line of a shell example, without prompt and comment."""
    found = []
    for page, text in blocks(SHELL):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and words[0] in ("diagnose", "make", "kubectl"):
                found.append((page, shlex.join(words) if "|" not in line else line.removeprefix("$ ")))
    return found


def offline() -> list[tuple[str, str]]:
    """Return the commands that need no live system."""
    return [
        (page, command)
        for page, command in commands()
        if command.startswith("diagnose ") and command.split()[1] not in LIVE
    ]


def run(command: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(ROOT / name) for name in ("engine", "collectors"))
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_readme_has_its_two_commands() -> None:
    made = [command for page, command in commands() if page == "README.md" and command.startswith("make ")]
    assert made[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", sorted({command for _, command in commands() if command.startswith("make ")}))
def test_make_knows_the_target(command: str) -> None:
    assert run([*shlex.split(command), "--dry-run"]).returncode == 0


@pytest.mark.parametrize(("page", "command"), offline())
def test_an_offline_command_runs(page: str, command: str) -> None:
    done = run([sys.executable, "-m", "dotmac_diagnose", *shlex.split(command)[1:]])
    assert done.returncode in (0, 1), f"{page}: {done.stderr}"
    assert "error" not in done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(("page", "code"), blocks(("python", "py")))
def test_an_example_in_python_runs(page: str, code: str) -> None:
    done = run([sys.executable, "-W", "error", "-c", code])
    assert done.returncode == 0, f"{page}: {done.stderr}"
    assert done.stdout.count("\n") >= 2, "an example that prints nothing shows nothing"


def test_the_readme_counts_the_recordings_right() -> None:
    recordings = {path.name.removesuffix(".tar.xz"): path for path in INCIDENTS.glob("*.tar.xz")}
    faults = {name for name, path in recordings.items() if truth_of(path).get("truth")}
    named = [cause for name in faults for cause in diagnose(Bundle.read(recordings[name])).reported[:1]]
    text = " ".join((ROOT / "README.md").read_text().split())
    said = re.search(r"Of the (\d+) recorded faults .*?, (\d+) are named, (\d+) of them with at least 0\.9", text)
    assert said is not None
    assert tuple(map(int, said.groups())) == (len(faults), len(named), sum(cause.confidence >= 0.9 for cause in named))


def test_every_option_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    help_texts = "".join(
        run([sys.executable, "-m", "dotmac_diagnose", *words, "--help"]).stdout
        for words in (
            [],
            ["run"],
            ["collect"],
            ["doctor"],
            ["analyze"],
            ["explain"],
            ["facts"],
            ["findings"],
            ["kb", "lint"],
            ["kb", "list"],
        )
    )
    assert named
    assert not {option for option in named if option not in help_texts}
