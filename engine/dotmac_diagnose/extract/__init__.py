"""From documents to facts: pure functions, the same for live runs, bundles and foreign captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Fact, FactBase, entity_type

if TYPE_CHECKING:
    from dotmac_diagnose.extract.document import Document, ServerAnswer
    from dotmac_diagnose.facts import Outcome, Relation

__all__ = ["extract"]


def extract(
    documents: Sequence[Document],
    *,
    outcomes: Sequence[Outcome] = (),
    context: str | None = None,
    redacted: bool = True,
    relations: Sequence[Relation] = (),
) -> FactBase:
    """Turn documents into the fact base of one incident.

    Args:
        documents: any order; the result does not depend on it.
        outcomes: how collectors or importers ended; kept, and joined with what could not be read here.
        context: name of the Kubernetes context; None when the source does not say.
        redacted: the documents went through redaction. Without it command lines and log messages,
            which may hold secrets, become no facts, and answers of servers none at all.
        relations: known beside the documents; added as they are.

    Returns:
        Facts, relations, changes and outcomes. The moment of the capture is the newest that an
        object, log or answer mentions, never today's clock.
    """
    from dotmac_diagnose.extract.document import PodLog, ServerAnswer, ServerVersion
    from dotmac_diagnose.extract.kubernetes import extract_kubernetes
    from dotmac_diagnose.extract.logs import extract_logs, newest_moment
    from dotmac_diagnose.extract.servers import extract_servers, newest_answer

    context = context or next((item.context for item in documents if isinstance(item, ServerVersion)), None)
    logs = [document for document in documents if isinstance(document, PodLog)] if redacted else []
    answers = [document for document in documents if isinstance(document, ServerAnswer)] if redacted else []
    moments = [moment for moment in (newest_moment(logs), newest_answer(answers)) if moment is not None]
    found = extract_kubernetes(documents, context=context, log_moment=max(moments, default=None))
    facts = list(found.facts) if redacted else [_without_command(item) for item in found.facts]
    if logs and found.captured_at is not None:
        messages = extract_logs(logs, found.owners, found.captured_at)
        facts += messages
        relations = (*relations, *found.dialled(messages))
    servers = extract_servers(_named(answers, found.relations), found.captured_at)
    facts += servers.facts
    return FactBase(
        facts,
        (*found.relations, *servers.relations, *relations),
        (*_counted(outcomes, facts), *found.outcomes, *servers.outcomes),
        (*found.changes, *servers.changes),
        captured_at=found.captured_at,
        context=context,
    )


def _named(answers: Sequence[ServerAnswer], relations: Iterable[Relation]) -> list[ServerAnswer]:
    """Give answers without a server the name of the one server of their type that the rest of the capture shows."""
    from dotmac_diagnose.extract.document import UNNAMED_POSTGRES, UNNAMED_REDIS

    ends = sorted({end for relation in relations for end in (relation.source, relation.target)})
    names: dict[str, str] = {}
    for unnamed in (UNNAMED_POSTGRES, UNNAMED_REDIS):
        of_type = [end for end in ends if entity_type(end) == entity_type(unnamed)]
        names[unnamed] = of_type[0] if len(of_type) == 1 else unnamed
    return [replace(item, server=names.get(item.server, item.server)) for item in answers]


def _counted(outcomes: Sequence[Outcome], facts: Sequence[Fact]) -> list[Outcome]:
    """Return the outcomes of collectors with the number of facts that came of each."""
    numbers = Counter(item.collector for item in facts)
    return [replace(item, facts=item.facts or numbers[item.collector]) for item in outcomes]


def _without_command(item: Fact) -> Fact:
    from dotmac_diagnose.facts.kubernetes import Container

    if not isinstance(item.values, Container):
        return item
    return replace(item, values=item.values.model_copy(update={"command": None}))
