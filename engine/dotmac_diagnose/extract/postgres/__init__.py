"""From the answers of PostgreSQL servers to facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from dotmac_diagnose.extract.answer_facts import Source, seen, status_without_values, status_word, unseen
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.servers import ServerExtraction
from dotmac_diagnose.facts import Fact, FactValues, Relation, Status, Vantage
from dotmac_diagnose.facts.postgres.server import Login
from dotmac_diagnose.facts.postgres.storage import Sequence as SequenceValues

from .answers import OK, Answers
from .login import outcome_of, read_login, status_after
from .readers import READERS, Reader
from .replication import primary_relations
from .tables import hidden_sequences

_SOURCE = Source("postgres", Vantage.SERVER)
_PROBE = Source("postgres", Vantage.OPERATOR)


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
    server = answers.newest("server")
    if server is not None and server.status != OK:
        yield from _hidden(answers, server, status_word(server), server.reason)
    for reader in READERS:
        for name in answers.names(reader.question):
            yield from _answered(answers, reader, name)
    for name in answers.names("sequences"):
        hidden = hidden_sequences(answers, name)
        answer = answers.newest(name)
        if hidden and answer is not None:
            reason = f"the role may not read {hidden} sequences: GRANT SELECT ON ALL SEQUENCES IN SCHEMA … TO it"
            yield unseen(answer, SequenceValues, Status.DENIED, reason, _SOURCE)


def _logins(answers: Answers) -> Iterator[Fact]:
    """Yield the login, and what remains unknown after one that failed."""
    for name in answers.names("login"):
        answer = answers.newest(name)
        if answer is None:
            continue
        row = answer.data if isinstance(answer.data, dict) else {}
        logins = list(read_login(row))
        yield from (seen(answer, values, _PROBE) for values in logins)
        outcome = outcome_of(row)
        status = status_after(outcome) if answer.status == OK else Status.UNREACHABLE
        if not logins:
            yield unseen(answer, Login, status_without_values(answer), answer.reason, _PROBE)
        if status is not None and name == "login":
            yield from _hidden(answers, answer, status, f"the login failed: {outcome.replace('_', ' ')}")


def _hidden(answers: Answers, answer: ServerAnswer, status: Status, reason: str | None) -> Iterator[Fact]:
    """Yield that all kinds are unknown whose question was not asked."""
    for reader in READERS:
        if not answers.names(reader.question):
            for kind in reader.kinds:
                yield unseen(answer, kind, status, reason, _SOURCE)


def _answered(answers: Answers, reader: Reader, name: str) -> Iterator[Fact]:
    answer = answers.newest(name)
    if answer is None:
        return
    if answer.status != OK:
        for kind in reader.kinds:
            yield unseen(answer, kind, status_word(answer), answer.reason, _SOURCE)
        return
    shown: set[str] = set()
    damaged = not isinstance(answer.data, list) or not all(isinstance(row, dict) for row in answer.data)
    for values in reader.read(answers, name) if isinstance(answer.data, list) else ():
        if values is None:
            damaged = True
        else:
            shown.add(values.kind)
            yield seen(answer, values, _SOURCE)
    for kind in reader.kinds:
        if kind.kind not in shown:
            yield _nothing(answer, kind, damaged=damaged)


def _nothing(answer: ServerAnswer, kind: type[FactValues], *, damaged: bool) -> Fact:
    """An answer whose rows were understood proves absence; one whose rows were not proves nothing."""
    if damaged:
        return unseen(answer, kind, Status.UNSUPPORTED, "the answer holds rows that are not understood", _SOURCE)
    return unseen(answer, kind, Status.EMPTY, None, _SOURCE)
