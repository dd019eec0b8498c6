"""The parsed knowledge as JSON on disk, so that a run does not parse a megabyte of YAML.

The cache is a copy and never an authority: its name is a digest of all knowledge files, of the
package version and of the model; a file that is damaged, foreign or writable by others is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

from pydantic import ValidationError

from dotmac_diagnose.version import __version__

from . import model
from .model import Knowledge

MAX_CACHE_BYTES = 64 * 1024 * 1024
KEPT_FILES = 4

_log = logging.getLogger(__name__)


def cache_folder() -> Path | None:
    """Return the folder of the cache, or None when no home is known.

    ``DIAGNOSE_CACHE_DIR`` names it; else it is ``dotmac-diagnose`` under ``XDG_CACHE_HOME`` or ``~/.cache``.
    """
    named = os.environ.get("DIAGNOSE_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "dotmac-diagnose"
    try:
        return Path.home() / ".cache" / "dotmac-diagnose"
    except RuntimeError:
        return None


def cache_file(digest: str) -> Path | None:
    """Return the file that would hold the knowledge of a digest, or None without a folder."""
    folder = cache_folder()
    if folder is None:
        return None
    key = hashlib.sha256(f"{digest}\n{__version__}\n{_model_version()}".encode()).hexdigest()
    return folder / f"knowledge-{key[:32]}.json"


def _model_version() -> str:
    """Return a digest of the source of the models: another model reads other files."""
    try:
        source = Path(model.__file__).read_bytes()
    except OSError:
        return "unknown"
    return hashlib.sha256(source).hexdigest()


def read_cache(digest: str) -> Knowledge | None:
    """Return the cached knowledge of a digest, or None when there is no usable copy."""
    path = cache_file(digest)
    if path is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        with os.fdopen(handle, "rb") as stream:
            state = os.fstat(stream.fileno())
            trusted = stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o022
            if not trusted or state.st_size > MAX_CACHE_BYTES:
                _log.info("knowledge cache ignored: %s is not a private file of this user", path)
                return None
            knowledge = Knowledge.model_validate_json(stream.read())
    except (OSError, ValidationError) as error:
        _log.info("knowledge cache ignored: %s cannot be used (%s)", path, type(error).__name__)
        return None
    if knowledge.digest != digest:
        _log.info("knowledge cache ignored: %s belongs to other files", path)
        return None
    return knowledge


def write_cache(knowledge: Knowledge) -> bool:
    """Write the knowledge to the cache, atomically and readable by the user only.

    Returns:
        False when the folder cannot be written; the program works without a cache.
    """
    path = cache_file(knowledge.digest)
    if path is None:
        return False
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".knowledge-", suffix=".tmp", dir=path.parent)
    except OSError as error:
        _log.info("knowledge cache not written: %s", error)
        return False
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(knowledge.model_dump_json(by_alias=True, exclude_unset=True))
        Path(name).replace(path)
    except OSError as error:
        _log.info("knowledge cache not written: %s", error)
        with contextlib.suppress(OSError):
            Path(name).unlink()
        return False
    _drop_old(path)
    return True


def _drop_old(newest: Path) -> None:
    with contextlib.suppress(OSError):
        others = [path for path in newest.parent.glob("knowledge-*.json") if path != newest]
        others.sort(key=lambda path: (path.lstat().st_mtime, path.name), reverse=True)
        for path in others[KEPT_FILES - 1 :]:
            path.unlink()
