"""Asks one server all questions that fit it, one after the other on one session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Status

from .failure import reason_of, status_of
from .literals import clean_row
from .question import Need, Question
from .questions import QUESTIONS
from .questions.server import SERVER_QUESTION
from .questions.statements import PRESENCE
from .session import NoAnswer, Rows, Session

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.base import CollectorContext

_ROUND_SECONDS = 0.5


@dataclass(slots=True)
class Interview:
    """The questions to one session and what is known from earlier answers.

    Args:
        server: entity id.
        session: open.
        context: seconds of the sample and of the run.
        whole_server: also ask what is not about the connected database.
        suffix: added to the names of questions about a database, where the server has several.
    """

    server: str
    session: Session
    context: CollectorContext
    whole_server: bool = True
    suffix: str = ""
    major: int = 0
    sees_statistics: bool = False
    role: str = ""
    statements_schema: str | None = None
    asked: int = field(default=0)

    async def answers(self) -> AsyncIterator[ServerAnswer]:
        """Yield the answers; stops early when the session ends, with one answer that says so."""
        first = await self._ask(SERVER_QUESTION, 0)
        if first.status != Status.OK or not self._learn(first.data):
            yield first
            return
        if self.whole_server:
            yield first
        fitting = [question for question in QUESTIONS if question.fits(self.major) and self._wanted(question)]
        async for answer in self._round(fitting, 0):
            yield answer
        wait = self.context.sample_seconds
        if wait <= 0 or self.context.remaining() < wait + _ROUND_SECONDS:
            return
        await asyncio.sleep(wait)
        async for answer in self._round([question for question in fitting if question.twice], 1):
            yield answer

    async def _round(self, questions: Sequence[Question], sample: int) -> AsyncIterator[ServerAnswer]:
        for question in questions:
            if not self.session.usable:
                reason = "the session with the server has ended"
                yield self._answer(question, sample, status=Status.UNREACHABLE, reason=reason)
                continue
            answer = await self._ask(question, sample)
            if question is PRESENCE and answer.status == Status.OK and answer.data:
                self.statements_schema = answer.data[0].get("schema_name")
            yield answer

    def _wanted(self, question: Question) -> bool:
        return question.per_database or self.whole_server

    def _learn(self, rows: Any) -> bool:
        """Take from the first answer what decides about the others."""
        if not rows:
            return False
        self.major = int(rows[0]["version_number"]) // 10000
        self.sees_statistics = rows[0]["reads_all_statistics"] is True
        self.role = str(rows[0]["role"])
        return True

    async def _ask(self, question: Question, sample: int) -> ServerAnswer:
        if question.need is Need.ALL_STATISTICS and not self.sees_statistics:
            reason = f"role {self.role} lacks pg_read_all_stats: GRANT pg_monitor TO it"
            return self._answer(question, sample, status=Status.DENIED, reason=reason)
        statement = self._statement(question)
        if statement is None:
            reason = "pg_stat_statements is not installed in this database"
            return self._answer(question, sample, status=Status.UNSUPPORTED, reason=reason)
        return await self._run(question, statement, sample)

    def _statement(self, question: Question) -> str | None:
        if "{schema}" not in question.sql:
            return question.sql
        if not self.statements_schema:
            return None
        quoted = '"' + self.statements_schema.replace('"', '""') + '"'
        return question.sql.replace("{time}", "exec_" if self.major > 12 else "").replace("{schema}", quoted)

    async def _run(self, question: Question, statement: str, sample: int) -> ServerAnswer:
        from psycopg import Error

        started = time.monotonic()
        try:
            rows: Rows = await self.session.rows(statement)
        except (Error, NoAnswer, UnicodeError) as error:
            status = status_of(error)
            return self._answer(question, sample, started=started, status=status, reason=reason_of(error))
        if question.texts:
            rows = [clean_row(row, question.texts) for row in rows]
        return self._answer(question, sample, started=started, data=rows)

    def _answer(
        self,
        question: Question,
        sample: int,
        *,
        started: float | None = None,
        data: Rows | None = None,
        status: Status = Status.OK,
        reason: str | None = None,
    ) -> ServerAnswer:
        self.asked += started is not None
        return ServerAnswer(
            server=self.server,
            question=question.name + (self.suffix if question.per_database else ""),
            data=data,
            status=status.value,
            reason=reason,
            asked_at=datetime.now(UTC),
            sample=sample,
            milliseconds=0 if started is None else round((time.monotonic() - started) * 1000),
            source=question.source,
        )
