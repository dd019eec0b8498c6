"""The JSON report (contract 3), safe to show and to embed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis

_INVISIBLE = re.compile(
    "[\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3000\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def render(diagnosis: Diagnosis) -> str:
    """Return the JSON report with a final line break.

    Characters that a terminal would obey or hide are written as JSON escapes, and ``</`` and
    ``<!--`` cannot end or open anything in a page; a JSON reader gets the same text back.
    A lone surrogate, which is no character at all, becomes U+FFFD.
    """
    return safe_json(diagnosis.model_dump(mode="json", by_alias=True), indent=2) + "\n"


def safe_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON whose strings hold nothing that a terminal or a page would interpret."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    text = _LONE_SURROGATE.sub("\ufffd", text)
    text = _INVISIBLE.sub(_escape, text)
    return text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
