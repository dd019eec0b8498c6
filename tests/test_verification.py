"""What a verification decides, and what it takes as proof."""

from __future__ import annotations

from typing import Any

import pytest

from dotmac_diagnose import Fact, FactBase, Knowledge, diagnose, fact, load_knowledge
from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.facts import Status
from dotmac_diagnose.facts.logs import LogMessage
from dotmac_diagnose.facts.postgres.activity import LockRoot, LockWaiter
from dotmac_diagnose.facts.postgres.server import Login
from dotmac_diagnose.verification import Verification, collectors_for, needed_kinds, verify

SERVER = "postgres/db"
WAITS = "postgres.lock_waiter_wants_access_exclusive"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def login(outcome: str = "ok") -> Fact:
    return fact(SERVER, Login(outcome=outcome, answered=True, host="db", port=5432, role="a", database="b",
                              milliseconds=1.0))  # fmt: skip


def empty(kind: str, status: Status = Status.EMPTY) -> Fact:
    return Fact(SERVER, kind, None, status=status)


def waiter() -> Fact:
    values: dict[str, Any] = {"pid": 7, "mode": "AccessExclusiveLock", "relation": "public.stock", "queue_behind": 4,
                              "wait_seconds": 9.0, "blocked_by": "6", "query": "ALTER TABLE stock"}  # fmt: skip
    return fact(SERVER, LockWaiter(**values))


@pytest.fixture(scope="module")
def report(knowledge: Knowledge) -> Diagnosis:
    found = diagnose(FactBase([login(), waiter()]), knowledge=knowledge)
    assert "postgres.ddl_lock_queue" in {cause.id for cause in found.reported}
    return found


def decided(report: Diagnosis, knowledge: Knowledge, *facts: Fact) -> Verification:
    return verify(report, FactBase(facts), knowledge)


def test_a_state_that_was_read_and_is_gone_proves_the_cure(report: Diagnosis, knowledge: Knowledge):
    result = decided(report, knowledge, login(), empty(LockWaiter.kind), empty(LockRoot.kind))
    assert result.result == "cured"
    (fix,) = [fix for fix in result.fixes if fix.id == "postgres.cancel_waiting_ddl"]
    assert [(check.finding, check.presence.value, check.was_seen) for check in fix.checks] == [(WAITS, "absent", True)]


def test_a_state_that_is_still_there_refutes_it(report: Diagnosis, knowledge: Knowledge):
    result = decided(report, knowledge, login(), waiter())
    assert result.result == "not_cured"
    assert any("pid 7 waits 9 s" in check.detail for fix in result.fixes for check in fix.checks)


@pytest.mark.parametrize("status", [Status.DENIED, Status.TIMEOUT, Status.UNREACHABLE])
def test_a_state_that_could_not_be_read_proves_nothing(report: Diagnosis, knowledge: Knowledge, status: Status):
    result = decided(report, knowledge, login(), empty(LockWaiter.kind, status))
    assert result.result == "not_seen"
    reasons = {check.reason for fix in result.fixes for check in fix.checks if check.was_seen}
    assert reasons == {status.value}


def test_no_facts_at_all_prove_nothing(report: Diagnosis, knowledge: Knowledge):
    assert decided(report, knowledge).result == "not_seen"


def test_silence_of_a_log_alone_is_no_proof(knowledge: Knowledge):
    text = 'FATAL:  password authentication failed for user "app"'
    message = fact(SERVER, LogMessage(text=text, level="fatal", current=True, container="", pod="", count=1))
    before = diagnose(FactBase([message]), knowledge=knowledge)
    assert "postgres.credentials_wrong" in {cause.id for cause in before.reported}
    after = verify(before, FactBase([login(), empty(LogMessage.kind)]), knowledge)
    seen = [check for fix in after.fixes for check in fix.checks if check.was_seen]
    assert [(check.finding, check.reason) for check in seen] == [
        ("postgres.password_authentication_failed", "expired")
    ] * len(seen)


def test_only_what_is_read_is_collected(report: Diagnosis, knowledge: Knowledge):
    kinds = needed_kinds(report, knowledge)
    assert LockWaiter.kind in kinds
    provided = [("postgres", ("postgres",)), ("redis", ("redis",)), ("kubernetes", ("kubernetes", "log"))]
    assert collectors_for(kinds, provided) == ("kubernetes", "postgres")
    assert collectors_for({"redis.login"}, provided) == ("redis",)
    assert collectors_for({"postgresql.x"}, provided) == ()


def test_a_finding_that_the_knowledge_does_not_hold_is_not_known(report: Diagnosis, knowledge: Knowledge):
    findings = {name: finding for name, finding in knowledge.findings.items() if name != WAITS}
    poorer = knowledge.model_copy(update={"findings": findings})
    result = verify(report, FactBase([login(), empty(LockWaiter.kind)]), poorer)
    assert {check.reason for fix in result.fixes for check in fix.checks if check.finding == WAITS} == {"unsupported"}


def test_the_order_of_facts_changes_nothing(report: Diagnosis, knowledge: Knowledge):
    facts = [login(), waiter(), empty(LockRoot.kind)]
    assert verify(report, FactBase(facts), knowledge) == verify(report, FactBase(facts[::-1]), knowledge)
