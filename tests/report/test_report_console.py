from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotmac_diagnose.report import View, render
from dotmac_diagnose.report.layout import plain, row, sentence, wrap
from dotmac_diagnose.report.printable import cell_width, printable
from dotmac_diagnose.report.view import decibans, percent, since
from report.samples import HOSTILE, LOWER_POOL, cause, diagnosis, evidence, fix, healthy

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis

EXPECTED = """\
P1  postgres/db   PostgreSQL has no free connection slots           93 %  likely
    postgres.slots_exhausted                             since 14:02 UTC, 11 min

    why      All slots are taken: 97 of 97 usable slots are taken         +18 dB
             dotmac-api holds 84 of them                                  + 9 dB
    against  The server was restarted: looked for, not there              - 3 dB
    not seen pgbouncer.clients_wait of pgbouncer/main (denied)
    leads to first: The pool of the application times out (deployment/shop/api)
             impact: The API answers 500 (endpoint/shop.example)
    affects  deployment/shop/api
    instead  app.connection_pool_exhausted on deployment/shop/api 4 %

    fix 1    End idle sessions older than 10 minutes  disruptive  approve  exact
             (relief, not a cure)
             first: the sessions belong to dotmac-api
             careful: open transactions of these sessions are rolled back
             kubectl --context prod -n shop exec statefulset/postgres -- psql -XAt -c "SELECT \
pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND state_change < now() - interval '10 min'"
             back:
             kubectl --context prod -n shop rollout restart deployment/api
    fix 2    Lower pool_size from 14 to 8 in deployment/api  reversible  fill in
             kubectl --context prod -n shop set env deployment/api POOL_SIZE=8
             by hand: Tell the owner of the service.

    perhaps  The clock of a node is wrong (node/worker-1)               11 %  P2

    check    Clients wait in PgBouncer (pgbouncer/main)             0.7 bit, 1 s
             psql -p 6432 pgbouncer -c 'SHOW POOLS'
             decides between postgres.slots_exhausted,
             app.connection_pool_exhausted

    changed  2026-11-24T13:58:00Z rolled out revision 7 (deployment/shop/api)

1 cause explains 11 of 12 findings; 1 unexplained: Host clock offset: 62 ms
    (node/worker-1)
examined and well: redis/redis, 4 deployments
not seen: import: pods.json truncated; pgbouncer (denied: no access)
escalate P1 within 15 min: on-call -> team lead
confidence: exact, uncalibrated; knowledge 2026.1 (3f9a0c123f9a)
fixes: 0 destructive, 1 disruptive, 1 reversible
evidence: incident.tar.xz
exit 1 (P1 at or above --fail-on P2)                                       4.8 s
"""


def text(found: Diagnosis, **view: Any) -> str:
    return render(found, "text", View(**({"exit_code": 1} | view)))


def without_commands(report: str) -> list[str]:
    return [line for line in report.splitlines() if "kubectl --context" not in line]


def test_the_whole_report() -> None:
    assert text(diagnosis()).splitlines() == [line.rstrip() for line in EXPECTED.splitlines()]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_asked_for_except_commands(width: int, verbose: bool) -> None:
    for line in without_commands(text(diagnosis(), width=width, verbose=verbose)):
        assert cell_width(line) <= width


def test_commands_are_whole_and_stand_alone() -> None:
    command = fix()["steps"][0]["run"]
    for width in (60, 80):
        assert f"             {command}" in text(diagnosis(), width=width).splitlines()


def test_without_colour_there_is_no_escape() -> None:
    assert "\x1b" not in text(diagnosis())


def test_with_colour_the_text_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    painted = render(diagnosis(), "text", View(exit_code=1), coloured=True)
    assert "\x1b[1;31m" in painted
    bare = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    assert [line.rstrip() for line in bare.splitlines()] == text(diagnosis()).splitlines()


def test_a_dumb_terminal_gets_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in render(diagnosis(), "text", View(), coloured=True)


def test_the_first_line_names_cause_place_and_confidence_when_it_is_long() -> None:
    entity = {"id": "deployment/dotmac-production/dotmac-api", "type": "deployment", "namespace": "dotmac-production"}
    long = cause(entity=entity | {"name": "dotmac-production/dotmac-api"}, title="Memory limit is too small for it")
    first, second, third, *_ = text(diagnosis(causes=[long])).splitlines()
    assert first.startswith("P1  dotmac-api: Memory limit is too small for it ")
    assert first.endswith("93 %  likely")
    assert second.startswith("    postgres.slots_exhausted ")
    assert second.endswith("since 14:02 UTC, 11 min")
    assert third == "    on deployment/dotmac-production/dotmac-api"


def test_a_symptom_of_two_causes_is_listed_once() -> None:
    second = cause(rank=2, id="app.other", title="Another cause", confidence=0.6, band="possible", fixes=[])
    report = text(diagnosis(causes=[cause(), second]))
    assert report.count("97 of 97 usable slots") == 1
    assert "also 2 listed above" in report
    assert report.count("dotmac-api holds 84") == 1


def test_a_fix_of_two_causes_is_printed_once() -> None:
    shared = fix(
        **{"for": [{"cause": name, "entity": "postgres/db"} for name in ("app.other", "postgres.slots_exhausted")]}
    )
    second = cause(rank=2, id="app.other", title="Another cause", confidence=0.6, fixes=["postgres.end_idle_sessions"])
    report = text(diagnosis(causes=[cause(), second], fixes=[shared]))
    assert report.count("pg_terminate_backend") == 1
    assert "fix 1    End idle sessions older than 10 minutes: see above" in report


def test_many_pieces_of_evidence_are_summed_up_and_verbose_lists_all() -> None:
    many = [
        evidence(f"app.finding_{number}", title=f"Finding {number}", weight_db=20.0 - number) for number in range(9)
    ]
    found = diagnosis(causes=[cause(evidence=many)])
    assert "and 3 more, weaker" in text(found)
    assert "Finding 8" not in text(found)
    assert "Finding 8" in text(found, verbose=True)
    assert "from app.finding_8, pg_stat_activity, evidence/pg/activity.json" in text(found, verbose=True, width=120)


def test_when_all_is_well_nothing_needs_you() -> None:
    report = render(healthy(), "text", View(exit_code=0))
    assert report.splitlines() == [
        "nothing needs you",
        "examined and well: redis/redis, 4 deployments",
        "not seen: import: pods.json truncated; pgbouncer (denied: no access)",
        "exit 0 (nothing at or above --fail-on P2)                                  4.8 s",
    ]


def test_what_was_not_seen_is_never_among_the_healthy() -> None:
    report = render(healthy(healthy=[]), "text", View(exit_code=0))
    assert "examined and well: nothing" in report
    assert "pgbouncer" in report.split("not seen:")[1]


def test_without_a_cause_the_most_upstream_state_and_the_next_check_are_named() -> None:
    found = diagnosis(
        causes=[cause(reported=False, confidence=0.31, band="unlikely")],
        status="degraded",
        severity=None,
        escalation=None,
        headline="PostgreSQL is not running (postgres/db), reason not known yet; look at its unit",
        states=[
            {
                "id": "postgres.not_running",
                "entity": "postgres/db",
                "title": "PostgreSQL is not running",
                "probability": 0.97,
                "explained_by": [{"cause": "postgres.server_down", "entity": "postgres/db", "confidence": 0.31}],
            },
            {"id": "app.slow", "entity": "x/y", "title": "Slow", "probability": 0.2, "explained_by": []},
        ],
    )
    report = text(found, exit_code=0)
    assert report.startswith("PostgreSQL is not running (postgres/db), reason not known yet;")
    assert "certain  PostgreSQL is not running (postgres/db)" in report
    assert "97 %" in report
    assert "by postgres.server_down 31 %" in report
    assert "Slow" not in report
    assert "perhaps  PostgreSQL has no free connection slots" in report
    assert "SHOW POOLS" in report
    assert "no cause is reported; 12 findings present" in report
    assert "examined and well: redis/redis, 4 deployments" in report
    assert "escalate" not in report


def test_candidates_are_three_at_most() -> None:
    below = [
        cause(rank=number, id=f"app.candidate_{number}", title=f"Candidate {number}", reported=False, confidence=0.3)
        for number in range(1, 7)
    ]
    report = text(diagnosis(causes=below))
    assert [f"Candidate {number}" in report for number in range(1, 7)] == [True, True, True, False, False, False]
    assert "and 3 less likely" in report


def test_show_leaves_out_less_severe_causes_and_counts_them() -> None:
    second = cause(rank=2, id="app.other", title="Another cause", severity="P3", confidence=0.6, fixes=[])
    found = diagnosis(causes=[cause(), second])
    assert "Another cause" in text(found)
    report = text(found, show="P1")
    assert "Another cause" not in report
    assert "1 cause below P1 not printed (--show P3)" in report
    assert text(found, show="P0").startswith("no cause at or above P0")


def test_weaknesses_stand_apart() -> None:
    weak = cause(rank=2, id="app.weak", title="A weakness", kind="posture", reported=False, confidence=1.0, fixes=[])
    quiet = text(diagnosis(causes=[cause(), weak]))
    assert "A weakness" not in quiet
    assert "1 weakness without present effect (--posture lists them)" in quiet
    counted = text(diagnosis(causes=[cause(), weak | {"reported": True}]))
    assert counted.index("weaknesses without present effect") < counted.index("A weakness")


def test_destructive_fixes_are_named_first_in_the_closing_lines() -> None:
    destroying = fix(rank=3, id="app.drop", title="Drop it", risk="destructive")
    report = text(diagnosis(fixes=[fix(), LOWER_POOL, destroying]))
    assert "fixes: 1 destructive, 1 disruptive, 1 reversible" in report


@pytest.mark.parametrize(
    ("changes", "view", "line"),
    [
        ({}, {"exit_code": 3}, "exit 3 (inconclusive: no finding is known)"),
        ({}, {"exit_code": 0, "fail_on": "never"}, "exit 0 (--fail-on never)"),
        ({}, {"exit_code": 0, "fail_on": "P0"}, "exit 0 (nothing at or above --fail-on P0)"),
        ({}, {"exit_code": 1, "fail_on": "P1"}, "exit 1 (P1 at or above --fail-on P1)"),
    ],
)
def test_the_exit_line(changes: dict[str, Any], view: dict[str, Any], line: str) -> None:
    assert text(diagnosis(**changes), **view).splitlines()[-1].startswith(line)


def hostile() -> Diagnosis:
    return diagnosis(
        headline=HOSTILE,
        causes=[
            cause(
                title=HOSTILE,
                entity={"id": f"deployment/{HOSTILE}", "type": "deployment", "namespace": HOSTILE, "name": HOSTILE},
                affected=[HOSTILE],
                chain=[{"id": "a.b", "entity": HOSTILE}, {"id": "c.d", "entity": HOSTILE + "x"}],
                chain_titles=[HOSTILE, HOSTILE],
                evidence=[
                    evidence("a.b", title=HOSTILE, detail=HOSTILE * 30, source=HOSTILE, ref=HOSTILE, entity=HOSTILE)
                ],
                against=[evidence("a.c", title=HOSTILE, detail=HOSTILE, entity=HOSTILE, weight_db=-3.0)],
                missing=[{"finding": HOSTILE, "entity": HOSTILE, "reason": HOSTILE}],
                alternatives=[{"id": HOSTILE, "entity": HOSTILE, "confidence": 0.2}],
                first_seen=HOSTILE,
            )
        ],
        fixes=[
            fix(
                title=HOSTILE,
                preconditions=[HOSTILE],
                warnings=[HOSTILE],
                steps=[{"run": HOSTILE, "tool": "kubectl"}, {"run": HOSTILE, "tool": "manual"}],
                rollback=[HOSTILE, "kubectl " + HOSTILE],
                verify=[HOSTILE],
                guide=[HOSTILE],
                **{"for": [{"cause": "postgres.slots_exhausted", "entity": f"deployment/{HOSTILE}"}]},
            )
        ],
        states=[{"id": "a.b", "entity": HOSTILE, "title": HOSTILE, "probability": 0.9, "explained_by": []}],
        unexplained=[{"finding": "a.b", "entity": HOSTILE, "detail": HOSTILE, "title": HOSTILE}],
        healthy=[HOSTILE],
        changes=[{"at": HOSTILE, "entity": HOSTILE, "what": HOSTILE}],
        next_checks=[
            {
                "finding": "a.b",
                "entity": HOSTILE,
                "gain_bits": 1,
                "how": HOSTILE,
                "seconds": 1,
                "title": HOSTILE,
                "separates": [HOSTILE],
            }
        ],
        collectors=[{"id": f"import:{HOSTILE}", "status": "failed", "reason": HOSTILE, "duration_ms": 0, "facts": 0}],
        escalation={"level": "P1", "path": [HOSTILE], "respond_within": HOSTILE},
        scope=diagnosis().scope.model_dump() | {"inputs": [HOSTILE], "captured_at": HOSTILE},
        knowledge={"version": HOSTILE, "digest": HOSTILE},
    )


@pytest.mark.parametrize("report_format", ["text", "short", "markdown"])
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("reported", [True, False])
def test_no_hostile_text_reaches_the_terminal(report_format: str, verbose: bool, reported: bool) -> None:
    found = hostile()
    found.causes[0].reported = reported
    report = render(found, report_format, View(verbose=verbose, exit_code=1))
    assert [character for character in report if not character.isprintable() and character != "\n"] == []
    assert "http://evil.example/" not in report.replace("&#58;&#47;&#47;", "://")


def test_markup_of_rich_is_shown_and_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = diagnosis(causes=[cause(title="[red]x[/red] :smile: [link=http://e]y[/link]", evidence=[], against=[])])
    painted = render(found, "text", View(width=120), coloured=True)
    assert "[red]x[/red] :smile: [link=http://e]y[/link]" in painted
    assert "\x1b]8" not in painted


@given(st.text(max_size=200).map(printable), st.integers(20, 100))
def test_wrapping_loses_nothing_and_stays_inside(words: str, width: int) -> None:
    pieces = wrap(words, width)
    assert "".join("".join(pieces).split()) == "".join(words.split())
    assert all(cell_width(piece) <= width for piece in pieces)


def test_a_percent_sign_stays_with_its_number() -> None:
    assert wrap("about 12 % of it", 8) == ["about", "12 % of", "it"]


def test_a_long_word_is_broken_after_a_separator() -> None:
    assert wrap("deployment/production/dotmac-api", 24) == ["deployment/production/", "dotmac-api"]
    assert wrap("x" * 30, 24) == ["x" * 24, "x" * 6]


def test_a_row_with_a_most_ends_with_an_ellipsis() -> None:
    lines = [plain(line) for line in row("why", "word " * 100, width=80, right="+ 9 dB", most=2)]
    assert len(lines) == 2
    assert " …" in lines[1]
    assert lines[1].endswith("+ 9 dB")
    assert all(len(line) <= 80 for line in lines)


def test_a_sentence_keeps_its_value_at_the_right() -> None:
    first, second = (plain(line) for line in sentence("word " * 18, width=80, right="4.8 s"))
    assert first.endswith("4.8 s")
    assert len(first) == 80
    assert second.startswith("    word")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.93, "93 %"), (0.9999, ">99 %"), (1.0, "100 %"), (0.001, "<1 %"), (0.0, "0 %")]
)
def test_percent(value: float, shown: str) -> None:
    assert percent(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(18.2, "+18 dB"), (9.0, "+ 9 dB"), (-3.1, "- 3 dB"), (0.31, "+0.3 dB")])
def test_decibans(value: float, shown: str) -> None:
    assert decibans(value) == shown


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2026-11-24T14:02:00Z", "2026-11-24T14:13:00Z", "since 14:02 UTC, 11 min"),
        ("2026-11-22T14:02:00Z", "2026-11-24T14:13:00Z", "since 2026-11-22 14:02 UTC, 2 days"),
        ("2026-11-24T14:02:00Z", None, "since 14:02 UTC"),
        ("2026-11-24T14:02:00Z", "2026-11-24T14:00:00Z", "since 14:02 UTC"),
        ("nonsense", "2026-11-24T14:00:00Z", ""),
        (None, None, ""),
    ],
)
def test_since(start: str | None, end: str | None, shown: str) -> None:
    assert since(start, end) == shown
