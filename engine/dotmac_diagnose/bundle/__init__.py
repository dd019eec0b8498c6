"""Captures: read, redact, write. The border that no secret passes."""

from .capture import Bundle, capture
from .limits import Limits
from .redaction import Redactor

__all__ = ["Bundle", "Limits", "Redactor", "capture"]
