"""Whatever a collector does, the run ends in time, keeps what was given and says how it ended."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from collectors import misbehaving as bad
from collectors.misbehaving import ASKED, Made, answer
from dotmac_diagnose.errors import Denied, NotApplicable, Unavailable
from dotmac_diagnose.extract.document import KubernetesList, KubernetesStatus, PodLog, ServerAnswer
from dotmac_diagnose.facts import OutcomeStatus, Relation
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.base import Collector, CollectorContext
from dotmac_diagnose_collectors.intake import Bounds
from dotmac_diagnose_collectors.runner import Gathered, Progress, gather


def run(*collectors: Collector, seconds: float = 5.0, **more: Any) -> Gathered:
    started = time.monotonic()
    context = CollectorContext(Targets(postgres=["x"]), deadline=started + seconds)
    gathered = gather(collectors, context, **more)
    assert time.monotonic() - started < seconds + 1.5
    return gathered


def questions(gathered: Gathered) -> list[str]:
    return [item.question for item in gathered.documents if isinstance(item, ServerAnswer)]


def only(gathered: Gathered) -> tuple[OutcomeStatus, str]:
    (outcome,) = gathered.outcomes
    return outcome.status, outcome.reason or ""


def test_a_collector_that_behaves() -> None:
    gathered = run(Made(bad.behaves))
    assert only(gathered) == (OutcomeStatus.OK, "")
    assert questions(gathered) == ["question_1", "question_2"]
    assert gathered.lingering == ()
    assert 10 <= gathered.outcomes[0].duration_ms < 3000


@pytest.mark.parametrize(
    "body", [bad.hangs_in_async, bad.hangs_in_its_thread, bad.hangs_in_a_worker_thread, bad.fails_while_closing]
)
def test_one_that_hangs_is_late_and_what_it_gave_is_kept(body: bad.Body) -> None:
    gathered = run(Made(body, "bad"), Made(bad.behaves, "good"), seconds=1.0)
    outcomes = {item.collector: item for item in gathered.outcomes}
    assert outcomes["bad"].status is OutcomeStatus.TIMEOUT
    assert "not finished within" in (outcomes["bad"].reason or "")
    assert "1 document kept" in (outcomes["bad"].reason or "")
    assert outcomes["good"].status is OutcomeStatus.OK
    assert questions(gathered) == ["question_1", "question_1", "question_2"]
    assert ("bad" in gathered.lingering) == (body in (bad.hangs_in_its_thread, bad.hangs_in_a_worker_thread))


def test_one_that_ignores_cancellation_is_left_behind() -> None:
    gathered = run(Made(bad.ignores_cancellation), seconds=0.8)
    assert only(gathered)[0] is OutcomeStatus.TIMEOUT
    count = len(gathered.documents)
    assert count >= 1
    time.sleep(0.3)
    assert len(gathered.documents) == count


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (bad.yields_then_raises, "KeyError: 'no such column' (misbehaving.py:"),
        (bad.exits, "SystemExit: 7"),
        (bad.raises_a_base_exception, "Rude (misbehaving.py"),
        (bad.cancels_itself, "CancelledError"),
        (bad.interrupts, "KeyboardInterrupt"),
        (bad.recurses, "RecursionError"),
    ],
)
def test_one_that_dies_is_a_bug_and_what_it_gave_is_kept(body: bad.Body, word: str) -> None:
    gathered = run(Made(body))
    status, reason = only(gathered)
    assert status is OutcomeStatus.FAILED
    assert reason.startswith("a bug: ")
    assert word in reason
    assert reason.endswith("1 document kept")
    assert questions(gathered) == ["question_1"]


@pytest.mark.parametrize(
    ("error", "alone", "word"),
    [
        (Denied("permission denied", where="db"), OutcomeStatus.DENIED, "permission denied (db)"),
        (Unavailable("connection refused"), OutcomeStatus.UNAVAILABLE, "connection refused"),
        (NotApplicable("no PostgreSQL server was named"), OutcomeStatus.SKIPPED, "no PostgreSQL server was named"),
        (ExceptionGroup("all", [Denied("one"), Denied("two")]), OutcomeStatus.DENIED, "one"),
        (ExceptionGroup("all", [Denied("one"), KeyError("two")]), OutcomeStatus.FAILED, "ExceptionGroup"),
    ],
)
def test_what_is_raised_on_purpose_has_its_own_word(error: Exception, alone: OutcomeStatus, word: str) -> None:
    async def at_once(context: CollectorContext) -> AsyncIterator[Any]:
        if context:
            raise error
        yield

    async def later(context: CollectorContext) -> AsyncIterator[Any]:
        yield answer(1)
        raise error

    status, reason = only(run(Made(at_once)))
    assert (status, word in reason) == (alone, True)
    status, reason = only(run(Made(later)))
    expected = OutcomeStatus.FAILED if alone is OutcomeStatus.FAILED else OutcomeStatus.PARTIAL
    assert (status, word in reason) == (expected, True)


GARBAGE = [
    None, 5, "text", object(), {}, [], Exception(), type,
    ServerAnswer(5, "q"), ServerAnswer("", "q"), ServerAnswer("a/b", None), ServerAnswer("a/b", "q", object()),
    ServerAnswer("a/b", "q", status="fine"), ServerAnswer("a/b", "q", asked_at=datetime(2026, 1, 1)),  # noqa: DTZ001
    ServerAnswer("a/b", "q", sample=-1), ServerAnswer("a/b", "q", milliseconds=True),
    ServerAnswer("a/b", "q", {(1, 2): 3}), ServerAnswer("a" * 10_000, "q"),
    Relation("a", 5, "c"), KubernetesList("pods", 5), KubernetesList(None, []), PodLog("a", "b", "c", None),
    KubernetesStatus("pods", "ill", "x"),
]  # fmt: skip


def test_garbage_is_counted_and_the_rest_kept() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    garbage = [*GARBAGE, ServerAnswer("a/b", "q", cyclic), ServerAnswer("a/b", "q", deep)]

    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        for item in garbage:
            yield item
        yield answer(1)

    gathered = run(Made(body))
    status, reason = only(gathered)
    assert status is OutcomeStatus.PARTIAL
    assert f"{len(garbage)} items are no documents" in reason
    assert len(reason) <= 300
    assert questions(gathered) == ["question_1"]


def test_only_garbage_is_a_failure() -> None:
    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        yield 5

    status, reason = only(run(Made(body)))
    assert status is OutcomeStatus.FAILED
    assert "1 item is no document (1 x int)" in reason


@pytest.mark.parametrize("given", [None, 5, [answer(1)]])
def test_what_is_no_stream_is_a_bug(given: Any) -> None:
    assert only(run(Made(lambda _: given)))[0] is OutcomeStatus.FAILED


def test_a_coroutine_that_gives_the_stream_is_understood() -> None:
    async def opened(context: CollectorContext) -> AsyncIterator[Any]:
        return bad.behaves(context)

    assert only(run(Made(opened))) == (OutcomeStatus.OK, "")  # type: ignore[arg-type]


def test_what_is_given_is_copied_as_json() -> None:
    plus_one = timezone(timedelta(hours=1))
    rows = [
        {"at": datetime(2026, 1, 1, 1, tzinfo=plus_one), "day": date(2026, 1, 2), "for": timedelta(seconds=90)},
        {"money": Decimal("1.50"), "bytes": b"\xff\x00a", "set": {"b", "a"}, "tuple": (1, None, True)},
        {"big": 2**80, "nan": math.nan, "infinite": -math.inf, "half": "\ud800", 5: "five"},
    ]

    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        yield ServerAnswer(
            "a/b", "q", rows, asked_at=ASKED.astimezone(plus_one), reason=" two\nlines ", evidence="/etc/x"
        )
        yield KubernetesList("pods", ({"kind": "Pod"}, 5), source="s")

    first, second = run(Made(body)).documents
    assert first == ServerAnswer(
        "a/b",
        "q",
        [
            {"at": "2026-01-01T00:00:00Z", "day": "2026-01-02", "for": 90.0},
            {"money": "1.50", "bytes": "\ufffd\x00a", "set": ["a", "b"], "tuple": [1, None, True]},
            {"big": str(2**80), "nan": "NaN", "infinite": "-Infinity", "half": "\ufffd", "5": "five"},
        ],
        reason="two lines",
        asked_at=ASKED,
    )
    assert first.asked_at is not None
    assert first.asked_at.tzinfo is UTC
    assert second == KubernetesList("pods", [{"kind": "Pod"}], complete=False, source="s")


def test_what_changes_later_does_not_change_what_was_given() -> None:
    first, _ = run(Made(bad.mutates)).documents
    assert isinstance(first, ServerAnswer)
    assert first.data == [{"n": 1}]


def test_a_million_documents_are_bounded() -> None:
    gathered = run(Made(bad.gives_a_million), seconds=20.0, bounds=Bounds(documents=1000))
    assert len(gathered.documents) == 1000
    assert only(gathered) == (OutcomeStatus.PARTIAL, "it gave more than is taken; 1000 documents kept")


def test_endless_content_is_bounded() -> None:
    gathered = run(Made(bad.gives_much), seconds=20.0, bounds=Bounds(content=5_500_000))
    assert len(gathered.documents) == 5
    assert only(gathered)[0] is OutcomeStatus.PARTIAL


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        (["ok", "ok"], OutcomeStatus.OK, ""),
        (["ok", "unsupported", "empty"], OutcomeStatus.OK, ""),
        (["ok", "denied"], OutcomeStatus.PARTIAL, "denied: question_1"),
        (["denied", "denied"], OutcomeStatus.DENIED, "because"),
        (["unreachable"], OutcomeStatus.UNAVAILABLE, "because"),
        (["timeout", "timeout"], OutcomeStatus.TIMEOUT, "because"),
        (["denied", "timeout"], OutcomeStatus.PARTIAL, "denied: question_0; timeout: question_1"),
        (["ok", *["denied"] * 6], OutcomeStatus.PARTIAL,
         "denied: question_1, question_2, question_3, question_4 and 2 more"),
    ],
)  # fmt: skip
def test_the_outcome_tells_what_the_answers_say(answers: list[str], status: OutcomeStatus, reason: str) -> None:
    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        for number, word in enumerate(answers):
            yield answer(number, status=word, reason=None if word == "ok" else "because")

    assert only(run(Made(body))) == (status, reason)


def test_incomplete_and_denied_lists_are_partial() -> None:
    async def body(context: CollectorContext) -> AsyncIterator[Any]:
        yield KubernetesList("pods", [], complete=False)
        yield KubernetesStatus("secrets", "denied", "forbidden")

    assert only(run(Made(body))) == (OutcomeStatus.PARTIAL, "denied: secrets; incomplete: pods")


def test_collectors_run_at_the_same_time_and_order_tells_nothing() -> None:
    barrier = threading.Barrier(8)

    def waiting(number: int) -> Made:
        async def body(context: CollectorContext) -> AsyncIterator[Any]:
            await asyncio.to_thread(barrier.wait, 5)
            await asyncio.sleep(0.05 * (8 - number))
            yield answer(number)

        return Made(body, f"c{number}")

    gathered = run(*(waiting(number) for number in reversed(range(8))))
    assert [item.status for item in gathered.outcomes] == [OutcomeStatus.OK] * 8
    assert questions(gathered) == [f"question_{number}" for number in range(8)]


def test_each_collector_may_have_less_time_than_the_run() -> None:
    started = time.monotonic()
    gathered = run(Made(bad.hangs_in_its_thread), seconds=30.0, collector_seconds=0.6)
    assert only(gathered)[0] is OutcomeStatus.TIMEOUT
    assert time.monotonic() - started < 3


def test_a_stop_keeps_what_was_given() -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    started = time.monotonic()
    several = [Made(bad.hangs_in_async, "a"), Made(bad.hangs_in_its_thread, "b"), Made(bad.behaves, "c")]
    gathered = run(*several, seconds=30.0, stop=stop)
    assert time.monotonic() - started < 3
    words = [(item.collector, item.status, item.reason) for item in gathered.outcomes]
    assert words == [
        ("a", OutcomeStatus.PARTIAL, "stopped by the user; 1 document kept"),
        ("b", OutcomeStatus.PARTIAL, "stopped by the user; 1 document kept"),
        ("c", OutcomeStatus.OK, None),
    ]


def test_progress_is_told_in_the_calling_thread() -> None:
    seen: list[tuple[int, Progress]] = []
    run(
        Made(bad.behaves, "a"),
        Made(bad.yields_then_raises, "b"),
        on_progress=lambda step: seen.append((threading.get_ident(), step)),
    )
    assert {ident for ident, _ in seen} == {threading.get_ident()}
    lines = [str(step) for _, step in seen]
    assert "a: ok (2 documents)" in lines
    assert any(line.startswith("b: failed (1 document): a bug: KeyError") for line in lines)


def test_an_error_of_the_callback_ends_the_run() -> None:
    def refuse(step: Progress) -> None:
        raise BrokenPipeError

    started = time.monotonic()
    with pytest.raises(BrokenPipeError):
        run(Made(bad.hangs_in_async), seconds=30.0, on_progress=refuse)
    assert time.monotonic() - started < 3


def test_notes_are_one_bounded_line_each() -> None:
    seen: list[Progress] = []
    assert only(run(Made(bad.floods_notes), seconds=20.0, on_progress=seen.append))[0] is OutcomeStatus.OK
    assert len(seen) < 1000
    assert all(len(step.text) <= 300 and "\n" not in step.text for step in seen)


def test_no_collectors_give_nothing() -> None:
    assert run() == Gathered((), (), ())


def test_a_context_tells_the_time_that_is_left() -> None:
    assert 0 < CollectorContext(Targets()).remaining() <= 30
    assert CollectorContext(Targets(), deadline=time.monotonic() - 5).remaining() == 0
