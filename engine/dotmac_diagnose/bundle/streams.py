"""Unpacking as a stream, bounded in bytes and ratio."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

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


class Damaged(Exception):
    """A packed stream ends early or is broken. What came before it is good."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


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
        LimitExceeded: from :meth:`read` and :meth:`unpacked`.
    """

    limits: Limits
    where: str
    packed_bytes: int = 0
    unpacked_bytes: int = 0
    packing: bool = field(default=False)

    def read(self, chunk: bytes) -> bytes:
        self.packed_bytes += len(chunk)
        if self.packed_bytes > self.limits.max_input_bytes:
            raise exceeded(
                f"the input is larger than {readable_bytes(self.limits.max_input_bytes)}",
                "max_input_bytes",
                where=self.where,
            )
        return chunk

    def unpacked(self, size: int) -> None:
        self.unpacked_bytes += size
        if self.unpacked_bytes > self.limits.max_input_bytes:
            raise exceeded(
                f"the input unpacks to more than {readable_bytes(self.limits.max_input_bytes)}",
                "max_input_bytes",
                where=self.where,
            )
        if (
            self.unpacked_bytes > RATIO_FLOOR_BYTES
            and self.unpacked_bytes > self.limits.max_ratio * self.packed_bytes
        ):
            raise exceeded(
                f"the input unpacks to more than {self.limits.max_ratio} times its size", "max_ratio", where=self.where
            )


def chunks_of(stream: BinaryIO, meter: Meter) -> Iterator[bytes]:
    """Yield the bytes of a stream until its end.

    Raises:
        LimitExceeded: the stream is longer than ``max_input_bytes``.
    """
    while chunk := stream.read(CHUNK_BYTES):
        yield meter.read(chunk)


def unpack(chunks: Iterator[bytes], compression: str, meter: Meter) -> Iterator[bytes]:
    """Yield the unpacked bytes of a stream, all its frames one after the other.

    Raises:
        Damaged: the stream is broken or ends early; everything before that was yielded.
        LimitExceeded: it unpacks to more than the limits allow.
    """
    if compression == "zstd":
        yield from _unpack_zstd(chunks, meter)
        return
    yield from _unpack_frames(chunks, compression, meter)


def _unpack_frames(chunks: Iterator[bytes], compression: str, meter: Meter) -> Iterator[bytes]:
    decompressor = _new(compression)
    started = False
    for chunk in chunks:
        data = chunk
        while data or not _needs_input(decompressor):
            if decompressor.eof:
                rest = (decompressor.unused_data + data).lstrip(b"\0") if not started else data
                if compression_of(rest) != compression:
                    return
                decompressor, data = _new(compression), rest
            started = True
            piece, data = _step(decompressor, data, compression)
            meter.unpacked(len(piece))
            if piece:
                yield piece
            if decompressor.eof:
                data, started = decompressor.unused_data, True
                if not data:
                    break
            elif not piece and not data:
                break
    if not decompressor.eof:
        raise Damaged(f"the {compression} stream ends early")


def _needs_input(decompressor: _Decompressor) -> bool:
    return bool(getattr(decompressor, "needs_input", True)) and not getattr(decompressor, "unconsumed_tail", b"")


def _new(compression: str) -> _Decompressor:
    if compression == "gzip":
        return zlib.decompressobj(wbits=31)
    if compression == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY_BYTES)
    return bz2.BZ2Decompressor()


def _step(decompressor: _Decompressor, data: bytes, compression: str) -> tuple[bytes, bytes]:
    """Unpack one piece. Returns it and the packed bytes that are left over."""
    try:
        if isinstance(decompressor, lzma.LZMADecompressor | bz2.BZ2Decompressor):
            return decompressor.decompress(data, CHUNK_BYTES), b""
        piece: bytes = decompressor.decompress(data, CHUNK_BYTES)  # type: ignore[attr-defined]
        return piece, decompressor.unconsumed_tail  # type: ignore[attr-defined]
    except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
        raise Damaged(f"the {compression} stream is broken: {error}") from error


def _unpack_zstd(chunks: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    import zstandard

    class Source:
        def read(self, _size: int = -1) -> bytes:
            return next(chunks, b"")

    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    reader = decompressor.stream_reader(Source(), read_across_frames=True)  # type: ignore[arg-type]
    while True:
        try:
            piece = reader.read(CHUNK_BYTES)
        except zstandard.ZstdError as error:
            raise Damaged(f"the zstd stream is broken: {error}") from error
        if not piece:
            return
        meter.unpacked(len(piece))
        yield piece
