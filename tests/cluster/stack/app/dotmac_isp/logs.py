"""One log format for all processes."""

from __future__ import annotations

import logging
import os


def start(name: str) -> logging.Logger:
    """The logger NAME, at the level of LOG_LEVEL, to stderr."""
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return logging.getLogger(name)
