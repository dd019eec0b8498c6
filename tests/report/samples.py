"""Diagnoses made by hand for the tests of reports."""

from __future__ import annotations

from typing import Any

from dotmac_diagnose.diagnosis import Diagnosis

ESC = "\x1b"
HOSTILE = (
    f"{ESC}[31mred{ESC}[0m {ESC}]8;;http://evil.example/{ESC}\\click{ESC}]8;;{ESC}\\ "
    f"\u202eesrever\u2066\u200bhidden\u200d\ufeff [red]markup[/red] [link=http://x]y[/link] :smile:\n"
    f"second line\r\nthird\x00\x07\x08\x9b31m\x9d0;title\x9c \u2028 \U000e0041 <script>alert(1)</script> `code` | @all"
)


def cause(**changes: Any) -> dict[str, Any]:
    """Return a reported cause: PostgreSQL out of connection slots."""
    base: dict[str, Any] = {
        "rank": 1,
        "id": "postgres.slots_exhausted",
        "title": "PostgreSQL has no free connection slots",
        "kind": "incident",
        "severity": "P1",
        "confidence": 0.93,
        "band": "likely",
        "reported": True,
        "entity": {"id": "postgres/db", "type": "postgres", "namespace": None, "name": "db"},
        "affected": ["postgres/db", "deployment/shop/api"],
        "first_seen": "2026-11-24T14:02:00Z",
        "chain": [
            {"id": "postgres.slots_exhausted", "entity": "postgres/db"},
            {"id": "app.pool_times_out", "entity": "deployment/shop/api"},
            {"id": "edge.api_answers_errors", "entity": "endpoint/shop.example"},
        ],
        "chain_titles": ["No free slots", "The pool of the application times out", "The API answers 500"],
        "evidence": [
            evidence(
                "postgres.slots_taken",
                weight_db=18.2,
                title="All slots are taken",
                detail="97 of 97 usable slots are taken",
            ),
            evidence("app.many_connections", weight_db=9.4, title="dotmac-api holds 84 of them", detail=""),
        ],
        "against": [
            evidence("postgres.restarted", status="absent", weight_db=-3.1, title="The server was restarted", detail="")
        ],
        "missing": [{"finding": "pgbouncer.clients_wait", "entity": "pgbouncer/main", "reason": "denied"}],
        "alternatives": [
            {"id": "app.connection_pool_exhausted", "entity": "deployment/shop/api", "confidence": 0.04},
        ],
        "explains": 11,
        "decisive": "all slots taken",
        "fixes": ["postgres.end_idle_sessions", "app.lower_pool_size"],
    }
    return base | changes


def evidence(finding: str, **changes: Any) -> dict[str, Any]:
    """Return one piece of evidence."""
    base: dict[str, Any] = {
        "finding": finding,
        "entity": "postgres/db",
        "status": "present",
        "weight_db": 6.0,
        "title": "A title",
        "detail": "a detail",
        "source": "pg_stat_activity",
        "observed_at": "2026-11-24T14:02:00Z",
        "ref": "evidence/pg/activity.json",
    }
    return base | changes


def fix(**changes: Any) -> dict[str, Any]:
    """Return a disruptive fix with a long command."""
    base: dict[str, Any] = {
        "rank": 1,
        "id": "postgres.end_idle_sessions",
        "title": "End idle sessions older than 10 minutes",
        "for": [{"cause": "postgres.slots_exhausted", "entity": "postgres/db"}],
        "effect": "relief",
        "p_cure": 0.7,
        "risk": "disruptive",
        "applicability": "exact",
        "requires_approval": True,
        "preconditions": ["the sessions belong to dotmac-api"],
        "steps": [
            {
                "run": "kubectl --context prod -n shop exec statefulset/postgres -- psql -XAt -c "
                "\"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' "
                "AND state_change < now() - interval '10 min'\"",
                "tool": "kubectl",
            }
        ],
        "restores": ["postgres/db"],
        "verify": ["postgres.slots_taken"],
        "rollback": ["kubectl --context prod -n shop rollout restart deployment/api"],
        "warnings": ["open transactions of these sessions are rolled back"],
        "guide": ["G-1.A"],
    }
    return base | changes


LOWER_POOL = fix(
    rank=2,
    id="app.lower_pool_size",
    title="Lower pool_size from 14 to 8 in deployment/api",
    effect="cure",
    risk="reversible",
    applicability="fill_in",
    requires_approval=False,
    preconditions=[],
    steps=[
        {"run": "kubectl --context prod -n shop set env deployment/api POOL_SIZE=8", "tool": "kubectl"},
        {"run": "Tell the owner of the service.", "tool": "manual"},
    ],
    warnings=[],
    rollback=[],
)


def diagnosis(**changes: Any) -> Diagnosis:
    """Return a diagnosis with one reported cause; fields can be replaced."""
    base: dict[str, Any] = {
        "schema_version": 1,
        "tool": {"name": "dotmac-diagnose", "version": "0.1.0"},
        "knowledge": {"version": "2026.1", "digest": "3f9a0c12" * 8},
        "scope": {
            "profile": None,
            "source": "bundle",
            "inputs": ["incident.tar.xz"],
            "captured_at": "2026-11-24T14:13:00Z",
            "namespaces": [],
            "context": "prod",
        },
        "status": "critical",
        "severity": "P1",
        "escalation": {"level": "P1", "path": ["on-call", "team lead"], "respond_within": "15 min"},
        "inference": {
            "mode": "exact",
            "error_bound": 0.0,
            "calibrated": False,
            "expect": "incident",
            "calibration": "uncalibrated",
            "rule_engine": "durable",
        },
        "headline": "PostgreSQL has no free connection slots (postgres/db)",
        "causes": [
            cause(),
            cause(
                rank=2,
                id="kubernetes.node_clock_skewed",
                title="The clock of a node is wrong",
                severity="P2",
                confidence=0.11,
                band="unlikely",
                reported=False,
                fixes=[],
                entity={"id": "node/worker-1", "type": "node", "namespace": None, "name": "worker-1"},
            ),
        ],
        "states": [],
        "fixes": [fix(), LOWER_POOL],
        "unexplained": [
            {"finding": "host.clock_offset", "entity": "node/worker-1", "detail": "62 ms", "title": "Host clock offset"}
        ],
        "explained_findings": 11,
        "present_findings": 12,
        "healthy": ["redis/redis", "4 deployments"],
        "changes": [{"at": "2026-11-24T13:58:00Z", "entity": "deployment/shop/api", "what": "rolled out revision 7"}],
        "next_checks": [
            {
                "finding": "pgbouncer.clients_wait",
                "entity": "pgbouncer/main",
                "gain_bits": 0.7,
                "how": "psql -p 6432 pgbouncer -c 'SHOW POOLS'",
                "seconds": 1.0,
                "title": "Clients wait in PgBouncer",
                "separates": ["postgres.slots_exhausted", "app.connection_pool_exhausted"],
            }
        ],
        "collectors": [
            {"id": "kubernetes", "status": "ok", "reason": None, "duration_ms": 10, "facts": 120},
            {"id": "import:pods.json", "status": "partial", "reason": "truncated", "duration_ms": 1, "facts": 3},
            {"id": "pgbouncer", "status": "denied", "reason": "no access", "duration_ms": 1, "facts": 0},
        ],
        "timings_ms": {"collect": 0, "extract": 30, "rules": 20, "inference": 10, "remedies": 5, "total": 4800},
    }
    return Diagnosis.model_validate(base | changes)


def healthy(**changes: Any) -> Diagnosis:
    """Return a diagnosis in which all is well."""
    base: dict[str, Any] = {
        "status": "healthy",
        "severity": None,
        "escalation": None,
        "headline": "nothing needs you",
        "causes": [],
        "fixes": [],
        "unexplained": [],
        "explained_findings": 0,
        "present_findings": 0,
        "next_checks": [],
        "changes": [],
    }
    return diagnosis(**(base | changes))
