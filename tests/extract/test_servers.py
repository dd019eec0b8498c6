"""The table of server extractors: each type is read by its own, and a failing one costs only itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.servers import SERVER_EXTRACTORS, ServerExtraction, extract_servers, newest_answer
from dotmac_diagnose.facts import OutcomeStatus, Relation

ASKED = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
TABLE = {"good": f"{__name__}:read_all", "bad": f"{__name__}:fail", "gone": "no_such_module:read"}


def read_all(answers: Sequence[ServerAnswer], captured_at: datetime | None) -> ServerExtraction:
    names = [f"{answer.server}#{answer.question}#{answer.sample}" for answer in answers]
    return ServerExtraction(relations=[Relation("saw", str(captured_at), name) for name in names])


def fail(answers: Sequence[ServerAnswer], captured_at: datetime | None) -> ServerExtraction:
    raise KeyError(answers[0].server)


def test_each_type_is_read_by_its_own_extractor_in_a_fixed_order() -> None:
    answers = [
        ServerAnswer(f"good/{name}", question, asked_at=ASKED, sample=sample)
        for name in ("a", "b:5433")
        for question in ("x", "y")
        for sample in (0, 1)
    ]
    first = extract_servers(answers, ASKED, TABLE)
    assert [item.target for item in first.relations][:3] == ["good/a#x#0", "good/a#x#1", "good/a#y#0"]
    shuffled = list(answers)
    random.Random(1).shuffle(shuffled)
    assert extract_servers(shuffled, ASKED, TABLE) == first


def test_a_failing_extractor_is_an_outcome_and_the_others_go_on() -> None:
    answers = [ServerAnswer(f"{kind}/x", "q") for kind in ("bad", "gone", "good", "strange", "")]
    found = extract_servers(answers, None, TABLE)
    assert [item.target for item in found.relations] == ["good/x#q#0"]
    outcomes = {item.collector: item for item in found.outcomes}
    assert {name: item.status for name, item in outcomes.items()} == {
        "extract:": OutcomeStatus.PARTIAL,
        "extract:bad": OutcomeStatus.FAILED,
        "extract:gone": OutcomeStatus.FAILED,
        "extract:strange": OutcomeStatus.PARTIAL,
    }
    assert "KeyError" in (outcomes["extract:bad"].reason or "")
    assert "strange" in (outcomes["extract:strange"].reason or "")


def test_the_table_names_functions_that_are_there() -> None:
    for kind in SERVER_EXTRACTORS:
        found = extract_servers([ServerAnswer(f"{kind}/x", "no such question", data=5)], ASKED)
        assert not [item for item in found.outcomes if item.status is OutcomeStatus.FAILED], kind


def test_the_moment_of_the_capture_is_that_of_the_newest_answer() -> None:
    answers = [ServerAnswer("a/b", "q", asked_at=ASKED + timedelta(seconds=n)) for n in (1, 5, 3)]
    assert newest_answer([*answers, ServerAnswer("a/b", "r")]) == ASKED + timedelta(seconds=5)
    assert newest_answer([ServerAnswer("a/b", "r")]) is None
    assert extract(answers).captured_at == ASKED + timedelta(seconds=5)


def test_answers_that_were_not_redacted_become_no_facts() -> None:
    base = extract([ServerAnswer("a/b", "q", {"password": "x"}, asked_at=ASKED)], redacted=False)
    assert (base.facts, base.outcomes, base.captured_at) == ((), (), None)
