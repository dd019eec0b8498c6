from __future__ import annotations

import json

import pytest

from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.report import FORMATS, View, render
from dotmac_diagnose.report.json_report import safe_json
from dotmac_diagnose.report.markdown import escaped
from report.samples import HOSTILE, cause, diagnosis, evidence, fix, healthy


def test_the_json_report_is_the_diagnosis() -> None:
    found = diagnosis()
    report = render(found, "json")
    assert Diagnosis.from_json(report) == found
    assert json.loads(report) == json.loads(found.to_json())
    assert json.loads(report)["fixes"][0]["for"] == [{"cause": "postgres.slots_exhausted", "entity": "postgres/db"}]


def test_the_json_report_holds_hostile_text_as_escapes_and_gives_it_back() -> None:
    found = diagnosis(headline=HOSTILE, healthy=[HOSTILE])
    report = render(found, "json")
    assert [character for character in report if not character.isprintable() and character != "\n"] == []
    assert "</script>" not in report
    assert Diagnosis.from_json(report) == found


def test_every_character_survives_or_is_escaped() -> None:
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x30000), *range(0xE0000, 0xE0200)]))
    assert json.loads(safe_json(everything)) == everything


def test_a_lone_surrogate_does_not_break_the_report() -> None:
    report = render(diagnosis(headline="half \ud800 of it"), "json")
    assert Diagnosis.from_json(report).headline == "half \ufffd of it"


def test_the_short_report() -> None:
    assert render(diagnosis(), "short", View(exit_code=1)).splitlines() == [
        "CRITICAL: 1 cause found",
        "P1 postgres/db: PostgreSQL has no free connection slots (93 % likely)",
        "   fix: End idle sessions older than 10 minutes (disruptive, exact, needs approval)",
        "unexplained: Host clock offset",
        "not seen: import: pods.json truncated, pgbouncer (denied: no access)",
        "exit 1 (P1 at or above --fail-on P2)",
    ]


def test_the_short_report_of_a_large_incident_is_twelve_lines_at_most() -> None:
    causes = [cause(rank=number, id=f"app.cause_{number}", title="Much " * 100) for number in range(1, 30)]
    report = render(diagnosis(causes=causes), "short", View(exit_code=1, show="P3"))
    assert len(report.splitlines()) <= 12
    assert max(map(len, report.splitlines())) <= 220
    assert "and 26 causes more" in report


def test_the_short_report_when_all_is_well() -> None:
    assert render(healthy(), "short", View(exit_code=0)).splitlines()[0] == "HEALTHY: nothing needs you"


def test_the_short_report_without_a_cause_names_the_next_look() -> None:
    found = diagnosis(
        causes=[cause(reported=False, confidence=0.3)], status="degraded", headline="Slow, reason not known"
    )
    report = render(found, "short", View(exit_code=0)).splitlines()
    assert report[:3] == [
        "DEGRADED: Slow, reason not known",
        "perhaps: postgres.slots_exhausted 30 %",
        "look next: Clients wait in PgBouncer (pgbouncer/main)",
    ]


def test_the_markdown_report_holds_causes_evidence_and_commands() -> None:
    report = render(diagnosis(), "markdown", View(exit_code=1))
    assert "## P1 PostgreSQL has no free connection slots on postgres/db" in report
    assert "- All slots are taken: 97 of 97 usable slots are taken (postgres/db), +18 dB" in report
    assert f"```sh\n{fix()['steps'][0]['run']}\n```" in report
    assert "not seen: pgbouncer, no access" in report


def test_a_command_with_back_ticks_stays_inside_its_block() -> None:
    steps = [{"run": "echo ```` # x\n# heading\n```\n<b>", "tool": "shell"}]
    report = render(diagnosis(fixes=[fix(steps=steps)]), "markdown", View())
    assert "`````sh\necho ```` # x\n# heading\n```\n<b>\n`````" in report


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("snake_case stays", "snake_case stays"),
        ("_emphasis_ **bold**", "&#95;emphasis&#95; &#42;&#42;bold&#42;&#42;"),
        ("<img src=x onerror=y>", "&#60;img src=x onerror=y&#62;"),
        ("[click](http://evil)", "&#91;click&#93;(http&#58;&#47;&#47;evil)"),
        ("@everyone #12", "&#64;everyone &#35;12"),
        ("1. list", "&#49;&#46; list"),
        ("- list", "&#45; list"),
        ("&lt;b&gt;", "&#38;lt;b&#38;gt;"),
        ("a\n# heading", "a ⏎ &#35; heading"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_an_unknown_format_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=", ".join(FORMATS)):
        render(diagnosis(), "html")


@pytest.mark.parametrize("report_format", FORMATS)
def test_a_report_is_the_same_every_time(report_format: str) -> None:
    found = diagnosis(causes=[cause(evidence=[evidence(f"a.b{number}") for number in range(20)])])
    assert render(found, report_format, View()) == render(found.model_copy(deep=True), report_format, View())
