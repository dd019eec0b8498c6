"""Archives, read member by member into memory; nothing is ever extracted to disk.

What a member may not be: a link, a device, a sparse file, a path that is absolute or leads
out of the archive, a second file of the same name (also when only the case differs).
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.facts import Outcome, OutcomeStatus

from .limits import Limits, exceeded, readable_bytes
from .members import Member, member_outcome, plain_name
from .streams import CHUNK_BYTES, Damaged, Meter

_TAR_MAGIC_OFFSET = 257
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_LONGEST_NAME = 4096


def is_tar(head: bytes) -> bool:
    """Tell whether the first 512 bytes are those of a tar archive."""
    return head[_TAR_MAGIC_OFFSET : _TAR_MAGIC_OFFSET + 5] == b"ustar"


def name_problem(name: str) -> str | None:
    """Return why a member of this name is refused, or None."""
    parts = name.replace("\\", "/").split("/")
    if not name.strip("/") or len(name) > _LONGEST_NAME:
        return "refused: a name that is empty or too long"
    if "\0" in name:
        return "refused: a name with a zero byte"
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":" and name[0].isalpha()):
        return "refused: an absolute path"
    if ".." in parts:
        return "refused: a path that leads out of the archive"
    return None


def clean_name(name: str) -> str:
    """Return a member name without ``./`` and empty parts."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


@dataclass(slots=True)
class Intake:
    """Members as they come in, with the rules that hold for every kind of archive and folder."""

    limits: Limits
    where: str
    members: list[Member] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def count(self) -> None:
        """Count one entry of whatever type.

        Raises:
            LimitExceeded: there are more than ``max_members``.
        """
        self._count += 1
        if self._count > self.limits.max_members:
            what = f"the input holds more than {self.limits.max_members:,} files"
            raise exceeded(what, "max_members", where=self.where)

    def accept(self, name: str, size: int) -> str | None:
        """Return the name under which a file comes in, or None after noting why it is refused."""
        problem = name_problem(name)
        if problem is not None:
            self.refuse(name, problem)
            return None
        clean = clean_name(name)
        former = self._names.setdefault(clean.casefold(), clean)
        if former is not clean:
            same = "a second file of this name" if former == clean else f"its name differs from {former} only in case"
            self.refuse(name, f"refused: {plain_name(same)}")
            return None
        if size > self.limits.max_member_bytes:
            limit = readable_bytes(self.limits.max_member_bytes)
            error = exceeded(f"larger than {limit}", "max_member_bytes")
            self.refuse(name, str(error))
            return None
        return clean

    def refuse(self, name: str, reason: str, status: OutcomeStatus = OutcomeStatus.FAILED) -> None:
        """Note that a member is not read."""
        self.outcomes.append(member_outcome(clean_name(name) or name, status, reason))

    def add(self, name: str, data: bytes, damage: str | None = None) -> None:
        """Take a member."""
        self.members.append(Member(name, data, damage))


class _Source(io.RawIOBase):
    """The unpacked stream as a file object for :mod:`tarfile`, without seeking."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._buffer = bytearray()
        self.damage: str | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        wanted = CHUNK_BYTES if size is None or size < 0 else size
        while len(self._buffer) < wanted and self.damage is None:
            try:
                piece = next(self._pieces, b"")
            except Damaged as error:
                self.damage = str(error)
                break
            if not piece:
                break
            self._buffer += piece
        taken = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        return taken


def read_tar(pieces: Iterator[bytes], intake: Intake) -> None:
    """Read a tar archive as a stream.

    Args:
        pieces: unpacked bytes.
        intake: takes the members.

    Raises:
        InputError: not one member could be read.
        LimitExceeded: from the stream or the number of members.
    """
    source = _Source(pieces)
    damage: str | None = None
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK_BYTES) as archive:
            for info in archive:
                _take_tar_member(archive, info, intake)
    except (tarfile.TarError, EOFError, ValueError, UnicodeError, OSError) as error:
        damage = str(error) or type(error).__name__
    damage = source.damage or damage
    if damage is None:
        return
    if not intake.members:
        raise InputError("the archive is damaged", where=intake.where, hint=f"Copy it again ({damage}).")
    reason = f"the archive is damaged after {intake.members[-1].name}: {damage}"
    intake.outcomes.append(member_outcome("(rest of the archive)", OutcomeStatus.PARTIAL, reason))


def _take_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, intake: Intake) -> None:
    intake.count()
    name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if info.isdir():
        return
    kind = _refused_kind(info)
    if kind is not None:
        intake.refuse(name, f"refused: {kind}")
        return
    accepted = intake.accept(name, info.size)
    if accepted is None:
        return
    content = archive.extractfile(info)
    data = content.read() if content is not None else b""
    damage = None if len(data) == info.size else "the archive ends inside this file"
    intake.add(accepted, data, damage)


def _refused_kind(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "a link"
    if info.ischr() or info.isblk() or info.isfifo():
        return "a device or pipe"
    if info.issparse():
        return "a sparse file"
    return None if info.isreg() else "a member of an unknown type"


def read_zip(data: bytes, intake: Intake, meter: Meter) -> None:
    """Read a zip archive.

    Args:
        data: the archive.
        intake: takes the members.
        meter: counts the unpacked bytes.

    Raises:
        InputError: not one member could be read.
        LimitExceeded: it unpacks to more than the limits allow, or has too many members.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise InputError("the archive is damaged", where=intake.where, hint="Copy it again.") from error
    with archive:
        for info in archive.infolist():
            intake.count()
            if info.is_dir():
                continue
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                intake.refuse(info.filename, "refused: a link or device")
                continue
            if info.flag_bits & 0x1:
                intake.refuse(info.filename, "refused: an encrypted file", OutcomeStatus.SKIPPED)
                continue
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                intake.refuse(info.filename, "refused: a compression other than deflate", OutcomeStatus.SKIPPED)
                continue
            accepted = intake.accept(info.filename, info.file_size)
            if accepted is not None:
                _take_zip_member(archive, info, accepted, intake, meter)


def _take_zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, intake: Intake, meter: Meter) -> None:
    pieces: list[bytes] = []
    size = 0
    try:
        with archive.open(info) as content:
            while piece := content.read(CHUNK_BYTES):
                pieces.append(meter.unpacked(piece))
                size += len(piece)
                if size > intake.limits.max_member_bytes:
                    limit = readable_bytes(intake.limits.max_member_bytes)
                    intake.refuse(name, str(exceeded(f"larger than {limit}", "max_member_bytes")))
                    return
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        if not pieces:
            intake.refuse(name, f"the file is damaged: {error}")
            return
        intake.add(name, b"".join(pieces), "the file is damaged")
        return
    intake.add(name, b"".join(pieces))
