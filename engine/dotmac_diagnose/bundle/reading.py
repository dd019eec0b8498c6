"""Files, folders and archives as members: a name and its bytes. Nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from dotmac_diagnose.errors import InputError, LimitExceeded

from .limits import Limits


class SupportsRead(Protocol):
    """A stream of bytes, packed or not."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an input; ``problem`` says why it was refused."""

    name: str
    data: bytes = b""
    problem: str | None = None


def read_members(source: str, limits: Limits) -> list[Member]:
    """Return the members of a path (``-``: standard input), sorted by name.

    Raises:
        InputError: the path cannot be read or is empty.
        LimitExceeded: it is larger than a limit allows.
    """
    if source == "-":
        return _of_bytes("standard input", sys.stdin.buffer.read(limits.max_input_bytes + 1), limits, "standard input")
    path = Path(source)
    try:
        if path.is_dir():
            return sorted(_of_folder(path, limits), key=lambda member: member.name)
        with path.open("rb") as stream:
            data = stream.read(limits.max_input_bytes + 1)
    except FileNotFoundError as error:
        raise InputError("no such file or folder", where=source, hint="Check the path.") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=source) from error
    return _of_bytes(path.name, data, limits, source)


def _of_folder(root: Path, limits: Limits) -> Iterator[Member]:
    total = 0
    for count, path in enumerate(sorted(root.rglob("*"))):
        if count >= limits.max_members:
            raise LimitExceeded("the folder has too many members", where=str(root), limit="max-members")
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield Member(name, problem="a link is not followed")
        elif path.is_file():
            size = path.stat().st_size
            total += size
            if total > limits.max_input_bytes:
                raise LimitExceeded("the folder is too large", where=str(root), limit="max-input-bytes")
            yield _of_file(path, name, size, limits)


def _of_file(path: Path, name: str, size: int, limits: Limits) -> Member:
    if size > limits.max_member_bytes:
        return Member(name, problem=f"larger than {limits.max_member_bytes} bytes (--max-member-bytes)")
    try:
        return Member(name, path.read_bytes())
    except OSError as error:
        return Member(name, problem=f"cannot be read: {error.strerror}")


def _of_bytes(name: str, data: bytes, limits: Limits, where: str) -> list[Member]:
    if len(data) > limits.max_input_bytes:
        raise LimitExceeded("the input is too large", where=where, limit="max-input-bytes")
    if not data.strip():
        raise InputError("the input is empty", where=where, hint="Capture it again.")
    plain = _unpacked(data, limits, where)
    if plain[257:262] == b"ustar":
        return _of_tar(plain, limits, where)
    return [Member(name, plain)]


def _unpacked(data: bytes, limits: Limits, where: str) -> bytes:
    try:
        if data[:2] == b"\x1f\x8b":
            return _bounded(gzip.GzipFile(fileobj=io.BytesIO(data)), limits, where)
        if data[:6] == b"\xfd7zXZ\x00":
            return _bounded(lzma.LZMAFile(io.BytesIO(data)), limits, where)
        if data[:4] == b"\x28\xb5\x2f\xfd":
            import zstandard

            reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(io.BytesIO(data))
            return _bounded(reader, limits, where)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise InputError(f"the archive is damaged: {error}", where=where, hint="Copy or capture it again.") from error
    return data


def _bounded(stream: SupportsRead, limits: Limits, where: str) -> bytes:
    data = stream.read(limits.max_input_bytes + 1)
    if len(data) > limits.max_input_bytes:
        raise LimitExceeded("the input is too large after unpacking", where=where, limit="max-input-bytes")
    return data


def _of_tar(data: bytes, limits: Limits, where: str) -> list[Member]:
    members: dict[str, Member] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, info in enumerate(archive):
                if count >= limits.max_members:
                    raise LimitExceeded("the archive has too many members", where=where, limit="max-members")
                if info.isdir():
                    continue
                key = info.name.casefold()
                problem = "two members have this name" if key in members else _refusal(info, limits)
                stream = archive.extractfile(info) if problem is None else None
                members[key] = Member(info.name, stream.read() if stream else b"", problem)
    except tarfile.TarError as error:
        raise InputError(f"the archive is damaged: {error}", where=where, hint="Capture it again.") from error
    return sorted(members.values(), key=lambda member: member.name)


def _refusal(info: tarfile.TarInfo, limits: Limits) -> str | None:
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts or "\\" in info.name:
        return "its path leads out of the archive"
    if not info.isreg() or info.sparse:
        return "it is a link, a device or a sparse file"
    if info.size > limits.max_member_bytes:
        return f"larger than {limits.max_member_bytes} bytes (--max-member-bytes)"
    return None
