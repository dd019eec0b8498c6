"""From a path to the named bytes that it holds: files, folders, packed files, archives, stdin."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.facts import OutcomeStatus

from .archive import ZIP_MAGIC, Intake, is_tar, read_tar, read_zip
from .limits import Limits, exceeded, readable_bytes
from .members import Member, Tree, make_tree
from .streams import Damaged, Meter, chunks_of, compression_of, unpack

STDIN = "-"
_HEAD_BYTES = 512
_PACKED_SUFFIXES = (".gz", ".xz", ".zst", ".bz2")
_IGNORED_NAMES = frozenset({".DS_Store", "Thumbs.db", ".git", "__MACOSX"})
_REASONS = {
    errno.ENOENT: ("there is no such file", "Check the path."),
    errno.ENOTDIR: ("there is no such file", "Check the path."),
    errno.EACCES: ("permission denied", "Check who may read it."),
    errno.EPERM: ("permission denied", "Check who may read it."),
    errno.ELOOP: ("too many links", "Check the path."),
    errno.ENAMETOOLONG: ("the name is too long", "Check the path."),
}


def read_tree(path: str | Path, limits: Limits, stdin: BinaryIO | None = None) -> Tree:
    """Read one input into memory.

    Args:
        path: a file, a folder, or ``-`` for standard input.
        limits: what is refused.
        stdin: read instead of standard input.

    Raises:
        InputError: it cannot be read, or is empty.
        LimitExceeded: it is larger than a limit allows.
    """
    label = str(path)
    if label == STDIN:
        return _read_stream(stdin if stdin is not None else sys.stdin.buffer, label, limits)
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            return _read_folder(Path(path), label, limits)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
            raise InputError("not a file or folder", where=label, hint="Give a capture.")
        with Path(path).open("rb") as stream:
            return _read_stream(stream, label, limits)
    except OSError as error:
        what, hint = _REASONS.get(error.errno or 0, (error.strerror or "it cannot be read", "Check the path."))
        raise InputError(what, where=label, hint=hint) from error
    except ValueError as error:
        raise InputError("the path holds a zero byte", where=repr(label), hint="Check the path.") from error


def _read_stream(stream: BinaryIO, label: str, limits: Limits) -> Tree:
    meter = Meter(limits, label)
    head, chunks = _peek(chunks_of(stream, meter))
    if not head:
        raise InputError("the input is empty", where=label, hint="Capture it again.")
    compression = compression_of(head)
    damage: str | None = None
    name = "stdin" if label == STDIN else Path(label).name
    if compression is not None:
        try:
            head, chunks = _peek(unpack(chunks, compression, meter))
        except Damaged as error:
            raise InputError("the file is damaged", where=label, hint=f"Copy it again ({error}).") from error
        name = _unpacked_name(name)
    intake = Intake(limits, label)
    if is_tar(head):
        read_tar(chunks, intake)
        return make_tree(label, intake.members, intake.outcomes)
    data, damage = _join(chunks)
    if compression is None and data.startswith(ZIP_MAGIC):
        read_zip(data, intake, meter)
        return make_tree(label, intake.members, intake.outcomes)
    if not data:
        raise InputError("the input is empty", where=label, hint="Capture it again.")
    if len(data) > limits.max_member_bytes:
        limit = readable_bytes(limits.max_member_bytes)
        raise exceeded(f"the file is larger than {limit}", "max_member_bytes", where=label)
    return Tree(label, (Member(name, data, damage),), is_file=True)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, enough to tell the format, and all chunks."""
    seen: list[bytes] = []
    size = 0
    failure: Damaged | None = None
    while size < _HEAD_BYTES:
        try:
            chunk = next(chunks, None)
        except Damaged as error:
            failure = error
            break
        if chunk is None:
            break
        seen.append(chunk)
        size += len(chunk)
    if failure is not None:
        if not seen:
            raise failure
        return b"".join(seen), _then_raise(seen, failure)
    return b"".join(seen), chain(seen, chunks)


def _then_raise(seen: list[bytes], failure: Damaged) -> Iterator[bytes]:
    yield from seen
    raise failure


def _join(chunks: Iterator[bytes]) -> tuple[bytes, str | None]:
    """Return all bytes, and why some are missing at the end."""
    pieces: list[bytes] = []
    try:
        pieces.extend(chunks)
    except Damaged as error:
        return b"".join(pieces), str(error)
    return b"".join(pieces), None


def unpack_member(member: Member, limits: Limits) -> Member:
    """Return a packed file of a folder or archive unpacked; others as they are.

    Raises:
        InputError: it is damaged from the start, or an archive.
        LimitExceeded: it unpacks to more than the limits allow.
    """
    compression = compression_of(member.data[:_HEAD_BYTES])
    if member.data.startswith(ZIP_MAGIC) or is_tar(member.data[:_HEAD_BYTES]):
        raise InputError("an archive inside a capture is not read", hint="Give it as an input of its own.")
    if compression is None:
        return member
    meter = Meter(limits, member.name)
    pieces: list[bytes] = []
    damage = member.damage
    try:
        for piece in unpack(chunks_of(io.BytesIO(member.data), meter), compression, meter):
            pieces.append(piece)
            if meter.unpacked_bytes > limits.max_member_bytes:
                limit = readable_bytes(limits.max_member_bytes)
                raise exceeded(f"it unpacks to more than {limit}", "max_member_bytes")
    except Damaged as error:
        damage = str(error)
    data = b"".join(pieces)
    if is_tar(data[:_HEAD_BYTES]):
        raise InputError("an archive inside a capture is not read", hint="Give it as an input of its own.")
    if not data and damage is not None:
        raise InputError(damage)
    return Member(_unpacked_name(member.name), data, damage)


def _unpacked_name(name: str) -> str:
    for suffix in _PACKED_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _read_folder(folder: Path, label: str, limits: Limits) -> Tree:
    intake = Intake(limits, label)
    meter = Meter(limits, label)
    unreadable: list[OSError] = []
    for current, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _IGNORED_NAMES)
        inside = Path(current).relative_to(folder)
        for name in sorted(folders):
            if Path(current, name).is_symlink():
                intake.refuse((inside / name).as_posix(), "refused: a link")
        for name in sorted(files):
            if name not in _IGNORED_NAMES:
                intake.count()
                _take_file(Path(current, name), _readable_name((inside / name).as_posix()), intake, meter)
    for error in unreadable:
        if Path(error.filename) == folder:
            raise error
        name = Path(error.filename).relative_to(folder).as_posix()
        intake.refuse(_readable_name(name), "permission denied", OutcomeStatus.DENIED)
    if not intake.members and not intake.outcomes:
        raise InputError("the folder is empty", where=label, hint="Capture it again.")
    return make_tree(label, intake.members, intake.outcomes)


def _readable_name(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _take_file(path: Path, name: str, intake: Intake, meter: Meter) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            intake.refuse(name, "refused: a link")
        elif error.errno in (errno.EACCES, errno.EPERM):
            intake.refuse(name, "permission denied", OutcomeStatus.DENIED)
        else:
            intake.refuse(name, f"it cannot be read: {error.strerror}")
        return
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            intake.refuse(name, "refused: a device or pipe")
            return
        accepted = intake.accept(name, status.st_size)
        if accepted is None:
            return
        data = stream.read(intake.limits.max_member_bytes + 1)
    if len(data) > intake.limits.max_member_bytes:
        intake.refuse(name, str(exceeded("the file grew while it was read", "max_member_bytes")))
        return
    intake.add(accepted, meter.packed(data))
