# ruff: noqa: E501 - raw log lines stay on one line
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from log_building import CAPTURED, messages_of, only_message

from dotmac_diagnose.extract.logs.formats import parse_line


@pytest.mark.parametrize(
    ("line", "level", "logger", "text"),
    [
        pytest.param(
            "2026-11-24 06:16:13,233 ERROR [dotmac.api] queue is gone",
            "error", "dotmac.api", "queue is gone", id="python-brackets",
        ),
        pytest.param(
            "2026-11-24 06:16:13,233 - dotmac.api - WARNING - queue is slow",
            "warning", "dotmac.api", "queue is slow", id="python-dashes",
        ),
        pytest.param("ERROR:dotmac.api:queue is gone", "error", "dotmac.api", "queue is gone", id="python-basic"),
        pytest.param("ERROR:    Exception in ASGI application", "error", None, "Exception in ASGI application", id="uvicorn"),
        pytest.param("WARNING:  Invalid HTTP request received.", "warning", None, "Invalid HTTP request received.", id="uvicorn-warning"),
        pytest.param(
            "[2026-11-24 06:16:13 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)",
            "critical", None, "WORKER TIMEOUT (pid:9)", id="gunicorn",
        ),
        pytest.param(
            "[2026-11-24 06:16:13,233: ERROR/ForkPoolWorker-1] Task billing.run raised unexpected: KeyError('x')",
            "error", None, "Task billing.run raised unexpected: KeyError('x')", id="celery",
        ),
        pytest.param(
            "2026-11-24 06:16:13.233 | ERROR    | shop.api:login:12 - no session",
            "error", "shop.api:login:12", "no session", id="loguru",
        ),
        pytest.param(
            "2026-11-24 06:16:13 [error    ] redis is gone                  host=redis",
            "error", None, "redis is gone                  host=redis", id="structlog-console",
        ),
        pytest.param(
            '{"event": "redis is gone", "level": "error", "logger": "shop", "timestamp": "2026-11-24T06:16:13Z"}',
            "error", "shop", "redis is gone", id="structlog-json",
        ),
        pytest.param('{"level":50,"time":1795500973233,"msg":"redis is gone"}', "error", None, "redis is gone", id="pino"),
        pytest.param(
            '{"level":"error","ts":1795500973.2,"caller":"a/b.go:7","msg":"cannot list","error":"pods is forbidden"}',
            "error", "a/b.go:7", "cannot list: pods is forbidden", id="zap",
        ),
        pytest.param(
            '{"log.level":"ERROR","message":"x failed","log":{"logger":"org.A"},"error":{"type":"a.B","message":"no"}}',
            "error", "org.A", "x failed: a.B: no", id="ecs-json",
        ),
        pytest.param(
            'E1124 06:09:44.830021       1 scraper.go:149] "Failed to scrape node" err="no route to host" node="n2"',
            "error", None, '"Failed to scrape node" err="no route to host" node="n2"', id="klog",
        ),
        pytest.param(
            "[ERROR] plugin/errors: 2 redis.shop.svc. A: read udp 10.0.0.1:5->10.0.0.2:53: i/o timeout",
            "error", None, "plugin/errors: 2 redis.shop.svc. A: read udp 10.0.0.1:5->10.0.0.2:53: i/o timeout", id="coredns",
        ),
        pytest.param(
            'time="2026-11-24T06:16:13Z" level=error msg="cannot pull" error="not found"',
            "error", None, "cannot pull: not found", id="logfmt",
        ),
        pytest.param(
            'ts=2026-11-24T06:16:13.1Z caller=main.go:7 level=warn component=tsdb msg="no space left on device"',
            "warning", "tsdb", "no space left on device", id="prometheus",
        ),
        pytest.param(
            "1:M 24 Nov 2026 06:14:45.093 # Can't save in background: fork: Cannot allocate memory",
            "warning", None, "Can't save in background: fork: Cannot allocate memory", id="redis",
        ),
        pytest.param(
            "4:M 24 Nov 06:14:45.093 # WARNING overcommit_memory is set to 0!",
            "warning", None, "WARNING overcommit_memory is set to 0!", id="redis-4",
        ),
        pytest.param(
            '2026/11/24 06:16:52 [crit] 7#7: *4 connect() to unix:/a.sock failed (13: Permission denied), client: 10.0.0.1',
            "critical", None, "[crit] connect() to unix:/a.sock failed (13: Permission denied), client: 10.0.0.1", id="nginx",
        ),
        pytest.param(
            'nginx: [emerg] host not found in upstream "api" in /etc/nginx/nginx.conf:9',
            "fatal", None, '[emerg] host not found in upstream "api" in /etc/nginx/nginx.conf:9', id="nginx-start",
        ),
        pytest.param(
            "2026-11-24 06:38:30.201 GMT [113] dotmac@shop/dotmac-api FATAL:  sorry, too many clients already",
            "fatal", "dotmac@shop/dotmac-api", "FATAL: sorry, too many clients already", id="postgres",
        ),
        pytest.param(
            "2026-11-24 06:38:30 UTC:10.0.0.1(51234):dotmac@shop:[113]:FATAL:  sorry, too many clients already",
            "fatal", "10.0.0.1(51234):dotmac@shop", "FATAL: sorry, too many clients already", id="postgres-rds",
        ),
        pytest.param(
            "user=dotmac,db=shop,app=api,client=10.0.0.1 ERROR:  deadlock detected",
            "error", "user=dotmac,db=shop,app=api,client=10.0.0.1", "ERROR: deadlock detected", id="postgres-names",
        ),
        pytest.param("PANIC:  could not write to file \"pg_wal/xlogtemp.9\": No space left on device",
            "panic", None, 'PANIC: could not write to file "pg_wal/xlogtemp.9": No space left on device', id="postgres-bare"),
        pytest.param(
            '2026-11-24 06:38:30.201 GMT,"dotmac","shop",113,"10.0.0.1:5",65.1,1,"authentication",2026-11-24 06:38:30 GMT,'
            '3/2,0,FATAL,28P01,"password authentication failed for user ""dotmac""",,,,,,,,,"api","client backend",,0',
            "fatal", "dotmac@shop/api", 'FATAL: password authentication failed for user "dotmac"', id="postgres-csv",
        ),
        pytest.param(
            '{"timestamp":"2026-11-24 06:38:30.201 GMT","user":"dotmac","dbname":"shop","pid":113,'
            '"error_severity":"FATAL","state_code":"53300","message":"sorry, too many clients already"}',
            "fatal", "dotmac@shop/", "FATAL: sorry, too many clients already", id="postgres-json",
        ),
        pytest.param(
            "2026-11-24 06:38:30.201 UTC [1] WARNING C-0x55: shop/dotmac@10.0.0.1:9 pooler error: no more connections allowed",
            "warning", None, "C-0x55: shop/dotmac@10.0.0.1:9 pooler error: no more connections allowed", id="pgbouncer",
        ),
        pytest.param(
            "2026-11-24 06:16:13.233 ERROR 1 --- [           main] c.d.shop.Billing  : no tariff",
            "error", "c.d.shop.Billing", "no tariff", id="spring",
        ),
        pytest.param("06:16:13.233 [main] ERROR c.d.shop.Billing - no tariff", "error", "c.d.shop.Billing", "no tariff", id="logback"),
        pytest.param("ERROR [pool-1] c.d.shop.Billing: no tariff", "error", "c.d.shop.Billing", "no tariff", id="log4j"),
        pytest.param("Got ERROR from the server", None, None, "Got ERROR from the server", id="level-in-a-sentence"),
    ],
)  # fmt: skip
def test_level_logger_and_text(line: str, level: str | None, logger: str | None, text: str):
    record = parse_line(line, CAPTURED)
    assert (record.level, record.logger, record.text) == (level, logger, text)


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("2026-11-24 06:16:13,233 ERROR [a] x", datetime(2026, 11, 24, 6, 16, 13, 233000, UTC)),
        ("[2026-11-24 06:16:13 +0530] [7] [ERROR] x", datetime(2026, 11, 24, 0, 46, 13, tzinfo=UTC)),
        ("2026-11-24 06:16:13.201 CET [113] u@d FATAL:  x", None),
        ("E1124 06:09:44.830021       1 a.go:1] x", datetime(2026, 11, 24, 6, 9, 44, 830021, UTC)),
        ("E1231 06:09:44.830021       1 a.go:1] x", datetime(2025, 12, 31, 6, 9, 44, 830021, UTC)),
        ("1:M 24 Nov 2026 06:14:45.093 # x", datetime(2026, 11, 24, 6, 14, 45, 93000, UTC)),
        ("2026/11/24 06:16:52 [error] 7#7: x", datetime(2026, 11, 24, 6, 16, 52, tzinfo=UTC)),
        ('time="2026-11-24T06:16:13Z" level=error msg=x', datetime(2026, 11, 24, 6, 16, 13, tzinfo=UTC)),
        ('{"msg":"x","ts":1795500973.5}', datetime(2026, 11, 24, 6, 16, 13, 500000, UTC)),
        ("2026-13-45 99:16:13,233 ERROR [a] x", None),
    ],
)
def test_the_applications_own_time(line: str, moment: datetime | None):
    assert parse_line(line, CAPTURED).moment == moment


def test_a_client_that_quotes_the_server_is_no_server():
    message = only_message(
        "2026-11-24 11:59:58,201 ERROR [shop.api] readiness check failed: OperationalError: connection failed: "
        'FATAL:  password authentication failed for user "dotmac"\n'
    )
    assert message.logger == "shop.api"
    assert message.level == "error"
    assert message.exception == "OperationalError"


def test_parts_of_a_postgres_message_are_its_detail():
    prefix = "2026-11-24 11:59:50.752 GMT [44] dotmac@shop/api"
    message = only_message(
        f"{prefix} LOG:  process 44 still waiting for ShareLock on transaction 929 after 1000.104 ms\n"
        f"{prefix} DETAIL:  Process holding the lock: 112. Wait queue: 44.\n"
        f"{prefix} STATEMENT:  UPDATE customers SET email = 'ann@example.org',\n"
        "\tname = 'Ann' WHERE id = 42\n"
    )
    assert message.level == "log"
    assert message.text.startswith("process 44 still waiting for ShareLock")
    assert message.detail is not None
    assert "Process holding the lock: 112" in message.detail
    assert "UPDATE customers SET email = ?" in message.detail
    assert "Ann" not in message.detail
    assert "42" not in message.detail


def test_literals_that_span_lines_do_not_leak():
    message = only_message(
        "2026-11-24 11:59:50.752 GMT [44] u@d/a ERROR:  value too long\n"
        "2026-11-24 11:59:50.752 GMT [44] u@d/a STATEMENT:  INSERT INTO notes VALUES ('first\n"
        "\tsecret line\n"
        "\tlast line')\n"
    )
    assert message.detail == "STATEMENT: INSERT INTO notes VALUES (?"


def test_row_values_in_details_do_not_leak():
    message = only_message(
        '2026-11-24 11:59:50.752 GMT [44] u@d/a ERROR:  duplicate key value violates unique constraint "users_email"\n'
        "2026-11-24 11:59:50.752 GMT [44] u@d/a DETAIL:  Key (email)=(ann@example.org) already exists.\n"
    )
    assert message.detail == "DETAIL: Key (email)=(?) already exists."


def test_a_detail_after_a_routine_message_belongs_to_no_earlier_one():
    message = only_message(
        "2026-11-24 11:59:50.752 GMT [44] u@d/a ERROR:  deadlock detected\n"
        "2026-11-24 11:59:51.752 GMT [44] u@d/a LOG:  checkpoint complete: wrote 31 buffers\n"
        "2026-11-24 11:59:51.752 GMT [44] u@d/a DETAIL:  no part of it\n"
    )
    assert message.detail is None


def test_csv_and_json_logs_of_postgres_give_sqlstate_and_masked_statement():
    csv_line = (
        '2026-11-24 11:59:50.201 GMT,"u","d",1,"h",1.1,1,"INSERT",2026-11-24 06:38:30 GMT,3/2,0,ERROR,23505,'
        '"duplicate key value","Key (id)=(7) already exists.",,,,,"INSERT INTO t VALUES (\'x\')",,,"api"'
    )
    json_line = (
        '{"timestamp":"2026-11-24 11:59:50.201 GMT","user":"u","dbname":"d","error_severity":"ERROR",'
        '"state_code":"23505","message":"duplicate key value","detail":"Key (id)=(7) already exists.",'
        '"statement":"INSERT INTO t VALUES (\'x\')","application_name":"api"}'
    )
    wanted = "SQLSTATE: 23505 DETAIL: Key (id)=(?) already exists. STATEMENT: INSERT INTO t VALUES (?)"
    assert only_message(csv_line + "\n").detail == wanted
    assert only_message(json_line + "\n").detail == wanted


def test_routine_lines_of_servers_are_no_messages():
    assert (
        messages_of(
            "1:C 24 Nov 2026 11:59:44.293 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n"
            "1:C 24 Nov 2026 11:59:44.293 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=1\n"
            "1:M 24 Nov 2026 11:59:44.295 # Server initialized\n"
            "1:M 24 Nov 2026 11:59:45.195 * Background saving terminated with success\n"
            "2026-11-24 11:59:44.202 GMT [10] LOG:  checkpoint starting: time\n"
            'I1124 11:59:44.716921       1 shared_informer.go:402] "Caches are synced"\n'
            "2026-11-24 11:59:44,778 INFO [loadgen] requests=41 ok=41 errors=0 p50=7ms\n"
            "INFO:     Application startup complete.\n"
        )
        == []
    )
