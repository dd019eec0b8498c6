# ruff: noqa: E501 - raw log lines stay on one line
from __future__ import annotations

import json

from log_building import messages_of, only_message

CHAINED = """\
2026-11-24 11:59:50,000 ERROR [shop.api] request 7 failed
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/sqlalchemy/engine/base.py", line 1977, in _exec
    self.dialect.do_execute(
  File "/usr/lib/python3/dist-packages/psycopg/cursor.py", line 117, in execute
    raise ex.with_traceback(None)
           ^^^^^^^^^^^^^^^^^^^^^^
psycopg.errors.NotNullViolation: column "segment" of relation "customers" contains null values

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/shop/jobs.py", line 29, in migrate
    c.execute(text("ALTER TABLE customers"))
sqlalchemy.exc.IntegrityError: (psycopg.errors.NotNullViolation) column "segment" of relation "customers" contains null values
[SQL: INSERT INTO customers VALUES ('Ann', 7)]
[parameters: {'email': 'ann@example.org'}]
(Background on this error at: https://sqlalche.me/e/21/gkpj)
2026-11-24 11:59:51,000 INFO [shop.api] next
"""


def test_a_chain_is_one_message_of_the_last_exception():
    message = only_message(CHAINED)
    assert message.exception == "IntegrityError"
    assert message.traceback
    assert message.level == "error"
    assert message.logger == "shop.api"
    assert message.text == (
        'sqlalchemy.exc.IntegrityError: (psycopg.errors.NotNullViolation) column "segment" of relation "customers" '
        "contains null values [SQL: INSERT INTO customers VALUES (?, ?)]"
    )
    assert message.frames == "shop/jobs.py:migrate"
    assert message.detail == "request 7 failed"


def test_an_exception_during_handling_names_the_first_one_as_cause():
    message = only_message(
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in f\n    x()\nKeyError: 'plan'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "/app/b.py", line 2, in g\n    y()\nshop.errors.NoPlan: no plan\n'
    )
    assert message.text == "shop.errors.NoPlan: no plan"
    assert message.exception == "NoPlan"
    assert message.detail == "caused by KeyError: 'plan'"
    assert message.frames == "/app/b.py:g"


def test_further_lines_of_the_exception_belong_to_its_text():
    message = only_message(
        'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\n'
        'psycopg.OperationalError: connection failed: connection to server at "10.0.0.1", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
    )
    assert message.text.endswith(
        "Connection refused Is the server running on that host and accepting TCP/IP connections?"
    )


def test_fields_of_a_validation_error_belong_to_its_text():
    message = only_message(
        'Traceback (most recent call last):\n  File "/app/settings.py", line 9, in load\n    Settings()\n'
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\n"
        "database_url\n  Field required [type=missing, input_value={}, input_type=dict]\n"
        "    For further information visit https://errors.pydantic.dev/2/v/missing\n"
    )
    assert message.exception == "ValidationError"
    assert "1 validation error for Settings database_url Field required" in message.text


def test_a_group_names_its_members():
    lone = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/a.py", line 1, in f
  |     raise group
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/b.py", line 2, in g
    |     raise ValueError("no tariff")
    | ValueError: no tariff
    +------------------------------------
"""
    message = only_message(lone)
    assert message.text == "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception): ValueError: no tariff"
    assert message.exception == "ValueError"
    assert message.frames == "/app/b.py:g"


def test_a_tail_that_begins_inside_a_trace():
    message = only_message(
        "  File \"/app/a.py\", line 1, in f\n    raise x\n         ^\nModuleNotFoundError: No module named 'reportlab'\n"
    )
    assert message.text == "ModuleNotFoundError: No module named 'reportlab'"
    assert message.traceback


def test_traces_of_several_threads_that_are_torn_give_only_their_exceptions():
    messages = messages_of(
        "Traceback (most recent call last):\nTraceback (most recent call last):\n"
        '  File "/app/a.py", line 1, in f\n  File "/app/a.py", line 1, in f\n'
        "    raise error.with_traceback(None)\n           ^^^^^^\nredis.exceptions.ConnectionError: Error 111 connecting\n"
        "    raise error.with_traceback(None)\n           ^^^^^^\nredis.exceptions.ConnectionError: Error 111 connecting\n"
    )
    assert [(message.exception, message.count) for message in messages] == [("ConnectionError", 2)]


def test_a_trace_without_an_end_keeps_the_message_before_it():
    messages = messages_of(
        "ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n"
        '  File "/app/a.py", line 1, in f\n    return x\n'
    )
    assert [message.text for message in messages] == ["Exception in ASGI application"]


def test_java_with_its_root_cause():
    message = only_message(
        "2026-11-24 11:59:50.000 ERROR 1 --- [main] c.d.Billing : cannot start\n"
        "java.lang.IllegalStateException: no database\n"
        "\tat c.d.Billing.start(Billing.java:12)\n\tat c.d.Main.main(Main.java:3)\n"
        'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "u"\n'
        "\tat org.postgresql.Driver.connect(Driver.java:77)\n\t... 4 more\n"
        "2026-11-24 11:59:51.000  INFO 1 --- [main] c.d.Billing : next\n"
    )
    assert message.exception == "IllegalStateException"
    assert message.logger == "c.d.Billing"
    assert message.detail == "cannot start"
    assert message.frames == "Driver.java:connect"
    assert message.text == (
        "java.lang.IllegalStateException: no database Caused by: org.postgresql.util.PSQLException: "
        'FATAL: password authentication failed for user "u"'
    )


def test_node_with_its_properties():
    message = only_message(
        "Error: connect ECONNREFUSED 10.0.0.1:5432\n"
        "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16) {\n"
        "  errno: -111,\n  code: 'ECONNREFUSED'\n}\n\nNode.js v20.1.0\n"
    )
    assert message.text == "Error: connect ECONNREFUSED 10.0.0.1:5432"
    assert message.exception == "Error"
    assert message.frames == "node:net:TCPConnectWrap.afterConnect"
    assert message.traceback


def test_go_panic():
    message = only_message(
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\n"
        "goroutine 1 [running]:\nmain.(*Server).Run(0x0)\n\t/app/server.go:42 +0x1d\n"
        "main.main()\n\t/app/main.go:9 +0x2f\nexit status 2\n"
    )
    assert message.level == "panic"
    assert message.exception == "panic"
    assert message.frames == "/app/server.go:main.(*Server).Run"
    assert message.text.startswith("panic: runtime error: invalid memory address")


def test_a_trace_in_a_field_of_a_json_line():
    trace = "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in f\n    x\nKeyError: 'DATABASE_URL'"
    message = only_message(json.dumps({"level": "error", "event": "start failed", "exception": trace}) + "\n")
    assert message.text == "KeyError: 'DATABASE_URL'"
    assert message.exception == "KeyError"
    assert message.frames == "/app/a.py:f"
    assert message.detail == "start failed"


def test_a_class_name_inside_a_message():
    message = only_message("2026-11-24 11:59:50,000 WARNING [s] token rejected: jwt.InvalidSignatureError: bad\n")
    assert message.exception == "InvalidSignatureError"
    assert not message.traceback
