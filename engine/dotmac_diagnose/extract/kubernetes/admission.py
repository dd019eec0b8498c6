"""Who refused a pod: the name that the API server writes into its refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dotmac_diagnose.facts import Relation, entity_id

from .names import is_name

_NAMES = (
    re.compile(r'admission webhook "([^"]{1,253})" denied'),
    re.compile(r'failed calling (?:admission )?webhook "([^"]{1,253})"'),
    re.compile(r"ValidatingAdmissionPolicy '([^']{1,253})'"),
)


def admission_relations(message: str | None, entity: str, namespace: str) -> Iterator[Relation]:
    """Yield ``intercepts`` between what refused and the workload that it refused, and its namespace.

    Args:
        message: what the API server answered.
        entity: the workload.
        namespace: its namespace; empty for none.
    """
    for expression in _NAMES:
        found = expression.search(message or "")
        if found is not None and is_name(found[1]):
            webhook = entity_id("webhook", found[1])
            yield Relation("intercepts", webhook, entity)
            if namespace:
                yield Relation("intercepts", webhook, entity_id("namespace", namespace))
