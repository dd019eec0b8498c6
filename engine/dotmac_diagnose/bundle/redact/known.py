"""Values known to be secret, looked for in everything: plain, base64, hex, URL-encoded, JSON-escaped.

Thousands of values are searched in one pass: a table of two four-byte windows per value
finds the candidate places (NumPy), a dictionary decides them. Linear in the text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from .ledger import MARK, SHORTEST_KNOWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ANCHOR = 6
_LONGEST_COMPARED = 24
_TABLE_BITS = 20
_BLOCK_BYTES = 4 * 1024 * 1024
_MULTIPLIER = 2654435761
_SHORTEST_CORE = 8


def forms_of(value: str) -> set[bytes]:
    """Return how a value may be written."""
    raw = value.encode("utf-8", "replace")
    forms = {
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        quote(value, safe="").encode(),
        quote(value).encode(),
        quote_plus(value).encode(),
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
    }
    for offset in range(3):
        # The letters in the middle are the same wherever the value stands in what was encoded.
        encoded = base64.b64encode(b"\0" * offset + raw)
        core = encoded[(0, 2, 3)[offset] : len(encoded) - (0, 3, 2)[(offset + len(raw)) % 3]]
        core = core if (offset + len(raw)) % 3 == 0 else core.rstrip(b"=")
        if len(core) >= _SHORTEST_CORE:
            forms |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in forms if len(form) >= SHORTEST_KNOWN}


class KnownSecrets:
    """Finds and replaces known values.

    Args:
        values: decoded secret values of at least :data:`SHORTEST_KNOWN` characters.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = sorted({form for value in values for form in forms_of(value)}, key=lambda form: (-len(form), form))
        self._by_anchor: dict[bytes, list[tuple[int, bytes]]] = {}
        for form in forms:
            offset = _best_anchor(form)
            self._by_anchor.setdefault(form[offset : offset + _ANCHOR], []).append((offset, form))
        self._tables: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None

    def __bool__(self) -> bool:
        return bool(self._by_anchor)

    def replace(self, text: str) -> tuple[str, int]:
        """Return the text with the mark in place of every known value, and how many there were."""
        data = text.encode("utf-8", "replace")
        spans = self.spans(data)
        if not spans:
            return text, 0
        pieces: list[bytes] = []
        end = 0
        for start, stop in spans:
            pieces += [data[end:start], MARK.encode()]
            end = stop
        return b"".join([*pieces, data[end:]]).decode("utf-8", "replace"), len(spans)

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Return where known values stand, sorted and without overlap."""
        found: list[tuple[int, int]] = []
        for place in self._candidates(data):
            for offset, form in self._by_anchor.get(data[place : place + _ANCHOR], ()):
                start = place - offset
                if start >= 0 and data.startswith(form, start):
                    found.append((start, start + len(form)))
        return _merged(found)

    def _candidates(self, data: bytes) -> list[int]:
        import numpy as np

        if not self._by_anchor or len(data) < _ANCHOR:
            return []
        first, second = self._table()
        places: list[int] = []
        whole = np.frombuffer(data, dtype=np.uint8)
        for start in range(0, len(data) - _ANCHOR + 1, _BLOCK_BYTES):
            keys = _windows(whole[start : start + _BLOCK_BYTES + _ANCHOR - 1])
            hits = np.flatnonzero(first[keys[:-2]] & second[keys[2:]])
            places.extend((hits + start).tolist())
        return places

    def _table(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        import numpy as np

        if self._tables is None:
            first = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
            second = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
            for anchor in self._by_anchor:
                keys = _windows(np.frombuffer(anchor, dtype=np.uint8))
                first[keys[0]] = True
                second[keys[2]] = True
            self._tables = (first, second)
        return self._tables


def _windows(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return a hash of the four bytes at every place."""
    import numpy as np

    wide = data.astype(np.uint32)
    keys = wide[:-3].copy()
    for place, tail in ((1, wide[1:-2]), (2, wide[2:-1]), (3, wide[3:])):
        keys |= np.left_shift(tail, np.uint32(8 * place))
    keys *= np.uint32(_MULTIPLIER)
    keys >>= np.uint32(32 - _TABLE_BITS)
    return keys


def _best_anchor(form: bytes) -> int:
    """Return where the six most different bytes stand: a rare anchor keeps the candidates few."""
    places = range(min(len(form), _LONGEST_COMPARED) - _ANCHOR + 1)
    return max(places, key=lambda place: (len(set(form[place : place + _ANCHOR])), -place))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((start, stop))
    return merged
