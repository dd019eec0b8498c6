"""Diagnose facts that another tool has gathered: no files, no servers, three facts and a relation."""

from __future__ import annotations

from dotmac_diagnose import FactBase, diagnose
from dotmac_diagnose.facts import Relation, fact
from dotmac_diagnose.facts.kubernetes import Quota, Workload

FACTS = [
    fact("namespace/shop", Quota(quota="team", resource_name="pods", hard="8", used="8", used_percent=100.0)),
    fact(
        "deployment/shop/web",
        Workload(
            workload_kind="Deployment",
            desired=3,
            current=1,
            ready=1,
            replica_failure_message='pods "web-7d" is forbidden: exceeded quota: team, requested: pods=1, used: pods=8',
        ),
    ),
]
RELATIONS = [Relation("wants_pods_in", "deployment/shop/web", "namespace/shop")]


def main() -> None:
    diagnosis = diagnose(FactBase(FACTS, RELATIONS))
    for cause in diagnosis.reported:
        print(f"{cause.confidence:.0%} {cause.id} on {cause.entity.id}")


if __name__ == "__main__":
    main()
