"""From documents to facts: pure functions, the same for live runs, bundles and foreign captures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Fact, FactBase

if TYPE_CHECKING:
    from dotmac_diagnose.extract.document import Document
    from dotmac_diagnose.facts import Outcome

__all__ = ["extract"]


def extract(
    documents: Sequence[Document],
    *,
    outcomes: Sequence[Outcome] = (),
    context: str | None = None,
    redacted: bool = True,
) -> FactBase:
    """Turn documents into the fact base of one incident.

    Args:
        documents: any order; the result does not depend on it.
        outcomes: how collectors or importers ended; kept, and joined with what could not be read here.
        context: name of the Kubernetes context; None when the source does not say.
        redacted: the documents went through redaction. Without it command lines and log messages,
            which may hold secrets, become no facts.

    Returns:
        Facts, relations, changes and outcomes. The moment of the capture is the newest that an
        object or log mentions, never today's clock.
    """
    from dotmac_diagnose.extract.document import PodLog
    from dotmac_diagnose.extract.kubernetes import extract_kubernetes
    from dotmac_diagnose.extract.logs import extract_logs, newest_moment

    logs = [document for document in documents if isinstance(document, PodLog)] if redacted else []
    found = extract_kubernetes(documents, context=context, log_moment=newest_moment(logs) if logs else None)
    facts = list(found.facts) if redacted else [_without_command(item) for item in found.facts]
    if logs and found.captured_at is not None:
        facts += extract_logs(logs, found.owners, found.captured_at)
    return FactBase(
        facts,
        found.relations,
        (*outcomes, *found.outcomes),
        found.changes,
        captured_at=found.captured_at,
        context=context,
    )


def _without_command(item: Fact) -> Fact:
    from dotmac_diagnose.facts.kubernetes import Container

    if not isinstance(item.values, Container):
        return item
    return replace(item, values=item.values.model_copy(update={"command": None}))
