from __future__ import annotations

import pytest
from log_building import ENTITY, at, coverage_of, facts_of, messages_of, only_message, owner, stamped

from dotmac_diagnose.extract.logs.templates import template
from dotmac_diagnose.extract.logs.trouble import is_trouble, may_be_trouble
from dotmac_diagnose.facts import Vantage

TELLING = """\
Traceback (most recent call last)
dial tcp 10.0.0.1:80: connect: connection refused
connect ECONNREFUSED 10.0.0.1:80
[Errno 111] Connection refused
Connection timed out
dial tcp 10.0.0.1:80: i/o timeout
ConnectTimeout
timeout expired
Connection reset by peer
sorry, too many clients already
remaining connection slots are reserved
QueuePool limit of size 5 overflow 10 reached, connection timed out
query_wait_timeout
password authentication failed for user "x"
database "x" does not exist
no pg_hba.conf entry for host "10.0.0.1"
server does not support SSL, but SSL was required
the database system is starting up
the database system is in recovery mode
deadlock detected
canceling statement due to lock timeout
column "x" does not exist
cannot execute INSERT in a read-only transaction
could not extend file "base/1": No space left on device
reached maximum value of sequence "x"
integer out of range
duplicate key value violates unique constraint "x"
cached plan must not change result type
prepared statement "s1" already exists
parameter "x" cannot be changed without restarting the server
database files are incompatible with server
invalid page in block 7 of relation base/1/2
NOAUTH Authentication required
WRONGPASS invalid username-password pair
OOM command not allowed when used memory > 'maxmemory'
MISCONF Redis is configured to save RDB snapshots
READONLY You can't write against a read only replica
MASTERDOWN Link with MASTER is down
max number of clients reached
LOADING Redis is loading the dataset in memory
Short read or OOM loading DB. Unrecoverable error
certificate has expired
hostname mismatch, certificate is not valid for 'x'
certificate is valid for a, not b
hostname 'a' doesn't match 'b'
unable to get local issuer certificate
key values mismatch
Name or service not known
lookup redis: no such host
lookup redis on 10.0.0.1:53: server misbehaving
SERVFAIL
no servers could be reached
Signature verification failed
Signature has expired
The token is not yet valid (nbf)
The specified alg value is not allowed
Audience doesn't match
Invalid issuer
Out of memory: Killed process 7
oom-kill:constraint=CONSTRAINT_MEMCG
Too many open files
EMFILE: too many open files
nf_conntrack: table full, dropping packet
Read-only file system
ModuleNotFoundError: No module named 'x'
ImportError: cannot import name 'x'
too many connections for role "x"
archive command failed with exit code 1
collation version mismatch
Failed opening the temp RDB file
exec: "x": executable file not found in $PATH
Segmentation fault
exec format error
Circuit breaker is open
WORKER TIMEOUT (pid:7)
can't start new thread
fork: Resource temporarily unavailable
InsecureKeyLengthWarning
too many certificates already issued
no live upstreams while connecting to upstream
upstream prematurely closed connection
configuration file /etc/nginx/nginx.conf test failed
4096 worker_connections are not enough
client intended to send too large body
upstream sent too big header while reading response header from upstream
limiting requests, excess: 20.5 by zone "x"
limiting connections by zone "x"
pods is forbidden: User "x" cannot list resource "pods"
port is already allocated
address already in use
Multiple head revisions are present
Can't locate revision identified by 'x'
context deadline exceeded
Error reloading config
field subject not found
*smtp.plainAuth auth: 535 Authentication failed
tsdb: no space left on device
CSRF token missing
Temporary failure in name resolution
getaddrinfo EAI_AGAIN redis
database must be vacuumed within 9 transactions
could not resize shared memory segment
canceling statement due to conflict with recovery
server process (PID 7) was terminated by signal 9: Killed
no more connections allowed (max_client_conn)
server login failed: x
Asynchronous AOF fsync is taking too long
CLUSTERDOWN The cluster is down
NOREPLICAS Not enough good replicas to write
Cannot assign requested address
EADDRNOTAVAIL
Buffer I/O error on dev sda
[Hardware Error]: Machine check events logged
Loop (127.0.0.1:5 -> :53) detected for zone "."
PLEG is not healthy
EACCES: permission denied, open '/data/x'
alert handshake failure
no shared cipher
certificate is not yet valid
400 No required SSL certificate was sent
Unable to find a signing key that matches: "x"
Exceeded 30 redirects: redirected you too many times
Access denied for user 'x'
Login failed for user 'x'
NotWritablePrimary
The "X" variable is not set. Defaulting to a blank string.
environment variable X not set
cleanup failed
""".splitlines()


@pytest.mark.parametrize("line", TELLING)
def test_telling_lines_are_kept_without_a_level(line: str):
    assert may_be_trouble(line)
    assert is_trouble(line, None)


@pytest.mark.parametrize(
    "line",
    [
        "requests=41 ok=41 errors=0 p50=7ms",
        "finished with 0 errors",
        'done error="" failed=0',
        '{"msg":"done","error":null}',
        "GET /static/error.html served",
        "see https://example.org/errors/timeout",
        "dotmac starting, pool_size=5 max_overflow=5",
        "job 0d033038 kind=usage done in 20.9 ms",
        "rooms and zoom levels loaded",
    ],
)
def test_harmless_lines_are_not_kept(line: str):
    assert not is_trouble(line, "info")
    assert messages_of(line + "\n") == []


def test_a_word_of_trouble_beside_a_path_counts():
    assert is_trouble("cannot open /var/log/error.log", None)


def test_messages_are_grouped_by_template_with_count_and_ages():
    message = only_message(
        stamped(
            (50, "2026-11-24 11:59:10,000 ERROR [w] worker 0: ConnectionError: Error 111 connecting to redis:6379."),
            (20, "2026-11-24 11:59:40,000 ERROR [w] worker 1: ConnectionError: Error 111 connecting to redis:6379."),
            (5, "2026-11-24 11:59:55,000 ERROR [w] worker 2: ConnectionError: Error 111 connecting to redis:6379."),
        )
    )
    assert message.count == 3
    assert message.age_seconds == pytest.approx(5, abs=0.01)
    assert message.first_age_seconds == pytest.approx(50, abs=0.01)
    assert message.text.startswith("worker 2:")
    assert message.pod == "shop/api-1"
    assert message.container == "api"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lost 10.0.0.1:5432", "lost 10.0.0.22:6379"),
        ("pod api-5fdfd8f8d5-z8kdf failed", "pod api-6c9c9cb69d-nfjxx failed"),
        ("id 0d033038 failed", "id 7f91aabb failed"),
        ("key 6f1c2a30-52a1-4d7e-9f0e-aa11bb22cc33", "key 01234567-89ab-cdef-0123-456789abcdef"),
        (
            'refused, client: 10.0.0.1, request: "GET /a HTTP/1.1", upstream: "http://10.0.0.9:8000/a", host: "e"',
            'refused, client: 10.0.0.2, request: "PUT /b HTTP/1.1", upstream: "http://10.0.0.9:8000/b", host: "e"',
        ),
    ],
)
def test_templates_of_equal_messages(one: str, other: str):
    assert template(one) == template(other)


def test_templates_of_different_messages():
    assert template('database "a" does not exist') != template('database "b" does not exist')
    assert template('x, client: 1, upstream: "http://10.0.0.9:80/"') != template(
        'x, client: 1, upstream: "http://10.0.0.8:80/"'
    )


def test_facts_are_on_the_owner_with_their_source():
    facts = facts_of(stamped((5, "ERROR: boom failed")), evidence="logs/api.log")
    assert {fact.kind for fact in facts} == {"log.message", "log.coverage"}
    for fact in facts:
        assert fact.entity == ENTITY
        assert fact.vantage is Vantage.FILE
        assert (fact.collector, fact.source, fact.evidence) == ("logs", "api.log", "logs/api.log")
    assert [fact.observed_at for fact in facts if fact.kind == "log.message"] == [at(5)]


def test_coverage():
    text = stamped((90, "one"), (10, "two"), (5, ""))
    coverage = coverage_of(text)
    assert coverage.lines == 2
    assert coverage.covered_seconds == pytest.approx(90, abs=0.01)
    assert not coverage.truncated
    assert coverage_of(text, truncated=True).truncated


def test_a_long_log_that_begins_after_its_container_is_a_tail():
    text = stamped(*((200 - index, "line") for index in range(150)))
    assert coverage_of(text, owner(started_at=at(3600))).truncated
    assert not coverage_of(text, owner(started_at=at(201))).truncated


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "unable to retrieve container logs for containerd://0123abc",
        'Error from server (BadRequest): container "api" in pod "api-1" is waiting to start: PodInitializing',
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"is waiting to start"}',
        "==== START logs for container api of pod shop/api-1 ====\n==== END logs for container api ====\n",
    ],
)
def test_words_in_place_of_a_log_are_no_log(text: str):
    (fact,) = facts_of(text)
    assert fact.values.lines == 0
    assert fact.values.covered_seconds is None


def test_answers_of_a_client_are_its_messages():
    message = only_message(
        stamped((5, "2026-11-24 11:59:55,000 WARNING [loadgen] GET /portal/me -> 502 <html>\r <head>\r <body>"))
    )
    assert message.text == "GET /portal/me -> 502 <html> <head> <body>"
    assert message.logger == "loadgen"


def test_continuation_lines_are_detail():
    message = only_message("ERROR: start failed\n  reason: no tariff\n\tsecond\nINFO: next\n")
    assert message.detail == "reason: no tariff second"


def test_text_is_cut():
    message = only_message("ERROR: " + "x" * 5000)
    assert len(message.text) == 1000


def test_at_most_two_hundred_kinds_of_messages():
    lines = [
        f"ERROR: {chr(97 + index % 26)}{chr(97 + index // 26 % 26)}{chr(97 + index // 676)}zzy" for index in range(900)
    ]
    messages = messages_of("\n".join([*lines, lines[0], lines[0]]))
    assert len(messages) == 200
    assert messages[-1].count == 3
    assert messages[-2].text == lines[-1].removeprefix("ERROR: ")
