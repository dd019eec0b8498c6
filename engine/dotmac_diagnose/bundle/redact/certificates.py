"""Public certificates in PEM: the one thing of a Secret that may stay."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

_PUBLIC = re.compile(
    r"-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE|CERTIFICATE REQUEST|X509 CRL|PUBLIC KEY)-----"
    r"([A-Za-z0-9+/=\s]{1,100000})-----END \1-----"
)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,100000})-----END CERTIFICATE-----")
_SEQUENCE, _VERSION, _INTEGER, _LONG_FORM = 0x30, 0xA0, 0x02, 0x80


def split_certificates(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, each with whether it is a public PEM block."""
    end = 0
    if "-----BEGIN " in text:
        for match in _PUBLIC.finditer(text):
            if match[1] != "CERTIFICATE" or is_certificate(match[2]):
                yield text[end : match.start()], False
                yield match.group(), True
                end = match.end()
    yield text[end:], False


def certificates_in(text: str) -> str:
    """Return the certificates of a PEM text, one after the other, and nothing else of it."""
    return "".join(f"{match.group()}\n" for match in _CERTIFICATE.finditer(text) if is_certificate(match[1]))


def public_part(encoded: str) -> str | None:
    """Return the certificates in a base64 value of a Secret, in base64 again; None when it holds none."""
    try:
        text = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    found = certificates_in(text)
    return base64.b64encode(found.encode("ascii")).decode("ascii") if found else None


def is_certificate(body: str) -> bool:
    """Tell whether base64 text is a DER certificate and not a key under a wrong label.

    Checks the outer frame of RFC 5280 section 4.1: a SEQUENCE of exactly this length that
    starts with a SEQUENCE (TBSCertificate) that starts with a version or serial number.
    """
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    outer = _frame(der, 0)
    if outer is None or outer[1] != len(der):
        return False
    inner = _frame(der, outer[0])
    return inner is not None and inner[0] < len(der) and der[inner[0]] in (_VERSION, _INTEGER)


def _frame(der: bytes, position: int) -> tuple[int, int] | None:
    """Return start and end of the content of a SEQUENCE, or None."""
    if len(der) < position + 2 or der[position] != _SEQUENCE:
        return None
    first, start = der[position + 1], position + 2
    if first < _LONG_FORM:
        return start, start + first
    size = first - _LONG_FORM
    return start + size, start + size + int.from_bytes(der[start : start + size], "big")
