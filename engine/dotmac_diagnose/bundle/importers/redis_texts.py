"""What redis-cli printed into files: INFO, CONFIG GET, SLOWLOG GET, as ``redis/info.txt`` and its neighbours.

They become the answers that the live collector would have got. Of CONFIG GET only the settings are kept
that the collector asks for by name: the others may be passwords. Of the slow log no argument is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dotmac_diagnose.extract.document import UNNAMED_REDIS, ServerAnswer
from dotmac_diagnose.extract.redis.info import is_info, parse_info, whole
from dotmac_diagnose.extract.redis.slow_log import slow_entry
from dotmac_diagnose.facts import Status

SETTINGS = frozenset(
    {
        "activedefrag", "appendfsync", "appendonly", "client-output-buffer-limit", "cluster-require-full-coverage",
        "dbfilename", "dir", "latency-monitor-threshold", "maxclients", "maxmemory", "maxmemory-policy",
        "min-replicas-max-lag", "min-replicas-to-write", "no-appendfsync-on-rewrite", "protected-mode",
        "repl-backlog-size", "replica-read-only", "replica-serve-stale-data", "save", "slowlog-log-slower-than",
        "slowlog-max-len", "stop-writes-on-bgsave-error", "timeout",
    }
)  # fmt: skip
_FILES: Mapping[str, str] = {"info": "info", "config": "config", "slowlog": "slowlog", "slow-log": "slowlog"}
_IN_FOLDER = re.compile(r"(?:^|/)redis/([a-z-]+)\.txt$")
_BY_NAME = re.compile(r"(?:^|/)redis[-_](info|config|slowlog)\.txt$")
_HEAD_BYTES = 4096
_DECORATION = re.compile(r"^\s*(?:\d+\)\s+)*(?:\(integer\) )?")
_ADDRESS = re.compile(r"(?:[\w.:\[\]-]+:\d{1,5}|/\S*:\d+)")
_ERROR = re.compile(
    r"(?:\(error\) )?"
    r"((?:NOAUTH|NOPERM|WRONGPASS|DENIED|LOADING|ERR|MISCONF)\b.*|Could not connect to Redis.*|Error: .*)"
)
_DENIED = ("NOAUTH", "NOPERM", "WRONGPASS", "DENIED")
_MOST_ENTRIES = 128


def question_of_file(name: str, data: bytes) -> str | None:
    """Return which question a file answers: by its name, or an INFO text by what it holds.

    Args:
        name: of the member.
        data: its bytes.

    Returns:
        ``info``, ``config`` or ``slowlog``; None when it is no such file.
    """
    match = _IN_FOLDER.search(name) or _BY_NAME.search(name)
    if match is not None:
        return _FILES.get(match[1])
    head = data[:_HEAD_BYTES]
    return "info" if head.lstrip().startswith(b"# Server") and b"redis_version:" in head else None


def answers_of_texts(texts: Mapping[str, tuple[str, str]]) -> list[ServerAnswer]:
    """Return the answers that some files amount to.

    Args:
        texts: text and file by question. An empty file says nothing, and becomes nothing.
    """
    info = parse_info(texts["info"][0]) if "info" in texts else {}
    microseconds = whole(info, "server_time_usec")
    asked = datetime.fromtimestamp(microseconds / 1e6, UTC) if microseconds and microseconds < 2**52 else None
    return [_answer(question, text, file, asked) for question, (text, file) in sorted(texts.items()) if text.strip()]


def _answer(question: str, text: str, file: str, asked: datetime | None) -> ServerAnswer:
    refusal = _ERROR.match(text.strip())
    if refusal is not None:
        reason = refusal[1].splitlines()[0][:300]
        status = Status.DENIED if reason.startswith(_DENIED) else Status.UNREACHABLE
        return ServerAnswer(UNNAMED_REDIS, question, None, status.value, reason, asked, source=file)
    if question == "info" and not is_info(text):
        reason = "the file holds no answer to INFO"
        return ServerAnswer(UNNAMED_REDIS, question, None, Status.UNSUPPORTED.value, reason, asked, source=file)
    data: Any = text if question == "info" else settings_of(text) if question == "config" else entries_of(text)
    return ServerAnswer(UNNAMED_REDIS, question, data, asked_at=asked, source=file)


def _plain_lines(text: str) -> list[str]:
    """Return the values of a reply, printed raw or, for a terminal, numbered and quoted."""
    lines = [_DECORATION.sub("", line) for line in text.splitlines()]
    return [line[1:-1] if len(line) > 1 and line[0] == line[-1] == '"' else line for line in lines]


def settings_of(text: str) -> dict[str, str]:
    """Return the settings that are kept, from name and value line by line, or name and value on one line."""
    lines = _plain_lines(text)
    found = {name: value for name, value in zip(lines[::2], lines[1::2], strict=False) if name in SETTINGS}
    if not found:
        pairs = (re.split(r"[\t ]+", line, maxsplit=1) for line in lines)
        found = {pair[0]: pair[-1] if len(pair) > 1 else "" for pair in pairs if pair[0] in SETTINGS}
    return found


def entries_of(text: str) -> list[dict[str, Any]]:
    """Return the entries of a slow log: number, time, microseconds, words, address, name, a value on each line."""
    lines = _plain_lines(text)
    ends = [place for place, line in enumerate(lines) if place > 3 and _ADDRESS.fullmatch(line)]
    found: list[dict[str, Any]] = []
    start = 0
    for end in ends[:_MOST_ENTRIES]:
        entry = _entry(lines[start:end], lines[end], lines[end + 1] if end + 1 < len(lines) else "")
        if entry is None:
            continue
        found.append(entry)
        start = end + 2
    return found


def _entry(head: Sequence[str], address: str, name: str) -> dict[str, Any] | None:
    numbers = head[:3]
    if len(head) < 4 or not all(item.isascii() and item.isdigit() and len(item) < 19 for item in numbers):
        return None
    return slow_entry([*map(int, numbers), list(head[3:]), address, name])
