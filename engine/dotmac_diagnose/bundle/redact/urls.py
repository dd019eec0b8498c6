"""Passwords in URLs: ``scheme://user:password@host``. User, host and port stay."""

from __future__ import annotations

import re

from .ledger import URL_MARK, Ledger, is_harmless

_WORD = re.compile(r"[^\s\"'<>`|]{0,2000}")
_END_OF_AUTHORITY = re.compile(r"[/?#\\]")
_DELIMITERS = ("://", ":\\/\\/")
_LONGEST_PLAIN_USER = 16


def redact_urls(text: str, ledger: Ledger) -> str:
    """Return a text with ``***`` in place of every password in a URL."""
    for delimiter in _DELIMITERS:
        if delimiter in text:
            text = _redact(text, delimiter, ledger)
    return text


def _redact(text: str, delimiter: str, ledger: Ledger) -> str:
    pieces: list[str] = []
    end = 0
    position = text.find(delimiter)
    while position >= 0:
        start = position + len(delimiter)
        length = _userinfo_length(text, start)
        if length:
            userinfo = text[start : start + length]
            scheme = text[max(0, position - 8) : position].lower()
            hidden = _hide(userinfo, scheme.endswith(("http", "https")), ledger)
            if hidden != userinfo:
                pieces += [text[end:start], hidden]
                end = start + length
        position = text.find(delimiter, start + length)
    return "".join([*pieces, text[end:]]) if pieces else text


def _userinfo_length(text: str, start: int) -> int:
    """Return the length of ``user:password`` at a position, 0 when there is none."""
    word = _WORD.match(text, start)
    if word is None:
        return 0
    stop = _END_OF_AUTHORITY.search(text, start, word.end())
    authority_end = stop.start() if stop is not None else word.end()
    comma = text.find("://", start, authority_end)
    at = text.rfind("@", start, authority_end if comma < 0 else comma)
    if at >= 0:
        return at - start
    # A password with a slash that nobody encoded: the port before the slash is no number.
    colon = text.find(":", start, authority_end)
    if colon >= 0 and not text[colon + 1 : authority_end].isdigit() and not text.startswith("$(", colon + 1):
        at = text.rfind("@", authority_end, word.end())
        return at - start if at >= 0 and ":" not in text[authority_end:at].replace("://", "") else 0
    return 0


def _hide(userinfo: str, is_http: bool, ledger: Ledger) -> str:  # noqa: FBT001
    user, colon, password = userinfo.partition(":")
    if not colon:
        if is_http and len(user) >= _LONGEST_PLAIN_USER and not is_harmless(user):
            ledger.found("url", user)
            return URL_MARK
        return userinfo
    if not password or is_harmless(password):
        return userinfo
    ledger.found("url", password)
    if is_http and len(user) > _LONGEST_PLAIN_USER:
        ledger.remember(user)
        user = URL_MARK
    return f"{user}:{URL_MARK}"
