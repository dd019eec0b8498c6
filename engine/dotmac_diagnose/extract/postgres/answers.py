"""The answers of one server, by question and look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.rows import Row, rows_of

OK = "ok"


class Answers:
    """What one server answered.

    A question about a database that is not the first of its server is named ``tables@billing``.

    Args:
        server: entity id.
        answers: of this server, any order.
    """

    def __init__(self, server: str, answers: Iterable[ServerAnswer]) -> None:
        self.server = server
        self._by_name: dict[str, dict[int, ServerAnswer]] = defaultdict(dict)
        for answer in answers:
            self._by_name[answer.question][answer.sample] = answer

    def names(self, question: str) -> list[str]:
        """Return the names under which a question was asked: plain, and for each further database."""
        return sorted(name for name in self._by_name if name == question or name.startswith(f"{question}@"))

    def newest(self, name: str) -> ServerAnswer | None:
        """Return the newest answer that holds something, else the newest."""
        looks = self._by_name.get(name, {})
        held = [sample for sample, answer in looks.items() if answer.status == OK]
        return looks[max(held or looks)] if looks else None

    def rows(self, name: str) -> Sequence[Row]:
        """Return the rows of the newest answer; none when it holds none."""
        answer = self.newest(name)
        return rows_of(answer.data) if answer is not None and answer.status == OK else []

    def rows_before(self, name: str) -> Sequence[Row] | None:
        """Return the rows of the first look when a later one holds rows too, else None."""
        looks = {sample: answer for sample, answer in self._by_name.get(name, {}).items() if answer.status == OK}
        return rows_of(looks[min(looks)].data) if len(looks) > 1 else None

    def row(self, name: str) -> Row:
        """Return the first row of the newest answer, an empty one when there is none."""
        return next(iter(self.rows(name)), {})

    def row_before(self, name: str) -> Row | None:
        """Return the first row of the first look, None when there was one look."""
        rows = self.rows_before(name)
        return next(iter(rows), None) if rows is not None else None
