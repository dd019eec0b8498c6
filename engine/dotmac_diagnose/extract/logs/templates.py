"""Templates: what is equal in messages that differ only in numbers, ids, addresses and times."""

from __future__ import annotations

import re

_POD_SUFFIX = re.compile(r"-[0-9bcdf-hj-np-tv-z]{6,10}-[0-9bcdf-hj-np-tv-z]{5}(?![0-9a-z])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD_WITH_DIGIT = re.compile(r"[0-9A-Za-z_]+", re.ASCII)
_JOINED = re.compile(r"#(?:[-.:,/+]?#)+")
_UPSTREAM = re.compile(r'upstream: "([a-z]+://[^/"]{1,200})', re.ASCII)
_BLANKS = re.compile(r"\s+")
_HEX = re.compile(r"[0-9a-fA-F]+\Z|0x[0-9a-fA-F]+\Z")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def _without_digits(match: re.Match[str]) -> str:
    word = match.group()
    if word.isalpha():
        return word
    if _HEX.match(word):
        return "#"
    return _DIGITS.sub("#", word)


def template(text: str) -> str:
    """Return the text with numbers, hexadecimal ids, uuids, addresses, times and pod suffixes replaced by ``#``.

    Of an nginx error only the reason and the upstream server count, not client and request.
    """
    reason, separator, context = text.partition(", client: ")
    if separator:
        upstream = _UPSTREAM.search(context)
        return template(reason) + (f" -> {upstream.group(1)}" if upstream else "")
    shortened = _BLANKS.sub(" ", _POD_SUFFIX.sub("-#", _UUID.sub("#", text[:600])))
    return _JOINED.sub("#", _WORD_WITH_DIGIT.sub(_without_digits, shortened))
