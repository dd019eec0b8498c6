"""Renders a diagnosis, and nothing else."""

from .formats import FORMATS, render
from .printable import printable
from .view import View

__all__ = ["FORMATS", "View", "printable", "render"]
