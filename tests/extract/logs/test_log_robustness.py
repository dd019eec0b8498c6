"""Hostile, long and torn logs: no error, no escape, linear time, and the same facts in any order."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_building import CAPTURED, coverage_of, facts_of, messages_of, only_message, owner, stamped

from dotmac_diagnose.extract.document import PodLog
from dotmac_diagnose.extract.logs import extract_logs

PREFIXES = [
    "",
    "2026-11-24T11:59:00Z error ",
    "ERROR:  ",
    "level=error ",
    "{",
    "x.Error: ",
    '  File "',
    "panic: ",
    "    at ",
    'a "GET / HTTP/1.1" 500 ',
    '2026-11-24 11:59:50.201 GMT,"',
    "2026-11-24 11:59:50.201 GMT [1] u@d ERROR:  '",
]
FILLERS = [
    "a",
    "a.",
    "A.",
    "1",
    "(",
    "=(",
    '"',
    "'",
    "[",
    "\t",
    "^ ",
    "\x1b[",
    "\x1b]",
    "\x00",
    '{"a":',
    "# ",
    "at ",
    "$a$",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_line_takes_long(prefix: str):
    for filler in FILLERS:
        line = (prefix + filler * 16384)[:16384]
        begin = time.process_time()
        facts_of("\n".join([line] * 4))
        assert time.process_time() - begin < 0.5, filler


def test_ten_megabytes_take_less_than_three_seconds():
    lines = [
        '2026-11-24T11:59:00.1Z 10.0.0.1 - [24/Nov/2026:11:59:00 +0000] "GET /a HTTP/1.1" 200 9 rt=0.01 ua=10.0.0.9:80',
        "2026-11-24T11:59:00.1Z 2026-11-24 11:59:00,088 INFO [w] job 0d033038 kind=usage done in 20.9 ms",
        "2026-11-24T11:59:00.1Z 2026-11-24 11:59:00,088 ERROR [w] queue error: ConnectionError: Error 111 connecting",
    ]
    text = "\n".join(lines * (10_000_000 // sum(map(len, lines))))
    begin = time.process_time()
    facts = facts_of(text)
    assert time.process_time() - begin < 3
    assert len(facts) == 3


def test_a_line_of_two_hundred_megabytes():
    message = only_message("job done\nERROR: " + "x" * 200_000_000)
    assert message.text.startswith("xxx")
    assert len(message.text) == 1000


def test_of_a_very_long_log_the_end_is_read():
    text = "first line\n" + "job done\n" * 4_000_000 + stamped((5, "ERROR: queue is gone"))
    coverage = coverage_of(text)
    assert coverage.truncated
    assert only_message(text).text == "queue is gone"


def test_escapes_control_characters_and_line_ends_are_removed():
    message = only_message("\x1b[31mERROR\x1b[0m: \x1b]8;;http://x\x07queue\x1b]8;;\x07 is\x00 gone\x07 \ud800\r\n")
    assert message.text == "queue is gone \ufffd"
    assert message.level == "error"


def test_surrogates_in_json_do_not_reach_the_facts():
    message = only_message('{"level":"error","msg":"bad \\ud800 thing"}\n')
    assert message.model_dump_json()
    assert message.text == "bad \ufffd thing"


@pytest.mark.parametrize(
    "line",
    [
        "[" * 16000,
        '{"a":' * 3000,
        '{"level":"error","msg":' + "9" * 9000 + "}",
        '{"level":["error"],"msg":{"a":1},"error":[1],"err":{"message":[2],"stack":3},"ts":1e400,"time":[]}',
        '{"level":true,"severity":null,"msg":"failed","timestamp":"9999-99-99","exception":{"type":7}}',
        '{"error_severity":"ERROR","message":7,"detail":{},"timestamp":-5}',
        '{"status":502,"method":"GET","path":"/a","duration":NaN,"request_time":"1e999"}',
        "0001-01-01T00:00:00+23:59 ERROR: x failed",
        "9999-12-31T23:59:59-23:59 ERROR: x failed",
        "\u0662\u0660\u0662\u0666-11-24T11:59:00Z ERROR: x failed",
        'Traceback (most recent call last):',
        '  File "x", line 1, in f',
        "  + Exception Group Traceback (most recent call last):",
        "panic: x\ngoroutine 1 [running]:",
        "ERROR: x\n    at a.b(c.java:1)",
        "\tat a.b(c.java:1)",
        'E1124 99:99:99.830021       1 a.go:1] x',
        "1:M 99 Xyz 2026 06:14:45.093 # x failed",
    ],
)  # fmt: skip
def test_broken_lines_raise_nothing(line: str):
    for fact in facts_of(line + "\n" + line):
        assert fact.values.model_dump_json()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=80), st.sampled_from([*PREFIXES, "KeyError: 'x'", "DETAIL:  x"])), max_size=20)
)
def test_any_text_gives_facts(lines: list[str]):
    for fact in facts_of("\n".join(lines)):
        assert fact.values.model_dump_json()


def test_the_same_facts_in_any_order():
    logs = [
        PodLog("shop", f"api-{index}", "api", stamped((50, f"ERROR: part {index} failed"), (5, "WARNING: slow")))
        for index in range(6)
    ]
    expected = extract_logs(logs, lambda *_: owner(), CAPTURED)
    shuffled = logs[:]
    random.Random(7).shuffle(shuffled)
    assert extract_logs(shuffled, lambda *_: owner(), CAPTURED) == expected
    assert len(expected) == 18


def test_docker_and_cri_frames_are_unwrapped():
    docker = '{"log":"ERROR: queue is gone\\n","stream":"stderr","time":"2026-11-24T11:59:55.1Z"}\n'
    cri = "2026-11-24T11:59:55.123456789Z stderr F ERROR: queue is gone\n"
    for text in (docker, cri):
        (message,) = messages_of(text)
        assert message.text == "queue is gone"
        assert message.age_seconds is not None
        assert message.age_seconds < 6
