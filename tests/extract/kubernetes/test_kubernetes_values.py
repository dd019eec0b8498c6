"""Typed access, quantities, near names, cron periods and command lines."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotmac_diagnose.extract.kubernetes.containers import command_line
from dotmac_diagnose.extract.kubernetes.cron import period_seconds
from dotmac_diagnose.extract.kubernetes.json_access import (
    at,
    boolean,
    conditions,
    count,
    integer,
    label_map,
    mapping,
    mappings,
    moment,
    scalar_text,
    sequence,
    text,
    texts,
)
from dotmac_diagnose.extract.kubernetes.names import entity_of, is_name
from dotmac_diagnose.extract.kubernetes.near import distance, nearest
from dotmac_diagnose.extract.kubernetes.quantity import millicores, percent, quantity, whole

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
def test_accessors_take_anything(value: object):
    assert isinstance(mapping(value), dict) or not mapping(value)
    assert all(isinstance(item, dict) for item in mappings(value))
    assert sequence(value) == (value if isinstance(value, list) else ())
    for found in (text(value), scalar_text(value), *texts(value), *label_map(value).values()):
        assert found is None or found.encode("utf-8") is not None
    assert integer(value) is None or isinstance(integer(value), int)
    assert (count(value) or 0) >= 0
    assert boolean(value) in (None, True, False)
    assert moment(value) is None or moment(value).tzinfo is UTC  # type: ignore[union-attr]
    assert isinstance(conditions(mapping(value)), dict)
    assert at(value, "a", "b") is None or isinstance(value, dict)
    assert quantity(value) is None or isinstance(quantity(value), Fraction)
    assert (whole(value) or 0) >= 0
    assert (millicores(value) or 0) >= 0
    assert isinstance(is_name(value), bool)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (True, None),
        (7.5, None),
        ("7.5", None),
        (10**30, None),
        ("9" * 40, None),
        ("-3", -3),
    ],
)
def test_whole_numbers(value: object, wanted: int | None):
    assert integer(value) == wanted


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", 5]
)
def test_no_moment(value: object):
    assert moment(value) is None


def test_moments_are_in_utc():
    wanted = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    assert moment("2026-01-31T12:00:00+02:00") == wanted
    assert moment("2026-01-31T10:00:00Z") == wanted
    assert moment("2026-01-31T10:00:00.000000Z") == wanted


def test_lone_surrogates_and_long_texts_do_not_get_through():
    assert text("a\ud800b") == "a?b"
    assert text("x" * 10_000, 100) == "x" * 99 + "…"
    assert not is_name("a\ud800")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("128974848", 128974848),
        ("129M", 129_000_000),
        ("123Mi", 123 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("1e3", 1000),
        ("100m", 1),
        (512, 512),
        ("-1", None),
        ("1e99", None),
        ("1Zi", None),
        (math.inf, None),
        (True, None),
    ],
)
def test_whole_quantities(written: object, wanted: int | None):
    assert whole(written) == wanted


def test_cpu_and_percent():
    assert millicores("250m") == 250
    assert millicores("1.5") == 1500
    assert millicores(2) == 2000
    assert percent("8", "8") == 100.0
    assert percent("512Mi", "2Gi") == 25.0
    assert percent("1", "0") is None


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [("redis", "redis", 0), ("redsi", "redis", 1), ("reds", "redis", 1), ("apii", "api", 1), ("abc", "xyz", None)],
)
def test_distance(left: str, right: str, wanted: int | None):
    assert distance(left, right) == wanted
    assert distance(right, left) == wanted


@pytest.mark.parametrize(
    ("name", "candidates", "wanted"),
    [
        ("dotmac-apii", ["dotmac-api", "dotmac-portal"], "dotmac-api"),
        ("redis-master", ["redis", "postgres"], "redis"),
        ("db-1", ["db-2", "db-3"], None),
        ("xy", ["ab"], None),
        ("config", [], None),
        ("DB_Host", ["DB_HOST", "DB_NAME"], "DB_HOST"),
    ],
)
def test_nearest(name: str, candidates: list[str], wanted: str | None):
    assert nearest(name, candidates) == wanted


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("*/10 * * * *", 600),
        ("@hourly", 3600),
        ("0 * * * *", 3600),
        ("30 2 * * *", 86400),
        ("0 9 * * mon-fri", 3 * 86400),
        ("0 0 1 * *", 31 * 86400),
        ("0 0 29 2 *", 1461 * 86400),
        ("0,30 8-17 * * *", 15 * 3600 - 1800),
        ("TZ=Europe/Berlin 0 0 * * *", 86400),
        ("@every 1h30m", 5400),
        ("0 0 31 2 *", None),
        ("61 * * * *", None),
        ("* * * *", None),
        ("every day", None),
        ("*/0 * * * *", None),
        ("5-1 * * * *", None),
        ("@reboot", None),
        ("", None),
    ],
)
def test_cron_periods(schedule: str, seconds: float | None):
    assert period_seconds(schedule) == seconds


@given(st.text(max_size=60))
def test_any_schedule_has_an_answer(schedule: str):
    found = period_seconds(schedule)
    assert found is None or found > 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], None),
        (["sh", "-c", "echo hi there"], "sh -c 'echo hi there'"),
        (["app", "--db-password", "hunter22", "--port", "80"], "app --db-password '<redacted>' --port 80"),
        (["app", "--token=abc"], "app '--token=<redacted>'"),
        (["app", "postgres://u:secret@db/x"], "app 'postgres://<redacted>@db/x'"),
        (["app", "--password", "--verbose"], "app --password --verbose"),
    ],
)
def test_command_lines_hide_secrets(words: list[str], line: str | None):
    assert command_line(words) == line


@pytest.mark.parametrize(
    ("kind", "group", "namespace", "wanted"),
    [
        ("Deployment", "apps", "shop", "deployment/shop/x"),
        ("Service", "serving.knative.dev", "shop", "custom_resource/shop/Service.serving.knative.dev/x"),
        ("Rollout", "argoproj.io", "shop", "custom_resource/shop/Rollout.argoproj.io/x"),
        ("ClusterRoleBinding", "rbac.authorization.k8s.io", "", "rolebinding/-/x"),
        ("ConfigMap", "", "shop", "custom_resource/shop/ConfigMap/x"),
        ("Namespace", "", "", "namespace/x"),
        ("ClusterIssuer", "cert-manager.io", "", "custom_resource/-/ClusterIssuer.cert-manager.io/x"),
    ],
)
def test_entities(kind: str, group: str, namespace: str, wanted: str):
    assert entity_of(kind, group, namespace, "x") == wanted
