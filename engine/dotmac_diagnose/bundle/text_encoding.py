"""From bytes to text, whatever wrote them."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PROBE_BYTES = 8192
_MOST_CONTROL = 0.05
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b") + b"\x7f"


def decode(data: bytes) -> tuple[str, str | None]:
    """Return the text, and a note when bytes were replaced because they are not UTF-8.

    A byte order mark is honoured: PowerShell writes UTF-16 when output is redirected.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return text, "some bytes are not valid text and were replaced" if "\ufffd" in text else None
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace"), "some bytes are not UTF-8 and were replaced"


def looks_binary(data: bytes) -> bool:
    """Tell whether the bytes are no text: zero bytes, or many control characters."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    probe = data[:_PROBE_BYTES]
    if b"\0" in probe:
        return True
    control = len(probe) - len(probe.translate(None, _CONTROL))
    return control > len(probe) * _MOST_CONTROL
