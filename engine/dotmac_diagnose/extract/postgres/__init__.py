"""From the answers of PostgreSQL servers to facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.servers import ServerExtraction
from dotmac_diagnose.facts import Fact, FactValues, Relation, Status, Vantage, fact
from dotmac_diagnose.facts.postgres.server import Login
from dotmac_diagnose.facts.postgres.storage import Sequence as SequenceValues

from .answers import OK, Answers
from .login import outcome_of, read_login, status_after
from .readers import READERS, Reader
from .replication import primary_relations
from .tables import hidden_sequences

COLLECTOR = "postgres"


def extract_postgres(answers: Sequence[ServerAnswer], captured_at: datetime | None) -> ServerExtraction:  # noqa: ARG001 -- ages come with the answers
    """Read the answers of all PostgreSQL servers.

    Args:
        answers: redacted, any order.
        captured_at: not used: ages are taken on each server's own clock.
    """
    by_server: dict[str, list[ServerAnswer]] = defaultdict(list)
    for answer in answers:
        by_server[answer.server].append(answer)
    facts: list[Fact] = []
    relations: list[Relation] = []
    for server in sorted(by_server):
        found = Answers(server, by_server[server])
        facts += _facts(found)
        relations += primary_relations(found)
    return ServerExtraction(facts=facts, relations=relations)


def _facts(answers: Answers) -> Iterator[Fact]:
    yield from _logins(answers)
    for reader in READERS:
        for name in answers.names(reader.question):
            yield from _answered(answers, reader, name)
    for name in answers.names("sequences"):
        hidden = hidden_sequences(answers, name)
        answer = answers.newest(name)
        if hidden and answer is not None:
            reason = f"the role may not read {hidden} sequences: GRANT SELECT ON ALL SEQUENCES IN SCHEMA … TO it"
            yield _unseen(answer, SequenceValues, Status.DENIED, reason)


def _logins(answers: Answers) -> Iterator[Fact]:
    """Yield the login, and what remains unknown after one that failed."""
    for name in answers.names("login"):
        answer = answers.newest(name)
        if answer is None:
            continue
        row = answer.data if isinstance(answer.data, dict) else {}
        for values in read_login(row):
            yield replace(_seen(answer, values), vantage=Vantage.OPERATOR)
        outcome = outcome_of(row)
        status = status_after(outcome) if answer.status == OK else Status.UNREACHABLE
        if answer.status != OK:
            yield _unseen(answer, Login, _status(answer), answer.reason)
        if status is not None and name == "login":
            for kind in dict.fromkeys(kind for reader in READERS for kind in reader.kinds):
                yield _unseen(answer, kind, status, f"the login failed: {outcome.replace('_', ' ')}")


def _answered(answers: Answers, reader: Reader, name: str) -> Iterator[Fact]:
    answer = answers.newest(name)
    if answer is None:
        return
    if answer.status != OK:
        for kind in reader.kinds:
            yield _unseen(answer, kind, _status(answer), answer.reason)
        return
    shown: set[str] = set()
    damaged = not isinstance(answer.data, list)
    for values in reader.read(answers, name):
        if values is None:
            damaged = True
        else:
            shown.add(values.kind)
            yield _seen(answer, values)
    for kind in reader.kinds:
        if kind.kind not in shown:
            yield _nothing(answer, kind, damaged=damaged)


def _nothing(answer: ServerAnswer, kind: type[FactValues], *, damaged: bool) -> Fact:
    """An answer whose rows were understood proves absence; one whose rows were not proves nothing."""
    if damaged:
        return _unseen(answer, kind, Status.UNSUPPORTED, "the answer holds rows that are not understood")
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
