"""Unpacking as a stream, bounded in bytes and ratio."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .limits import MEBIBYTE, RATIO_FLOOR_BYTES, Limits, exceeded, readable_bytes

CHUNK_BYTES = 256 * 1024
_LZMA_MEMORY_BYTES = 256 * MEBIBYTE
_ZSTD_WINDOW_BYTES = 128 * MEBIBYTE
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
)
_LONGEST_MAGIC = 6
_ZSTD_STEP_BYTES = 512
"""A zstd object unpacks all that it is given; 512 packed bytes give at most some 16 MiB."""


class Damaged(Exception):
    """A packed stream ends early or is broken. What came before is good."""


def compression_of(head: bytes) -> str | None:
    """Return gzip, xz, zstd or bzip2 by the first bytes, or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return None


@dataclass(slots=True)
class Meter:
    """Counts what goes into and comes out of an unpacking, and stops it.

    Raises:
        LimitExceeded: from :meth:`packed` and :meth:`unpacked`.
    """

    limits: Limits
    where: str
    packed_bytes: int = 0
    unpacked_bytes: int = 0

    def packed(self, chunk: bytes) -> bytes:
        """Count bytes that were read, and return them."""
        self.packed_bytes += len(chunk)
        self._check(self.packed_bytes, "is larger than")
        return chunk

    def unpacked(self, piece: bytes) -> bytes:
        """Count bytes that were unpacked, and return them."""
        self.unpacked_bytes += len(piece)
        self._check(self.unpacked_bytes, "unpacks to more than")
        allowed = max(RATIO_FLOOR_BYTES, self.limits.max_ratio * self.packed_bytes)
        if self.unpacked_bytes > allowed:
            what = f"the input unpacks to more than {self.limits.max_ratio} times its size"
            raise exceeded(what, "max_ratio", where=self.where)
        return piece

    def _check(self, size: int, verb: str) -> None:
        if size > self.limits.max_input_bytes:
            what = f"the input {verb} {readable_bytes(self.limits.max_input_bytes)}"
            raise exceeded(what, "max_input_bytes", where=self.where)


def chunks_of(stream: BinaryIO, meter: Meter) -> Iterator[bytes]:
    """Yield the bytes of a stream until its end.

    Raises:
        LimitExceeded: the stream is longer than ``max_input_bytes``.
    """
    while chunk := stream.read(CHUNK_BYTES):
        yield meter.packed(chunk)


def unpack(chunks: Iterator[bytes], compression: str, meter: Meter) -> Iterator[bytes]:
    """Yield the unpacked bytes of a stream, all its frames one after the other.

    Raises:
        Damaged: the stream is broken or ends early; everything before that was yielded.
        LimitExceeded: it unpacks to more than the limits allow.
    """
    pieces = _unpack_zstd(chunks) if compression == "zstd" else _unpack_frames(chunks, compression)
    for piece in pieces:
        yield meter.unpacked(piece)


class _Frame:
    """One frame of gzip, xz or bzip2. Gives at most :data:`CHUNK_BYTES` at a time."""

    __slots__ = ("_compression", "_decompressor")

    def __init__(self, compression: str) -> None:
        self._compression = compression
        self._decompressor: zlib._Decompress | lzma.LZMADecompressor | bz2.BZ2Decompressor
        if compression == "gzip":
            self._decompressor = zlib.decompressobj(wbits=31)
        elif compression == "xz":
            self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY_BYTES)
        else:
            self._decompressor = bz2.BZ2Decompressor()

    @property
    def ended(self) -> bool:
        return self._decompressor.eof

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        """Unpack one piece. Returns it and the packed bytes that were not used."""
        decompressor = self._decompressor
        try:
            piece = decompressor.decompress(data, CHUNK_BYTES)
        except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
            raise Damaged(f"the {self._compression} stream is broken") from error
        if decompressor.eof:
            return piece, decompressor.unused_data
        if isinstance(decompressor, lzma.LZMADecompressor | bz2.BZ2Decompressor):
            return piece, b""
        return piece, decompressor.unconsumed_tail


def _unpack_frames(chunks: Iterator[bytes], compression: str) -> Iterator[bytes]:
    frame: _Frame | None = None
    rest = b""
    for chunk in chunks:
        data, more = rest + chunk, False
        rest = b""
        while data or more:
            if frame is None:
                if len(data) < _LONGEST_MAGIC:
                    rest = data
                    break
                if compression_of(data) != compression:
                    return  # padding after the last frame, as tar and xz write it
                frame = _Frame(compression)
            piece, data = frame.step(data)
            if piece:
                yield piece
            more = len(piece) == CHUNK_BYTES
            if frame.ended:
                frame, more = None, False
    if frame is not None:
        raise Damaged(f"the {compression} stream ends early")


def _unpack_zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    frame = None
    rest = b""
    for chunk in chunks:
        data, rest = rest + chunk, b""
        while data:
            if frame is None:
                if len(data) < _LONGEST_MAGIC:
                    rest = data
                    break
                if compression_of(data) != "zstd":
                    return
                frame = decompressor.decompressobj()
            step, data = data[:_ZSTD_STEP_BYTES], data[_ZSTD_STEP_BYTES:]
            try:
                piece = frame.decompress(step)
            except zstandard.ZstdError as error:
                raise Damaged("the zstd stream is broken") from error
            if piece:
                yield piece
            if frame.eof:
                data = frame.unused_data + data
                frame = None
    if frame is not None:
        raise Damaged("the zstd stream ends early")
