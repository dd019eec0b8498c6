"""What a question to a PostgreSQL server is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What the role must hold for the rows to be complete; without it PostgreSQL gives empty rows, not errors."""

    NOTHING = "nothing"
    ALL_STATISTICS = "pg_read_all_stats"


@dataclass(frozen=True, slots=True)
class Question:
    """One SQL statement that reads what the server knows about itself.

    Args:
        name: name of the answer.
        sql: one SELECT without parameters; ages are taken on the server's clock.
        source: views that it reads, for people.
        need: what the role must hold.
        since: first major version that it fits.
        until: last major version that it fits; None: the newest too.
        twice: asked again after the sample, so that growth can be told.
        per_database: is about the connected database, not about the whole server.
        texts: columns that hold statements: literals are taken out and the rest is cut.
    """

    name: str
    sql: str
    source: str
    need: Need = Need.NOTHING
    since: int = 12
    until: int | None = None
    twice: bool = False
    per_database: bool = False
    texts: tuple[str, ...] = ()

    def fits(self, major: int) -> bool:
        """Tell whether a version can be asked."""
        return self.since <= major and (self.until is None or major <= self.until)
