"""The same incident in every form: the same causes.

Confidence may differ only where a kind is not in the capture, and then the report names the kinds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from capture_forms import DUMPS, INCIDENTS, WHOLE, WITHOUT_EMPTY_KINDS, names, unpacked
from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.remedies.gaps import WANTED
from test_incidents import pairs, truth_of

Form = Callable[[Path], Path]

SAMPLE = (
    "coredns-scaled-to-zero",
    "healthy-1",
    "postgres-scaled-to-zero",
    "pvc-storage-class-missing",
    "secret-missing",
    "two-selector-and-image",
)
"""Incidents for the slow forms: workloads, claims, Secrets, two faults at once, none."""

NEEDS = {
    "hpa-metrics-server-down": {"apiservices", "horizontalpodautoscalers"},
    "migration-job-failed": {"jobs"},
    "pdb-blocks-drain": {"poddisruptionbudgets"},
    "postgres-scaled-to-zero": {"configmaps", "statefulsets"},
    "postgres-wrong-password": {"configmaps", "statefulsets"},
    "pvc-storage-class-missing": {"persistentvolumeclaims"},
    "red-herring-failed-job": {"jobs"},
    "redis-wrong-password": {"configmaps"},
    "tls-certificate-expired": {"secrets"},
}
"""Incidents that a dump does not tell whole, with the kinds that it would take."""

VIEWS_DECIDE = {"postgres-idle-in-transaction-lock", "postgres-slots-many-workers"}
"""Incidents that only the views of the server tell, which no dump of a cluster holds."""

WRONG_IN_A_DUMP = {
    "secret-rotated-pods-stale": "without Secrets nobody sees that one is newer than its readers; the server is blamed",
}


def reported(diagnosis: Diagnosis) -> set[tuple[str, str]]:
    return {(cause.id, cause.entity.id) for cause in diagnosis.reported}


def confidences(diagnosis: Diagnosis) -> dict[tuple[str, str], float]:
    return {(cause.id, cause.entity.id): cause.confidence for cause in diagnosis.causes}


def missing_kinds(diagnosis: Diagnosis) -> set[str]:
    """Return the kinds of which the report says that the capture holds none."""
    said = [item.reason or "" for item in diagnosis.collectors if item.id == "capture"]
    return {name for text in said for name in text.removeprefix("holds no ").split(", ")}


@cache
def recorded(incident: str) -> Diagnosis:
    return diagnose(Bundle.read(INCIDENTS / f"{incident}.tar.xz"))


def allowed(incident: str) -> set[tuple[str, str]]:
    truth = truth_of(INCIDENTS / f"{incident}.tar.xz")
    return pairs(truth.get("truth")) | pairs(truth.get("accept"))


@pytest.mark.parametrize("incident", SAMPLE)
@pytest.mark.parametrize("form", WHOLE.values(), ids=WHOLE)
def test_a_form_that_keeps_everything_changes_nothing(tmp_path: Path, incident: str, form: Form) -> None:
    again = diagnose(Bundle.read(form(unpacked(incident, tmp_path))))
    first = recorded(incident)
    assert confidences(again) == confidences(first)
    assert missing_kinds(again) == missing_kinds(first)


@pytest.mark.parametrize("incident", SAMPLE)
@pytest.mark.parametrize("form", WITHOUT_EMPTY_KINDS.values(), ids=WITHOUT_EMPTY_KINDS)
def test_a_form_that_loses_empty_kinds_names_them(tmp_path: Path, incident: str, form: Form) -> None:
    folder = unpacked(incident, tmp_path)
    empty = {path.stem for path in (folder / "kubectl").iterdir() if not json.loads(path.read_bytes())["items"]}
    again = diagnose(Bundle.read(form(folder)))
    first = recorded(incident)
    assert reported(again) == reported(first)
    assert missing_kinds(again) == missing_kinds(first) | (empty & set(WANTED))


@pytest.mark.parametrize(
    "incident",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=WRONG_IN_A_DUMP[name], strict=True))
        if name in WRONG_IN_A_DUMP
        else name
        for name in names()
    ],
)
def test_a_dump_gives_the_same_causes_or_says_what_it_lacks(tmp_path: Path, incident: str) -> None:
    dump = diagnose(Bundle.read(DUMPS["dump folder"](unpacked(incident, tmp_path))))
    first = recorded(incident)
    lacking = missing_kinds(dump)
    assert {"statefulsets", "jobs", "configmaps", "secrets"} <= lacking
    assert "pods" not in lacking
    assert NEEDS.get(incident, set()) <= lacking
    if incident in NEEDS or incident in VIEWS_DECIDE:
        assert reported(dump) <= allowed(incident)
    else:
        assert reported(dump) == reported(first)


@pytest.mark.parametrize("incident", SAMPLE)
def test_a_dump_on_one_stream_is_the_dump_in_a_folder(tmp_path: Path, incident: str) -> None:
    folder = unpacked(incident, tmp_path)
    one, other = (diagnose(Bundle.read(form(folder))) for form in DUMPS.values())
    assert confidences(one) == confidences(other)
    assert missing_kinds(one) == missing_kinds(other)


def told(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the report without its timings and the name of the input."""
    report = diagnosis.model_dump(mode="json", by_alias=True)
    del report["timings_ms"]
    del report["scope"]["inputs"]
    return report


@pytest.mark.parametrize("incident", names())
def test_a_written_bundle_tells_the_same(tmp_path: Path, incident: str) -> None:
    bundle = Bundle.read(INCIDENTS / f"{incident}.tar.xz")
    path = tmp_path / "bundle.tar.zst"
    bundle.write(path)
    first = told(recorded(incident))
    assert told(diagnose(Bundle.read(path))) == first
    assert told(diagnose(Bundle.read(path, reextract=True))) == first
