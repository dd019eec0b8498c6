# ruff: noqa: E501, ISC004 - raw log lines stay on one line
from __future__ import annotations

import json

import pytest
from log_building import accesses_of, at, messages_of, stamped

from dotmac_diagnose.extract.logs.access import parse_access


def common(age: float) -> str:
    return at(age).strftime("%d/%b/%Y:%H:%M:%S +0000")


def proxied(age: float, status: int, backend: str = "10.96.88.214:8000", seconds: str = "0.010") -> tuple[float, str]:
    return age, (
        f'10.0.0.1 - [{common(age)}] "GET /api/v1/customers HTTP/1.1" {status} 157 '
        f"rt={seconds} uct=- urt=0.000 us={status} ua={backend}"
    )


@pytest.mark.parametrize(
    ("line", "method", "path", "status", "backend", "seconds"),
    [
        (proxied(5, 502)[1], "GET", "/api/v1/customers", 502, "10.96.88.214:8000", 0.01),
        (proxied(5, 504, "10.0.0.1:80, 10.0.0.2:80", "3.002")[1], "GET", "/api/v1/customers", 504, "10.0.0.2:80", 3.002),
        (proxied(5, 200, "-")[1], "GET", "/api/v1/customers", 200, None, 0.01),
        (
            '10.0.0.1 - ann [24/Nov/2026:11:59:55 +0000] "POST /login HTTP/1.1" 401 12 "https://x/" "curl/8"',
            "POST", "/login", 401, None, None,
        ),
        ('INFO:     10.0.0.1:51392 - "GET /api/a HTTP/1.1" 500 Internal Server Error', "GET", "/api/a", 500, None, None),
        (
            '10.0.0.1 - - [24/Nov/2026:11:59:55 +0000] "GET /a HTTP/2.0" 503 592 "-" "curl/8" 30 2.500 '
            "[shop-dotmac-api-8000] [] 10.244.1.7:8000 592 2.500 503 0123abc",
            "GET", "/a", 503, "shop-dotmac-api-8000", 2.5,
        ),
        (
            '10.0.0.1 - - [24/Nov/2026:11:59:55 +0000] "GET /a HTTP/1.1" 502 11 "-" "-" 9 "api@kubernetes" '
            '"http://10.244.1.7:8000" 3100ms',
            "GET", "/a", 502, "http://10.244.1.7:8000", 3.1,
        ),
        (
            '[2026-11-24T11:59:55.310Z] "POST /a HTTP/2" 503 - 154 0 226 100 "10.0.35.28" "x" "cc21" "api" "10.0.2.1:80"',
            "POST", "/a", 503, "10.0.2.1:80", None,
        ),
        (
            json.dumps({"time_iso8601": "2026-11-24T11:59:55+00:00", "request": "GET /a HTTP/1.1", "status": "502",
                        "request_time": "0.003", "upstream_addr": "10.0.0.9:8000"}),
            "GET", "/a", 502, "10.0.0.9:8000", 0.003,
        ),
        (
            json.dumps({"level": "info", "ts": 1795521595.1, "msg": "handled request", "status": 502, "duration": 0.25,
                        "request": {"method": "GET", "uri": "/a", "host": "x"}}),
            "GET", "/a", 502, None, 0.25,
        ),
        (
            json.dumps({"DownstreamStatus": 504, "RequestMethod": "GET", "RequestPath": "/a", "Duration": 3000000000,
                        "ServiceURL": "http://10.0.0.9:80"}),
            "GET", "/a", 504, "http://10.0.0.9:80", 3.0,
        ),
    ],
)  # fmt: skip
def test_formats(line: str, method: str, path: str, status: int, backend: str | None, seconds: float | None):
    access = parse_access(line)
    assert access is not None
    assert (access.method, access.path, access.status) == (method, path, status)
    assert (access.backend, access.seconds) == (backend, seconds)


@pytest.mark.parametrize(
    "line",
    [
        "GET /portal/me -> 502 <html>",
        'HTTP Request: GET http://redis/ "HTTP/1.1 200 OK"',
        '2026/11/24 11:59:55 [error] 7#7: *4 connect() failed, request: "GET /a HTTP/1.1", upstream: "http://10.0.0.9/a"',
        '{"status": "ok", "method": "GET", "path": "/a"}',
        '{"status": 99, "method": "GET", "path": "/a"}',
        '{"status": [502], "method": "GET", "path": "/a"}',
        '{"status": 502}',
        '{"status": 502',
    ],
)
def test_what_is_no_access_line(line: str):
    assert parse_access(line) is None


def test_counts_of_the_last_two_minutes_per_backend():
    text = stamped(
        proxied(300, 502),
        proxied(100, 200),
        proxied(90, 502),
        proxied(80, 504, seconds="3.002"),
        proxied(70, 503),
        proxied(60, 500),
        proxied(50, 401),
        proxied(40, 403),
        proxied(30, 429),
        proxied(20, 200, "10.96.108.241:8000"),
    )
    first, second = accesses_of(text)
    assert first.backend == "10.96.108.241:8000"
    assert (first.requests, first.status_5xx, first.percent_5xx) == (1, 0, 0.0)
    assert second.backend == "10.96.88.214:8000"
    assert second.backend_port == 8000
    assert (second.requests, second.status_5xx, second.status_4xx) == (8, 4, 3)
    assert (second.status_500, second.status_502, second.status_503, second.status_504) == (1, 1, 1, 1)
    assert (second.status_401, second.status_403, second.status_429) == (1, 1, 1)
    assert second.slow == 1
    assert second.percent_5xx == 50.0
    assert second.percent_401 == 12.5
    assert second.window_seconds == 120.0


def test_a_short_log_has_a_short_window():
    (counts,) = accesses_of(stamped(proxied(30, 200)))
    assert counts.window_seconds == 30.0


def test_times_of_the_line_serve_where_there_is_no_stamp():
    (counts,) = accesses_of(proxied(30, 200)[1] + "\n" + proxied(300, 200)[1] + "\n")
    assert counts.requests == 1


def test_the_former_log_is_not_counted():
    assert accesses_of(stamped(proxied(30, 502)), previous=True) == []


def test_questions_of_kubelets_are_not_counted():
    text = stamped(
        (20, 'INFO:     10.0.0.1:5 - "GET /health/ready HTTP/1.1" 503 Service Unavailable'),
        (10, '10.0.0.1 - - [x] "GET / HTTP/1.1" 503 2 "-" "kube-probe/1.34"'),
    )
    assert accesses_of(text) == []


def test_failed_answers_are_messages_too_and_good_ones_are_not():
    messages = messages_of(
        stamped(
            proxied(30, 200),
            proxied(20, 302),
            (15, '10.0.0.1 - - [x] "GET /health/ready?token=abc HTTP/1.1" 503 2'),
            (10, 'INFO:     10.0.0.1:5 - "GET /error/timeout HTTP/1.1" 200 OK'),
        )
    )
    assert [message.text for message in messages] == ['"GET /health/ready" 503']
