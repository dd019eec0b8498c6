"""Which format an input has."""

from __future__ import annotations

from dotmac_diagnose.errors import UsageError

from .importers.kubernetes_capture import is_dump
from .members import Tree
from .own import is_own

BUNDLE = "bundle"
KUBECTL = "kubectl"
DUMP = "cluster-info-dump"
FORMATS = (BUNDLE, KUBECTL, DUMP)
"""Names for ``--input-format``."""


def detect(tree: Tree, input_format: str | None = None) -> str:
    """Return the format of an input.

    Args:
        tree: the input.
        input_format: one of :data:`FORMATS` overrides what the content says.

    Raises:
        UsageError: there is no such format.
    """
    if input_format is not None:
        check_format(input_format)
        return input_format
    if is_own(tree):
        return BUNDLE
    return DUMP if is_dump(tree) else KUBECTL


def check_format(input_format: str) -> None:
    """Refuse a format that does not exist.

    Raises:
        UsageError: there is no such format.
    """
    if input_format not in FORMATS:
        raise UsageError(f"there is no input format {input_format!r}", hint=f"Known: {', '.join(FORMATS)}.")
