"""Answers of any shape: no exception, no fact of the wrong type, and no absence that was not proved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.pgbouncer import extract_pgbouncer
from dotmac_diagnose.extract.postgres import extract_postgres
from dotmac_diagnose.extract.postgres.readers import READERS, Reader
from dotmac_diagnose.facts import Status, fact_kinds
from dotmac_diagnose_collectors.postgres.questions import QUESTIONS

ASKED = datetime(2026, 11, 24, tzinfo=UTC)
COLUMNS = sorted({name for reader in READERS for kind in reader.kinds for name in kind.model_fields})
EXTRA = [
    "blocked_by", "involved_pid", "at", "sender_host", "in_recovery", "blind_roles", "version_number", "settings",
    "ok", "message", "database", "user", "cl_waiting", "maxwait", "key", "value", "list", "items", "host", "port",
]  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.sampled_from([*COLUMNS, *EXTRA]), ANY, max_size=25) | ANY, max_size=3)
NAMES = sorted({question.name for question in QUESTIONS} | {"login", "server"})


@st.composite
def answers(draw: st.DrawFn) -> list[ServerAnswer]:
    names = draw(st.lists(st.sampled_from([*NAMES, "pools", "lists", "configuration", "servers"]), max_size=6))
    return [
        ServerAnswer(
            "postgres/db", name, draw(ROWS | ANY), draw(st.sampled_from(["ok", "ok", "denied", "nonsense"])),
            asked_at=ASKED, sample=draw(st.integers(0, 1)),
        )
        for name in names
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(answers())
def test_any_answer_is_taken(found: list[ServerAnswer]):
    kinds = fact_kinds()
    for extraction in (extract_postgres(found, None), extract_pgbouncer(found, None)):
        for fact in extraction.facts:
            assert fact.kind in kinds
            assert (fact.values is not None) == (fact.status is Status.OK)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.question)
@pytest.mark.parametrize("data", ["not rows", {"max_connections": 1}, 7])
def test_what_is_not_understood_proves_nothing(reader: Reader, data: object):
    answer = ServerAnswer("postgres/db", reader.question, data, asked_at=ASKED)
    statuses = {fact.status for fact in extract_postgres([answer], None).facts}
    assert statuses == {Status.UNSUPPORTED}


def test_the_order_of_answers_changes_nothing():
    made = [
        ServerAnswer("postgres/db", "connections", [{"max_connections": 10, "reserved": 3, "used": 7}], asked_at=ASKED),
        ServerAnswer("postgres/db", "waits", [], asked_at=ASKED),
        ServerAnswer("postgres/db", "waits", None, "timeout", "no answer", ASKED, 1),
    ]
    assert extract_postgres(made, None).facts == extract_postgres(made[::-1], None).facts
