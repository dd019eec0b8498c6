"""Case files: YAML mappings from the sentence that a case states to the case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from dotmac_diagnose.errors import InputError, KnowledgeError
from dotmac_diagnose.knowledge.yaml_tree import parse_yaml

from .model import Case

if TYPE_CHECKING:
    from pathlib import Path

    from dotmac_diagnose.errors import Problem


def read_cases(path: Path) -> dict[str, Case]:
    """Read the cases of one file.

    Args:
        path: a YAML file.

    Returns:
        The cases by their sentence, in the order of the file.

    Raises:
        InputError: the file cannot be read, or a case has an unknown or wrong key.
        KnowledgeError: it is not YAML.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("the case file cannot be read", where=str(path), hint=str(error.strerror)) from error
    tree, problems = parse_yaml(data, str(path))
    _refuse(problems)
    entries = tree.data() if tree is not None else {}
    if not isinstance(entries, dict):
        raise InputError("a case file maps sentences to cases", where=str(path), hint="See CONTRIBUTING.md.")
    return {sentence: _case(sentence, entry, path) for sentence, entry in entries.items()}


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise KnowledgeError(problems)


def _case(sentence: str, entry: object, path: Path) -> Case:
    try:
        return Case.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise InputError(
            f"{sentence}: {place}: {first['msg']}", where=str(path), hint="See CONTRIBUTING.md."
        ) from error
