"""A case as a fact base: its own facts, and what extraction finds in its objects and logs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dotmac_diagnose.bundle import capture
from dotmac_diagnose.bundle.importers.kinds import resource_of
from dotmac_diagnose.errors import InputError
from dotmac_diagnose.extract.document import KubernetesList, PodLog
from dotmac_diagnose.facts import Fact, FactBase, Relation, Status, fact
from dotmac_diagnose.facts.kinds import fact_kinds
from dotmac_diagnose.facts.kubernetes import ResourceList

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotmac_diagnose.extract.document import Document

    from .model import Case, CaseFact

CLUSTER = "cluster/default"


def base_of(case: Case) -> FactBase:
    """Return the fact base of a case.

    Raises:
        InputError: a fact has an unknown kind or wrong values.
    """
    facts = [_fact(item) for item in case.facts]
    relations = [Relation(*item) for item in case.relations]
    if not case.objects and not case.logs:
        facts += [fact(CLUSTER, ResourceList(list_of=name, count=0)) for name in case.read]
        return FactBase(facts, relations)
    found = capture([*_lists(case), *_logs(case)]).base
    return found.merged(FactBase(facts, relations))


def _fact(item: CaseFact) -> Fact:
    model = fact_kinds().get(item.kind)
    if model is None:
        raise InputError(f"no fact kind is named {item.kind}", where=item.entity, hint="diagnose kb schema facts")
    if item.status != "ok":
        return Fact(item.entity, item.kind, None, Status(item.status), reason="as the case says")
    try:
        return fact(item.entity, model.model_validate(item.values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise InputError(f"{item.kind}: {place}: {first['msg']}", where=item.entity) from error


def _lists(case: Case) -> Iterator[Document]:
    by_resource: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in case.read:
        by_resource[name] = []
    for item in case.objects:
        resource = resource_of(str(item.get("kind", "")), str(item.get("apiVersion", "")))
        by_resource[resource].append(item)
    for resource, items in sorted(by_resource.items()):
        yield KubernetesList(resource, items, source=f"{resource}.json")


def _logs(case: Case) -> Iterator[Document]:
    for log in case.logs:
        namespace, _, pod = log.pod.partition("/")
        yield PodLog(namespace, pod, log.container, log.text, previous=log.previous, source=f"logs/{log.pod}.log")
