"""Single rules of redaction, and that they are linear."""

from __future__ import annotations

import pytest

from dotmac_diagnose.bundle import TextRedactor
from dotmac_diagnose.bundle.redact.certificates import is_certificate
from dotmac_diagnose.bundle.redact.known import KnownSecrets
from dotmac_diagnose.bundle.redact.ledger import Ledger
from dotmac_diagnose.bundle.redact.names import Strength, strength_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://app:s3cr3t@db/x", "mysql://app:***@db/x"),
        ("mysql://app:s3/cr@db:3306/x", "mysql://app:***@db:3306/x"),
        ("mysql://app:p@ss@db/x and http://db/", "mysql://app:***@db/x and http://db/"),
        ("http://db:8080/a@b", "http://db:8080/a@b"),
        (r"https:\/\/app:s3cr3t@db\/x", r"https:\/\/app:***@db\/x"),
        ("password=s3cr3t, user=app", "password=<redacted>, user=app"),
        ("error: password=s3cr3t", "error: password=<redacted>"),
        ('{\\"apiKey\\":\\"s3cr3t\\",\\"x\\":1}', '{\\"apiKey\\":\\"<redacted>\\",\\"x\\":1}'),
        ("{'db_password': 's3 cr3t', 'a': 1}", "{'db_password': '<redacted>', 'a': 1}"),
        ("run --token s3cr3t --verbose", "run --token <redacted> --verbose"),
        ("run --token-file /run/t", "run --token-file /run/t"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic <redacted>"),
        ("Basic authentication failed", "Basic authentication failed"),
        ("SET PASSWORD = 's3cr3t'", "SET PASSWORD = '<redacted>'"),
        ("mysql -h db -ps3cr3t shop", "mysql -h db -p<redacted> shop"),
        ("psql -p 5432", "psql -p 5432"),
        ("FailedToRetrieveImagePullSecret: Unable to retrieve", "FailedToRetrieveImagePullSecret: Unable to retrieve"),
        ("password: *** and token: [REDACTED]", "password: *** and token: [REDACTED]"),
        ("TOKEN_TTL=3600 AUTH_MODE=scram", "TOKEN_TTL=3600 AUTH_MODE=scram"),
        ("token_type=bearer expires_in=3600", "token_type=bearer expires_in=3600"),
        ("auth: scram-sha-256", "auth: scram-sha-256"),
        ("pwd=Hunter2!x PWD=/app", "pwd=<redacted> PWD=/app"),
        ('masterauth "S3 cret"', "masterauth <redacted>"),
        ('"Authorization":["Bearer abc.def.ghi123"]', '"Authorization":["Bearer <redacted>"]'),
        ("Server=db;User Id=sa;Password=S3cret!pw;", "Server=db;User Id=sa;Password=<redacted>;"),
        ("dial tcp: lookup postgres: no such host", "dial tcp: lookup postgres: no such host"),
    ],
)
def test_a_line(text: str, expected: str) -> None:
    assert TextRedactor().redact(text) == expected
    assert TextRedactor().redact(expected) == expected


def test_a_key_whose_end_or_start_was_cut_off() -> None:
    body = "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"
    begin, end = "-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----"
    ledger = Ledger()
    redacted = TextRedactor(ledger).redact(f"start\n{begin}\n{body}\nINFO next line\n")
    assert redacted == "start\n<redacted>INFO next line\n"
    assert TextRedactor().redact(f"{body}\n{end}\nINFO next line\n") == "<redacted>\nINFO next line\n"
    assert body in ledger.known


def test_a_key_under_the_label_of_a_certificate_is_none() -> None:
    import base64

    key = bytes.fromhex("300b0201000406aabbccddeeff")  # SEQUENCE { INTEGER 0, OCTET STRING }: the start of PKCS 8
    assert not is_certificate(base64.b64encode(key).decode())
    assert not is_certificate("not base64!")


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("DB_PASSWORD", Strength.STRONG), ("dbPassword", Strength.STRONG), ("PGPASSWORD", Strength.STRONG),
        ("api_key", Strength.STRONG), ("SECRET_KEY_BASE", Strength.STRONG), ("requirepass", Strength.STRONG),
        ("AUTH_TOKEN_2", Strength.STRONG), ("SESSION_KEY", Strength.STRONG), ("HASH_SALT", Strength.WEAK),
        ("secretName", Strength.NONE), ("PASSWORD_FILE", Strength.NONE), ("TOKEN_TTL", Strength.NONE),
        ("PWD", Strength.NONE), ("bypass", Strength.NONE), ("checksum/secret", Strength.NONE),
        ("JWT_ALGORITHM", Strength.NONE), ("password_encryption", Strength.NONE), ("DB_HOST", Strength.NONE),
    ],
)  # fmt: skip
def test_a_name(name: str, strength: Strength) -> None:
    assert strength_of(name) is strength


def test_known_values_are_found_wherever_they_stand() -> None:
    known = KnownSecrets(["tr0ub4dor&3", "short!"])
    assert known.replace("a tr0ub4dor&3short! b") == ("a <redacted><redacted> b", 2)
    assert known.replace("é tr0ub4dor%263 é") == ("é <redacted> é", 1)
    assert known.replace("nothing here") == ("nothing here", 0)
    assert not KnownSecrets([])


@pytest.mark.parametrize(
    "text",
    [
        "password=" * 60_000,
        "eyJ" + "a" * 300_000,
        "-eyJaaaaaaaa" * 30_000,
        "://" * 100_000,
        "http://a:" * 40_000,
        "name: password value " * 15_000,
        "-----BEGIN " + "PRIVATE KEY-----" + "a" * 200_000,
        ("-----BEGIN " + "PRIVATE KEY-----\n") * 5_000,
        "redis-cli " * 20_000,
        "<token>" * 30_000,
        "user a " * 30_000 + ">",
        "'" * 200_000 + " statement: password",
        "key:" + " " * 200_000 + "secret",
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.timeout(60)
def test_a_hostile_line_does_not_hang(text: str) -> None:
    assert TextRedactor().redact_file(text) is not None
