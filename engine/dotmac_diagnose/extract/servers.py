"""From answers of servers to facts: each type of server has one extractor, imported when it is needed.

An extractor is a pure function. It takes all answers of its type, in a fixed order, and the
moment of the capture, and returns what they show. It must take any answer: fields are hostile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import MappingProxyType

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import Change, Fact, Outcome, OutcomeStatus, Relation, entity_type

SERVER_EXTRACTORS: Mapping[str, str] = MappingProxyType(
    {
        "pgbouncer": "dotmac_diagnose.extract.pgbouncer:extract_pgbouncer",
        "postgres": "dotmac_diagnose.extract.postgres:extract_postgres",
        "redis": "dotmac_diagnose.extract.redis:extract_redis",
    }
)
"""``module:function`` by type of the server: ``{"postgres": "dotmac_diagnose.extract.postgres:extract_postgres"}``."""


@dataclass(frozen=True, slots=True)
class ServerExtraction:
    """What answers showed, in any order; ``outcomes`` names what could not be read."""

    facts: Sequence[Fact] = ()
    relations: Sequence[Relation] = ()
    changes: Sequence[Change] = ()
    outcomes: Sequence[Outcome] = ()


ServerExtractor = Callable[[Sequence[ServerAnswer], datetime | None], ServerExtraction]
"""Takes answers of one type, and the moment of the capture in UTC."""


def extract_servers(
    answers: Sequence[ServerAnswer],
    captured_at: datetime | None,
    extractors: Mapping[str, str] = SERVER_EXTRACTORS,
) -> ServerExtraction:
    """Read all answers.

    Args:
        answers: redacted, any order; the result does not depend on it.
        captured_at: moment of the capture, in UTC.
        extractors: ``module:function`` by type of the server.

    Returns:
        What they showed. An extractor that fails costs its own type only and is named in an outcome.
    """
    by_type: dict[str, list[ServerAnswer]] = defaultdict(list)
    for answer in sorted(answers, key=_order):
        by_type[entity_type(answer.server)].append(answer)
    parts = [
        _extract_type(server_type, by_type[server_type], captured_at, extractors.get(server_type))
        for server_type in sorted(by_type)
    ]
    return ServerExtraction(
        facts=[item for part in parts for item in part.facts],
        relations=[item for part in parts for item in part.relations],
        changes=[item for part in parts for item in part.changes],
        outcomes=[item for part in parts for item in part.outcomes],
    )


def newest_answer(answers: Sequence[ServerAnswer]) -> datetime | None:
    """Return the newest moment of an answer, None when none tells."""
    return max((answer.asked_at for answer in answers if answer.asked_at is not None), default=None)


def _order(answer: ServerAnswer) -> tuple[str, str, int, str, str]:
    asked = answer.asked_at.isoformat() if answer.asked_at is not None else ""
    return answer.server, answer.question, answer.sample, asked, answer.evidence or ""


def _extract_type(
    server_type: str, answers: Sequence[ServerAnswer], captured_at: datetime | None, place: str | None
) -> ServerExtraction:
    if place is None:
        reason = f"the answers of {server_type or 'a server'} are kept, but this version reads no facts from them"
        return ServerExtraction(outcomes=[Outcome(f"extract:{server_type}", OutcomeStatus.PARTIAL, reason)])
    module, _, function = place.partition(":")
    try:
        extractor: ServerExtractor = getattr(import_module(module), function)
        return extractor(answers, captured_at)
    except Exception as error:  # noqa: BLE001 -- a bug in one extractor must not hide what the others saw
        reason = f"a bug in reading its answers: {type(error).__name__} ({module})"
        return ServerExtraction(outcomes=[Outcome(f"extract:{server_type}", OutcomeStatus.FAILED, reason)])
