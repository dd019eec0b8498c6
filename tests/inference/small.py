"""Small knowledge bases, platforms and observations for the tests of inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotmac_diagnose.facts import FactBase, Relation
from dotmac_diagnose.knowledge.model import Cause, Finding, Knowledge, Scale, State
from dotmac_diagnose.rules.observation import Observation, Observations, Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCALE = Scale(
    version=1,
    strengths={"always": 0.97, "almost_always": 0.9, "often": 0.7, "sometimes": 0.4, "rarely": 0.15},
    priors={"common": 3e-3, "occasional": 1e-3, "rare": 3e-4, "very_rare": 1e-4, "exotic": 1e-5},
    false_alarms={"never": 1e-5, "almost_never": 1e-4, "rarely": 1e-3, "sometimes": 1e-2, "often": 5e-2},
    coverages={"most": 0.85, "half": 0.5},
    rules_out={"strongly": 0.02, "weakly": 0.2},
    derived_factor=0.1,
    default_prior="rare",
    default_false_alarm="almost_never",
    default_coverage="half",
)


def edge(to: str, strength: str = "almost_always", via: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an edge as it stands in a knowledge file."""
    return {"to": to, "strength": strength, "via": via, **more}


def knowledge(
    causes: Mapping[str, dict[str, Any]],
    states: Mapping[str, dict[str, Any]] | None = None,
    findings: Mapping[str, dict[str, Any]] | None = None,
    digest: str = "test",
) -> Knowledge:
    """Return a knowledge base; titles and the like are filled in."""
    words = {"title": "x"}
    judged = {"severity": "P2", "decisive": "x"}
    return Knowledge(
        version="1",
        digest=digest,
        scale=SCALE,
        entity_types={},
        relations={},
        causes={key: Cause.model_validate({**words, **judged, **item}) for key, item in causes.items()},
        states={key: State.model_validate({**words, **item}) for key, item in (states or {}).items()},
        findings={key: Finding.model_validate({**words, **item}) for key, item in (findings or {}).items()},
        fixes={},
    )


def platform(*relations: tuple[str, str, str]) -> FactBase:
    """Return a fact base of relations (type, source, target)."""
    return FactBase(relations=[Relation(*item) for item in relations])


def observed(
    present: Iterable[tuple[str, str]] = (),
    absent: Iterable[tuple[str, str]] = (),
    unknown: Iterable[tuple[str, str]] = (),
    *,
    reason: str = "not_collected",
    quality: float = 1.0,
) -> Observations:
    """Return observations of (finding, entity)."""
    items = [Observation(*key, Presence.PRESENT) for key in present]
    items += [Observation(*key, Presence.ABSENT, weight_factor=quality) for key in absent]
    items += [Observation(*key, Presence.UNKNOWN, reason=reason) for key in unknown]
    return Observations(items)


PVC, POSTGRES, NODE = "persistentvolumeclaim/shop/data", "postgres/db", "node/n1"
API, SERVICE, ENDPOINT = "deployment/shop/api", "service/shop/api", "endpoint/shop.example.com"


def disk_full() -> tuple[Knowledge, FactBase]:
    """Return the disk-full story: a volume that may be full, up to the 502 that users see."""
    known = knowledge(
        {
            "kubernetes.pvc_full": {
                "entity": "persistentvolumeclaim",
                "prior": "common",
                "leads_to": [
                    edge("kubernetes.pvc_usage_high", "always"),
                    edge("postgres.no_space_logged", "almost_always", "persistentvolumeclaim <-stores_on- postgres"),
                    edge("postgres.crashed", "often", "persistentvolumeclaim <-stores_on- postgres"),
                ],
            },
            "host.node_disk_full": {
                "entity": "node",
                "leads_to": [
                    edge("host.filesystem_full", "always"),
                    edge(
                        "postgres.crashed",
                        "often",
                        "node <-runs_on- pod <-owns- workload -runs-> postgres",
                        spread="each",
                    ),
                    edge(
                        "postgres.no_space_logged",
                        "often",
                        "node <-runs_on- pod <-owns- workload -runs-> postgres",
                    ),
                ],
            },
            "postgres.bad_config": {
                "entity": "postgres",
                "leads_to": [edge("postgres.config_error_logged"), edge("postgres.crashed", "always")],
            },
            "postgres.max_connections_low": {
                "entity": "postgres",
                "leads_to": [edge("postgres.slots_full", "always"), edge("postgres.refusing", "often")],
            },
            "app.bad_release": {
                "entity": "workload",
                "leads_to": [edge("app.unready", "often"), edge("app.import_error")],
            },
        },
        {
            "postgres.crashed": {
                "entity": "postgres",
                "coverage": "most",
                "leads_to": [edge("postgres.panic_logged", "often"), edge("postgres.refusing", "always")],
            },
            "postgres.refusing": {
                "entity": "postgres",
                "coverage": "most",
                "leads_to": [
                    edge("postgres.probe_refused", "always"),
                    edge("app.no_database", "almost_always", "postgres <-uses- workload"),
                ],
            },
            "app.no_database": {
                "entity": "workload",
                "leads_to": [edge("app.database_errors"), edge("app.unready", "often")],
            },
            "app.unready": {
                "entity": "workload",
                "leads_to": [
                    edge("app.readiness_failing", "always"),
                    edge("kubernetes.no_endpoints", "always", "workload <-selects- service"),
                ],
            },
            "kubernetes.no_endpoints": {
                "entity": "service",
                "leads_to": [
                    edge("kubernetes.endpoints_empty", "always"),
                    edge("edge.bad_gateway", "almost_always", "service <-backed_by- endpoint"),
                ],
            },
            "edge.bad_gateway": {
                "entity": "endpoint",
                "user_visible": True,
                "leads_to": [edge("edge.answers_502", "always"), edge("edge.proxy_logs_502", "often")],
            },
        },
        {
            "kubernetes.pvc_usage_high": {"entity": "persistentvolumeclaim", "false_alarm": "rarely"},
            "postgres.no_space_logged": {"entity": "postgres", "false_alarm": "never"},
            "host.filesystem_full": {"entity": "node"},
            "postgres.config_error_logged": {"entity": "postgres"},
            "postgres.slots_full": {"entity": "postgres"},
            "app.import_error": {"entity": "workload"},
            "postgres.panic_logged": {"entity": "postgres"},
            "postgres.probe_refused": {"entity": "postgres"},
            "app.database_errors": {"entity": "workload"},
            "app.readiness_failing": {"entity": "workload"},
            "kubernetes.endpoints_empty": {"entity": "service"},
            "edge.answers_502": {"entity": "endpoint"},
            "edge.proxy_logs_502": {"entity": "endpoint"},
        },
    )
    base = platform(
        ("stores_on", POSTGRES, PVC),
        ("runs", "statefulset/shop/db", POSTGRES),
        ("owns", "statefulset/shop/db", "pod/shop/db-0"),
        ("runs_on", "pod/shop/db-0", NODE),
        ("uses", API, POSTGRES),
        ("owns", API, "pod/shop/api-0"),
        ("runs_on", "pod/shop/api-0", "node/n2"),
        ("selects", SERVICE, API),
        ("backed_by", ENDPOINT, SERVICE),
    )
    return known, base


DOWNSTREAM = [
    ("postgres.probe_refused", POSTGRES),
    ("postgres.panic_logged", POSTGRES),
    ("app.database_errors", API),
    ("app.readiness_failing", API),
    ("kubernetes.endpoints_empty", SERVICE),
    ("edge.answers_502", ENDPOINT),
    ("edge.proxy_logs_502", ENDPOINT),
]
