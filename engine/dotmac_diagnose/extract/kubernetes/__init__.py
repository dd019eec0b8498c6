"""Facts and relations from Kubernetes objects.

    documents -> index -> snapshot (pods, workloads, owners, clock) -> discovery (who talks to whom)
              -> one extractor per subject -> facts, relations, changes

Extractors are pure: they take the snapshot and one subject and yield what it shows. A broken
object costs that object only and is named in an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dotmac_diagnose.extract.document import Document
from dotmac_diagnose.extract.log_owners import LogOwner, LogOwners
from dotmac_diagnose.facts import Change, Fact, Outcome, Relation

from .dialled import Dialled, dialled_by
from .discovery import discover
from .extractors import run_extractors
from .log_ownership import log_owner
from .snapshot import build_snapshot

__all__ = ["KubernetesExtraction", "extract_kubernetes"]


@dataclass(frozen=True, slots=True)
class KubernetesExtraction:
    """What the objects showed.

    Args:
        facts: in any order.
        relations: in any order.
        changes: of the last hours.
        outcomes: one partial outcome per source in which something could not be read.
        captured_at: the newest moment that an object or log mentions, in UTC.
        owners: tells owner and state of the container of a log.
        dialled: finds the servers that the messages of logs name.
    """

    facts: Sequence[Fact]
    relations: Sequence[Relation]
    changes: Sequence[Change]
    outcomes: Sequence[Outcome]
    captured_at: datetime | None
    owners: LogOwners
    dialled: Dialled


def extract_kubernetes(
    documents: Sequence[Document], *, context: str | None = None, log_moment: datetime | None = None
) -> KubernetesExtraction:
    """Read all Kubernetes documents.

    Args:
        documents: any order; logs and other documents are passed over.
        context: name of the cluster; None: ``default``.
        log_moment: newest moment of the logs, in UTC; the capture is not older.

    Returns:
        Facts, relations and changes; the same for every order of documents and objects.
    """
    snapshot = build_snapshot(documents, context, log_moment)
    discovery = discover(snapshot)
    harvest = run_extractors(snapshot, discovery, documents)

    def owners(namespace: str, pod: str, container: str) -> LogOwner:
        return log_owner(snapshot, namespace, pod, container)

    return KubernetesExtraction(
        facts=harvest.facts,
        relations=tuple(harvest.relations),
        changes=harvest.changes,
        outcomes=harvest.outcomes(),
        captured_at=snapshot.captured_at,
        owners=owners,
        dialled=dialled_by(discovery),
    )
