"""From the answers of Redis servers to facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.server_names import server_entity
from dotmac_diagnose.extract.servers import ServerExtraction
from dotmac_diagnose.facts import Fact, FactValues, Relation, Status, Vantage, fact
from dotmac_diagnose.facts.redis.activity import ErrorCount, LatencyEvent
from dotmac_diagnose.facts.redis.server import Login

from .answers import OK, RedisAnswers
from .info import whole
from .login import outcome_of, read_login, status_after
from .readers import READERS, Reader

COLLECTOR = "redis"


def extract_redis(answers: Sequence[ServerAnswer], captured_at: datetime | None) -> ServerExtraction:  # noqa: ARG001 -- ages come with the answers
    """Read the answers of all Redis servers.

    Args:
        answers: redacted, any order.
        captured_at: not used: ages are taken on each server's own clock.
    """
    by_server: dict[str, list[ServerAnswer]] = defaultdict(list)
    for answer in answers:
        by_server[answer.server].append(answer)
    servers = {name: RedisAnswers(name, found) for name, found in sorted(by_server.items())}
    return ServerExtraction(
        facts=[item for found in servers.values() for item in _facts(found)],
        relations=list(_links(servers)),
    )


def _links(servers: Mapping[str, RedisAnswers]) -> Iterator[Relation]:
    """Yield what replicates from what; a master that nobody looked at would only be blamed unheard."""
    for name, answers in servers.items():
        host, port = answers.info.get("master_host"), whole(answers.info, "master_port")
        master = server_entity("redis", host, port) if host else None
        if master is not None and master in servers and master != name:
            yield Relation("replicates_from", name, master)


def _facts(answers: RedisAnswers) -> Iterator[Fact]:
    yield from _login(answers)
    for reader in READERS:
        yield from _answered(answers, reader)


def _login(answers: RedisAnswers) -> Iterator[Fact]:
    """Yield the first contact, and what remains unknown after one that failed."""
    answer = answers.newest("login")
    if answer is None:
        return
    if answer.status != OK:
        yield _unseen(answer, Login, _status(answer), answer.reason)
    row = answer.data if isinstance(answer.data, dict) else {}
    for values in read_login(row):
        yield replace(_seen(answer, values), vantage=Vantage.OPERATOR)
    outcome = outcome_of(row)
    status = status_after(outcome) if answer.status == OK else Status.UNREACHABLE
    if status is not None and answers.newest("info") is None:
        for kind in dict.fromkeys(kind for reader in READERS for kind in reader.kinds):
            yield _unseen(answer, kind, status, f"the first contact failed: {outcome.replace('_', ' ')}")


def _answered(answers: RedisAnswers, reader: Reader) -> Iterator[Fact]:
    answer = answers.newest(reader.question)
    if answer is None:
        return
    if answer.status != OK:
        for kind in reader.kinds:
            yield _unseen(answer, kind, _status(answer), answer.reason)
        return
    shown: set[str] = set()
    damaged = False
    for values in reader.read(answers):
        damaged = damaged or values is None
        if values is not None:
            shown.add(values.kind)
            yield _seen(answer, values)
    for kind in reader.kinds:
        if kind.kind not in shown:
            yield _nothing(answers, answer, kind, damaged=damaged or reader.always)


def _nothing(answers: RedisAnswers, answer: ServerAnswer, kind: type[FactValues], *, damaged: bool) -> Fact:
    """An answer that was understood proves absence; one that was not, or that could show nothing, proves nothing."""
    if damaged:
        return _unseen(answer, kind, Status.UNSUPPORTED, "the answer does not tell, or is not understood")
    if kind is LatencyEvent and answers.number("latency-monitor-threshold") in (None, 0):
        reason = "the latency monitor is off (latency-monitor-threshold 0): no events are no proof of none"
        return _unseen(answer, kind, Status.UNSUPPORTED, reason)
    if kind is ErrorCount and "total_error_replies" not in answers.info:
        return _unseen(answer, kind, Status.UNSUPPORTED, "INFO has no errorstats before Redis 6.2")
    return _unseen(answer, kind, Status.EMPTY, None)


def _status(answer: ServerAnswer) -> Status:
    try:
        return Status(answer.status)
    except ValueError:
        return Status.UNREACHABLE


def _seen(answer: ServerAnswer, values: FactValues) -> Fact:
    return fact(
        answer.server,
        values,
        vantage=Vantage.SERVER,
        observed_at=answer.asked_at,
        collector=COLLECTOR,
        source=answer.source or answer.question,
        evidence=answer.evidence,
    )


def _unseen(answer: ServerAnswer, kind: type[FactValues], status: Status, reason: str | None) -> Fact:
    return Fact(
        entity=answer.server,
        kind=kind.kind,
        values=None,
        status=status,
        vantage=Vantage.SERVER,
        observed_at=answer.asked_at,
        collector=COLLECTOR,
        source=answer.source or answer.question,
        evidence=answer.evidence,
        reason=reason,
    )
