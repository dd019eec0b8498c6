"""Captures: read, redact, write. The border that no secret passes."""

from .detect import FORMATS
from .incident import Bundle, capture
from .limits import Limits
from .redact import TextRedactor, redact

__all__ = ["FORMATS", "Bundle", "Limits", "TextRedactor", "capture", "redact"]
