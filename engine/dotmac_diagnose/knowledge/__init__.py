"""The knowledge base: what experts know, as data in YAML; loaded, checked, shown."""

from .files import default_folder
from .lint import lint, non_default_priors
from .lint_checks import LintCheck
from .load import load_knowledge, load_with_sources
from .model import Knowledge
from .relation_path import PathStep, RelationPath, parse_path
from .sources import Sources

__all__ = [
    "Knowledge",
    "LintCheck",
    "PathStep",
    "RelationPath",
    "Sources",
    "default_folder",
    "lint",
    "load_knowledge",
    "load_with_sources",
    "non_default_priors",
    "parse_path",
]
