"""Small findings, facts and knowledge bases for the tests of the rules."""

from __future__ import annotations

from typing import Any, Literal

from dotmac_diagnose.facts import Fact, FactBase, Relation, Status, fact, fact_kinds
from dotmac_diagnose.facts.kubernetes import Container, Event, Pod, ResourceList, Service, Workload
from dotmac_diagnose.facts.logs import LogMessage
from dotmac_diagnose.knowledge.model import Finding, Knowledge, Scale
from dotmac_diagnose.rules import CompiledRules, Observation, Observations, compile_rules, observe_compiled

API = "deployment/shop/api"
WORKER = "deployment/shop/worker"
DATABASE = "postgres/db"

Engine = Literal["durable", "python"]


def finding(when: list[dict[str, Any]] | None = None, *, entity: str = "workload", **rest: Any) -> Finding:
    return Finding.model_validate({"entity": entity, "title": "A title", "when": when or [], **rest})


def rules(**findings: Finding) -> CompiledRules:
    """Compile findings; ``a`` becomes ``test.a``. They must have no problem."""
    compiled = compile_rules(named(**findings), fact_kinds())
    assert compiled.problems == ()
    return compiled


def named(**findings: Finding) -> dict[str, Finding]:
    return {f"test.{name}": item for name, item in findings.items()}


def problems(**findings: Finding) -> list[str]:
    return [str(problem) for problem in compile_rules(named(**findings), fact_kinds()).problems]


def knowledge(**findings: Finding) -> Knowledge:
    scale = Scale(
        version=1,
        strengths={},
        priors={},
        false_alarms={},
        coverages={},
        rules_out={},
        derived_factor=0.1,
        default_prior="rare",
        default_false_alarm="rarely",
        default_coverage="half",
    )
    return Knowledge(
        version="1",
        digest="0",
        scale=scale,
        entity_types={},
        relations={},
        causes={},
        states={},
        findings=named(**findings),
        fixes={},
    )


def see(
    compiled: CompiledRules, *facts: Fact, relations: list[Relation] | None = None, engine: Engine | None = "python"
) -> Observations:
    return observe_compiled(compiled, FactBase(facts, relations or ()), engine=engine)


def decided(observations: Observations, name: str, entity: str = API) -> tuple[str, str | None]:
    """Return presence and reason of ``test.<name>`` on an entity."""
    item = get(observations, name, entity)
    return item.presence.value, item.reason


def get(observations: Observations, name: str, entity: str = API) -> Observation:
    item = observations.get(f"test.{name}", entity)
    assert item is not None
    return item


def unseen(kind: type[Any], entity: str = API, status: Status = Status.DENIED) -> Fact:
    return Fact(entity=entity, kind=kind.kind, values=None, status=status)


def listed(resource: str, *, namespace: str | None = None, complete: bool = True) -> Fact:
    values = ResourceList(list_of=resource, namespace=namespace, count=1, complete=complete)
    return fact("cluster/test", values)


def pod(entity: str = API, name: str = "shop/api-1", **values: Any) -> Fact:
    return fact(entity, Pod(pod=name, **values))


def container(entity: str = API, name: str = "shop/api-1", **values: Any) -> Fact:
    return fact(entity, Container(pod=name, container="main", role="main", **values))


def event(message: str, entity: str = API, reason: str = "Failed", **values: Any) -> Fact:
    return fact(entity, Event(reason=reason, message=message, object_kind="Pod", object_name="api-1", **values))


def message(text: str, entity: str = API, **values: Any) -> Fact:
    return fact(entity, LogMessage(text=text, current=True, **values), collector="logs")


def workload(entity: str = API, **values: Any) -> Fact:
    return fact(entity, Workload(workload_kind="Deployment", **values))


def service(entity: str = "service/shop/api", **values: Any) -> Fact:
    return fact(entity, Service(type="ClusterIP", **values))
