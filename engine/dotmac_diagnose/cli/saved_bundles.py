"""The bundles that live runs keep: in the state folder of the user, the newest twenty."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.version import __version__

if TYPE_CHECKING:
    from dotmac_diagnose.bundle import Bundle

KEPT = 20
_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}\.tar\.zst")


def state_folder() -> Path:
    """Return ``$XDG_STATE_HOME/dotmac-diagnose``, or that below ``~/.local/state``.

    Raises:
        InputError: the user has no home folder.
    """
    given = os.environ.get("XDG_STATE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given) / "dotmac-diagnose"
    try:
        return Path.home() / ".local" / "state" / "dotmac-diagnose"
    except RuntimeError as error:
        raise InputError("there is no home folder", where="HOME", hint="Set XDG_STATE_HOME.") from error


def save(bundle: Bundle, folder: Path, *, knowledge_version: str = "") -> Path:
    """Write a bundle into the folder under a new name, for its owner only, and remove all but the newest.

    Args:
        bundle: redacted.
        folder: made with mode 0700 when it is not there; must be no link.
        knowledge_version: for the manifest.

    Returns:
        The path of the bundle.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise InputError("it is a link or no folder", where=str(folder), hint="Remove it or set XDG_STATE_HOME.")
    except OSError as error:
        what = f"the folder cannot be made: {(error.strerror or str(error)).lower()}"
        raise InputError(what, where=str(folder), hint="Set XDG_STATE_HOME.") from error
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.tar.zst"
    bundle.write(path, tool_version=__version__, knowledge_version=knowledge_version)
    _forget_old(folder)
    return path


def _forget_old(folder: Path) -> None:
    """Remove all but the newest bundles; what has another name or is no file stays."""
    with suppress(OSError):
        found = sorted(entry.name for entry in os.scandir(folder) if _is_bundle(entry))
        for name in found[:-KEPT]:
            (folder / name).unlink(missing_ok=True)


def _is_bundle(entry: os.DirEntry[str]) -> bool:
    return _NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)
