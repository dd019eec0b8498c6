"""Answers of servers as files of a bundle, and back.

A file says by itself who was asked what, when, and how it ended; answers that are not ``ok`` are kept too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Status, entity_name, entity_type

from .path_parts import path_part
from .records import moment_of, stamp

FOLDER = "servers"


def path_of_answer(answer: ServerAnswer) -> str:
    """Return the path below ``evidence/``: ``servers/postgres/db.internal/lock_tree.0.json``."""
    parts = (entity_type(answer.server), entity_name(answer.server) or "unnamed", answer.question or "unnamed")
    return f"{FOLDER}/{'/'.join(path_part(part) for part in parts)}.{int(answer.sample)}.json"


def file_of_answer(answer: ServerAnswer) -> bytes:
    """Return the file of an answer."""
    content = {
        "server": answer.server,
        "question": answer.question,
        "sample": answer.sample,
        "status": answer.status,
        "reason": answer.reason,
        "asked_at": stamp(answer.asked_at),
        "milliseconds": answer.milliseconds,
        "source": answer.source,
        "data": answer.data,
    }
    return json.dumps(content, sort_keys=True, indent=1).encode("utf-8", "replace") + b"\n"


def answer_of(value: Mapping[str, Any], path: str) -> ServerAnswer:
    """Return the answer of a parsed file.

    Raises:
        ValueError, KeyError, TypeError: it is no file of :func:`file_of_answer`.
    """
    reason = value["reason"]
    return ServerAnswer(
        server=_text(value["server"]),
        question=_text(value["question"]),
        data=value["data"],
        status=Status(value["status"]).value,
        reason=None if reason is None else _text(reason),
        asked_at=moment_of(value["asked_at"]),
        sample=_count(value["sample"]),
        milliseconds=_count(value["milliseconds"]),
        source=_text(value["source"]),
        evidence=path,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value
