from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from cli.conftest import PATHS, Run
from dotmac_diagnose.cli.main import ENTRIES, cli
from dotmac_diagnose.report import FORMATS

LISTED = [name for name, entry in ENTRIES.items() if entry.listed]
OPTIONS = (
    "--input-format",
    "--format",
    "--output",
    "-o",
    "--show",
    "--fail-on",
    "--min-confidence",
    "--expect",
    "--posture",
    "--knowledge",
    "--namespace",
    "-n",
    "--no-color",
    "-v",
    "--verbose",
    "--reextract",
    "--max-input-bytes",
)
HEAVY = (
    "anyio",
    "asyncio",
    "pydantic",
    "networkx",
    "numpy",
    "rich",
    "kubernetes",
    "psycopg",
    "redis",
    "ruamel",
    "durable_rules_engine",
)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


ALL = commands(cli)


def test_help_lists_every_command_with_one_line(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    assert result.err == ""
    for name in LISTED:
        assert f"  {name} " in result.out
        assert ENTRIES[name].summary in result.out
    assert "Exit codes:" in result.out


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_command_says_what_it_and_each_option_does(
    path: tuple[str, ...], command: click.Command, run: Run
) -> None:
    result = run(*path, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: diagnose {' '.join(path)}")
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name
            assert parameter.opts[-1] in result.out


@pytest.mark.parametrize("name", list(ENTRIES))
def test_the_line_in_the_list_is_that_of_the_command(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.short_help == ENTRIES[name].summary


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_option_has_an_environment_variable(path: tuple[str, ...], command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            long = next(name for name in parameter.opts if name.startswith("--"))
            assert parameter.envvar == f"DIAGNOSE_{long[2:].replace('-', '_').upper()}"


def test_analyze_has_the_options_of_the_contract(run: Run) -> None:
    text = run("analyze", "--help").out
    for option in [
        "--input-format",
        "--format",
        "--output",
        "-o",
        "--show",
        "--fail-on",
        "--min-confidence",
        "--expect",
        "--posture",
        "--knowledge",
        "--namespace",
        "-n",
        "--no-color",
        "-v",
        "--verbose",
        "--reextract",
        "--max-input-bytes",
    ]:
        assert option in text
    assert ", ".join(FORMATS) in text
    assert "--rule-engine" not in text


def test_help_imports_nothing_heavy() -> None:
    source = (
        "import sys; from dotmac_diagnose.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    seen = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": PATHS},
    )
    loaded = set(seen.stderr.split())
    assert loaded.isdisjoint(HEAVY)
    assert "dotmac_diagnose.cli.analyze" not in loaded


def test_the_version_option(run: Run) -> None:
    result = run("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("diagnose ")
