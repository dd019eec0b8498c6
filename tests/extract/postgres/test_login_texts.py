"""What refusals mean, by the texts that servers and libpq gave (collected from PostgreSQL 12 to 18 and PgBouncer)."""

from __future__ import annotations

import pytest

from dotmac_diagnose.extract.postgres.login import answered, outcome_of
from dotmac_diagnose.extract.postgres.units import in_base_unit, milliseconds_of
from dotmac_diagnose.extract.server_names import server_entity

AT = 'connection to server at "10.0.0.5", port 5432 failed: '


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (f"{AT}Connection refused Is the server running on that host?", "refused"),
        (f"{AT}Connection timed out", "timeout"),
        ("no answer within 4 s", "timeout"),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", "unresolved"),
        ('could not translate host name "db" to address: Temporary failure in name resolution', "unresolved"),
        (f"{AT}No route to host", "unreachable"),
        (f"{AT}server closed the connection unexpectedly", "closed"),
        (f'{AT}FATAL:  password authentication failed for user "app"', "password_rejected"),
        ("fe_sendauth: no password supplied", "password_rejected"),
        (f'{AT}FATAL:  role "app" does not exist', "role_missing"),
        (f'{AT}FATAL:  database "shop" does not exist', "database_missing"),
        (f'{AT}FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", no encryption', "method_rejected"),
        (f'{AT}FATAL:  pg_hba.conf rejects connection for host "10.0.0.9", user "app"', "method_rejected"),
        (f'{AT}FATAL:  role "app" is not permitted to log in', "method_rejected"),
        (f"{AT}server does not support SSL, but SSL was required", "tls_rejected"),
        (f"{AT}SSL error: certificate verify failed", "tls_rejected"),
        (f"{AT}FATAL:  sorry, too many clients already", "slots_exhausted"),
        (f"{AT}FATAL:  remaining connection slots are reserved for non-replication superuser connections",
         "slots_exhausted"),
        (f"{AT}FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
         "slots_exhausted"),
        (f'{AT}FATAL:  too many connections for role "app"', "role_limit"),
        (f'{AT}FATAL:  too many connections for database "shop"', "database_limit"),
        (f"{AT}FATAL:  the database system is starting up", "starting"),
        (f"{AT}FATAL:  the database system is not yet accepting connections", "starting"),
        (f"{AT}FATAL:  the database system is in recovery mode", "recovering"),
        (f"{AT}FATAL:  the database system is shutting down", "shutting_down"),
        (f'{AT}FATAL:  database "x" is not currently accepting connections', "database_closed"),
        (f"{AT}FATAL:  no more connections allowed (max_client_conn)", "client_limit"),
        (f"{AT}FATAL:  unsupported startup parameter: options", "pooler_refused"),
        (f"{AT}FATAL:  server login has been failing, try again later (server_login_retry)", "pooler_refused"),
        ('connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory', "refused"),
        ("something else", "other"),
    ],
)  # fmt: skip
def test_a_text_has_one_meaning(message: str, outcome: str):
    row = {"ok": False, "message": message}
    assert outcome_of(row) == outcome
    assert answered(row, outcome) is ("FATAL" in message or outcome in ("password_rejected", "tls_rejected"))


def test_a_connect_that_came_about_without_an_answer_is_silence():
    assert outcome_of({"ok": False, "message": "no answer within 4 s", "reached": True}) == "silent"
    assert outcome_of({"ok": False, "message": f"{AT}Connection refused", "reached": True}) == "refused"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [("16384", "8kB", 134217728), ("5", "min", 300000), ("-1", "ms", -1), ("on", None, None), ("0.2", None, 0.2)],
)
def test_settings_have_base_units(value: str, unit: str | None, expected: float | None):
    assert in_base_unit(value, unit) == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("5s", 5000), ("1min", 60000), ("250", 250), ("x", None), ("5y", None)]
)
def test_times_as_people_write_them(written: str, expected: int | None):
    assert milliseconds_of(written) == expected


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("DB.Internal", 5432, "postgres/db.internal"), ("db", 5433, "postgres/db:5433"),
        ("postgres.prod.svc.cluster.local", None, "postgres/postgres.prod"), ("pg.prod.svc", 5432, "postgres/pg.prod"),
        ("/run/postgresql", 5432, "postgres/local"), (None, 5433, "postgres/local:5433"),
        ("::1", 5433, "postgres/[::1]:5433"),
    ],
)  # fmt: skip
def test_servers_are_named_as_the_catalogue_says(host: str | None, port: int | None, expected: str):
    assert server_entity("postgres", host, port) == expected
