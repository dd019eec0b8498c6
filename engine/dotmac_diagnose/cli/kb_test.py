"""``diagnose kb test``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import emit
from .parameters import knowledge_option
from .problems import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@click.command("test", short_help="Run cases against the knowledge base.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@knowledge_option()
def command(paths: Sequence[Path], **given: Any) -> int:
    """Run case files, or all case files below folders, and print what does not hold.

    Exit 2 when a case fails.
    """
    from dotmac_diagnose.cases import judge, read_cases
    from dotmac_diagnose.errors import UsageError
    from dotmac_diagnose.knowledge import load_knowledge
    from dotmac_diagnose.report.printable import printable

    files = list(_files(paths))
    if not files:
        raise UsageError("no case file was found", where=str(paths[0]), hint="Name a YAML file, or a folder with some.")
    knowledge = load_knowledge(*given["knowledge"])
    lines: list[str] = []
    count = 0
    for file in files:
        for sentence, case in read_cases(file).items():
            count += 1
            lines += [f"{file}: {sentence}: {failure}" for failure in judge(case, knowledge)]
    lines.append(f"{count} cases in {len(files)} files, {len(lines)} failures")
    emit("".join(f"{printable(line)}\n" for line in lines))
    return FAILED if len(lines) > 1 else 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.yaml"))
        else:
            yield path
