"""Private keys in PEM, also when a log has cut off their start or end."""

from __future__ import annotations

import re

from .ledger import MARK, Ledger

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_BODY_LINE = re.compile(r"\s*(?:\d{4}-\d\d-\d\dT\S+ )?(?:[A-Za-z-]+: .{0,200}|[A-Za-z0-9+/=\\]{4,})?\s*")


def redact_private_keys(text: str, ledger: Ledger) -> str:
    """Return a text with the mark in place of every private key."""
    if "PRIVATE KEY" not in text:
        return text
    pieces: list[str] = []
    position = 0
    while (begin := _BEGIN.search(text, position)) is not None:
        end = _END.search(text, begin.end())
        following = _BEGIN.search(text, begin.end())
        if end is not None and (following is None or end.start() < following.start()):
            stop = end.end()
        else:
            stop = _end_of_body(text, begin.end())
        pieces += [_without_orphans(text[position : begin.start()], ledger), MARK]
        _remember(text[begin.end() : stop], ledger)
        ledger.found("private_key")
        position = stop
    pieces.append(_without_orphans(text[position:], ledger))
    return "".join(pieces)


def _without_orphans(text: str, ledger: Ledger) -> str:
    """Redact the lines before an end mark whose begin mark is not in the text."""
    end = _END.search(text)
    if end is None:
        return text
    lines = text[: end.start()].split("\n")
    keep = len(lines)
    while keep > 0 and _BODY_LINE.fullmatch(lines[keep - 1]) is not None:
        keep -= 1
    _remember("\n".join(lines[keep:]), ledger)
    ledger.found("private_key")
    return "\n".join([*lines[:keep], MARK]) + _without_orphans(text[end.end() :], ledger)


def _end_of_body(text: str, position: int) -> int:
    """Return where the lines of a key end whose end mark is missing."""
    while position < len(text):
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        if _BODY_LINE.fullmatch(text, position, stop) is None:
            return position
        position = stop + 1
    return len(text)


def _remember(body: str, ledger: Ledger) -> None:
    for word in body.replace("\\n", "\n").split():
        if len(word) >= 40:
            ledger.remember(word)
