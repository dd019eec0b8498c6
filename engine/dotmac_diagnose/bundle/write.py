"""Writing a bundle: new, for its owner only, whole or not at all."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import shutil
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

from dotmac_diagnose.errors import InputError

_ZSTD_LEVEL = 6
_GZIP_LEVEL = 6


def write_files(files: Mapping[str, bytes], path: str | Path) -> None:
    """Write files as a bundle.

    Args:
        files: content by name.
        path: a ``.tar.zst``, ``.tar.gz`` or ``.tgz`` file, or a folder; must not exist. It
            appears under this name only when it is whole; the same files give the same bytes.

    Raises:
        InputError: the path exists, is a link, or cannot be written.
    """
    target = Path(path)
    if os.path.lexists(target):
        raise InputError("the output exists already", where=str(path), hint="Name another one, or remove it.")
    try:
        if target.name.endswith((".tar.zst", ".tar.gz", ".tgz")):
            _write_file(target, _archive(files, target.name))
        else:
            _write_folder(target, files)
    except FileExistsError as error:
        hint = "Name another one, or remove it."
        raise InputError("the output exists already", where=str(path), hint=hint) from error
    except OSError as error:
        what = f"the output cannot be written: {error.strerror or error}"
        raise InputError(what, where=str(path), hint="Name a folder that you may write to.") from error


def _archive(files: Mapping[str, bytes], name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in sorted(files):
            info = tarfile.TarInfo(member)
            info.size = len(files[member])
            info.mode = stat.S_IRUSR | stat.S_IWUSR
            archive.addfile(info, io.BytesIO(files[member]))
    if name.endswith(".tar.zst"):
        import zstandard

        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(buffer.getvalue())
    return gzip.compress(buffer.getvalue(), _GZIP_LEVEL, mtime=0)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")


def _write_file(target: Path, data: bytes) -> None:
    temporary = _temporary(target)
    try:
        _create(temporary, data)
        _publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _publish(temporary: Path, target: Path) -> None:
    """Give the finished file its name. A hard link, unlike a rename, never replaces what is there."""
    try:
        os.link(temporary, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # The file system knows no hard links: claim the name, then replace the claim.
        _create(target, b"")
        temporary.replace(target)


def _create(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    temporary = _temporary(target)
    temporary.mkdir(mode=0o700)
    try:
        for name in sorted(files):
            path = temporary / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(path, files[name])
        if os.path.lexists(target):
            raise FileExistsError(target)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
