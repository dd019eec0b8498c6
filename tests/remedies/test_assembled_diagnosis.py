"""The whole diagnosis from a belief made by hand: causes, severity, status, headline, health, exit codes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from remedy_building import API, absent, belief, cause_belief, fix, knowledge, observations, present

from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.facts import Change, Fact, FactBase, Outcome, OutcomeStatus, Relation, Status, fact
from dotmac_diagnose.facts.kubernetes import Pod, ResourceList
from dotmac_diagnose.inference.belief import Check, Contribution, MissingEvidence, OtherCause, StateBelief
from dotmac_diagnose.options import Clock, Options
from dotmac_diagnose.remedies import assemble, exit_code
from dotmac_diagnose.rules.observation import Observation, Observations, Presence

if TYPE_CHECKING:
    from dotmac_diagnose.inference.belief import Belief, CauseBelief, Pair
    from dotmac_diagnose.knowledge.model import Knowledge

NOON = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)
BOOK = knowledge(
    causes={
        "app.broken": {"leads_to": [{"to": "app.direct", "strength": "always"}], "severity": "P1"},
        "app.other": {"severity": "P2"},
        "app.third": {"severity": "P2"},
        "tls.expires": {"kind": "risk", "verdict": "tls.soon", "severity": "P1"},
        "app.weak": {"kind": "posture", "verdict": "app.hygiene", "severity": "P3"},
    },
    states={"app.down": {"title": "The application is down"}, "edge.http_5xx": {"entity": "endpoint"}},
    findings={
        "app.direct": {},
        "app.far": {},
        "app.note": {"informational": "normal during a rollout"},
        "app.hygiene": {},
        "tls.soon": {"entity": "certificate"},
        "dns.fails": {"entity": "resolver"},
    },
    fixes={"app.repair": fix("{kubectl} rollout restart {entity.resource|resource} -n {entity.namespace|word}")},
)


def pod_fact(entity: str = API, pod: str = "shop/api-0") -> Fact:
    return fact(entity, Pod(pod=pod), observed_at=NOON, source="/api/v1/pods", evidence="evidence/pods.json")


def diagnose(
    believed: Belief,
    *items: Observation,
    base: FactBase | None = None,
    options: Options | None = None,
    book: Knowledge = BOOK,
) -> Diagnosis:
    base = base or FactBase([pod_fact()], captured_at=NOON, context="prod")
    diagnosis = assemble(book, base, observations(*items), believed, options or Options(), Clock())
    assert Diagnosis.from_json(diagnosis.to_json()) == diagnosis
    return diagnosis


def one(probability: float = 0.9, **more: Any) -> CauseBelief:
    return cause_belief(probability=probability, weights={"app.direct": 18.0}, **more)


SEEN = present("app.direct", detail="3 restarts", facts=(pod_fact(),), affected=("pod/shop/api-0",), observed_at=NOON)


# Causes


def test_a_cause_with_its_evidence_in_words() -> None:
    cause = cause_belief(
        probability=0.93456,
        weights={"app.direct": 18.0, ("app.far", "service/shop/api"): 9.0},
        contributions=[
            Contribution("dns.fails", "resolver/coredns", "absent", -4.0),
            Contribution("app.note", API, "present", -17.0),
            Contribution("tls.soon", "certificate/shop/tls", "absent", 0.4),
        ],
        missing=[MissingEvidence("app.hygiene", API, "denied")],
        chain=[("app.broken", API), ("app.down", API), ("edge.http_5xx", "endpoint/shop.example")],
        alternatives=[
            OtherCause("app.third", API, 0.009),
            OtherCause("app.other", API, 0.04, indistinguishable=True),
        ],
    )
    early = NOON - timedelta(hours=1)
    result = diagnose(
        belief(cause),
        SEEN,
        present("app.far", "service/shop/api", observed_at=early, premises=(("app.direct", API),)),
        present("app.note", observed_at=early - timedelta(days=1)),
        absent("dns.fails", "resolver/coredns"),
    ).causes[0]
    assert (result.rank, result.confidence, result.band, result.reported) == (1, 0.9346, "likely", True)
    assert result.entity.model_dump() == {"id": API, "type": "deployment", "namespace": "shop", "name": "shop/api"}
    assert result.affected == ["pod/shop/api-0", "service/shop/api"]
    assert result.first_seen == "2025-03-01T11:00:00Z"
    assert [item.finding for item in result.evidence] == ["app.direct", "app.far"]
    direct, far = result.evidence
    assert (direct.detail, direct.weight_db, direct.title) == ("3 restarts", 18.0, "Title of app.direct")
    assert (direct.source, direct.ref, direct.observed_at) == (
        "/api/v1/pods",
        "evidence/pods.json",
        "2025-03-01T12:00:00Z",
    )
    assert far.source == "/api/v1/pods", "a composite shows the source of what it rests on"
    assert [(item.finding, item.status) for item in result.against] == [
        ("app.note", "present"),
        ("dns.fails", "absent"),
    ]
    assert [item.reason for item in result.missing] == ["denied"]
    assert [(item.id, item.indistinguishable) for item in result.alternatives] == [("app.other", True)]
    assert result.chain_titles == ["Title of app.broken", "The application is down", "Title of edge.http_5xx"]
    assert result.explains == 2
    assert result.fixes == ["app.repair"]


def test_order_of_causes() -> None:
    weights: dict[str | Pair, float] = {"app.direct": 10.0}
    beliefs = [
        cause_belief("app.weak", API, 1.0, weights={"app.hygiene": 50.0}),
        cause_belief("tls.expires", "certificate/shop/tls", 1.0, weights={"tls.soon": 50.0}),
        cause_belief("app.third", API, 0.804, weights=weights),
        cause_belief("app.other", "deployment/shop/b", 0.796, weights=weights),
        cause_belief("app.other", "deployment/shop/a", 0.8, weights=weights),
        cause_belief("app.other", "deployment/shop/c", 0.8, weights=weights, explains=[("x.a", API), ("x.b", API)]),
        cause_belief("app.broken", API, 0.8, weights=weights),
        cause_belief("app.third", "deployment/shop/z", 0.81, weights=weights),
        cause_belief("app.other", "deployment/shop/low", 0.049, weights=weights),
        cause_belief(
            "app.other", "deployment/shop/silent", 0.3, contributions=[Contribution("x.a", API, "absent", -1)]
        ),
    ]
    expected = [
        ("app.third", "deployment/shop/z"),
        ("app.other", "deployment/shop/c"),
        ("app.broken", API),
        ("app.other", "deployment/shop/a"),
        ("app.other", "deployment/shop/b"),
        ("app.third", API),
        ("tls.expires", "certificate/shop/tls"),
        ("app.weak", API),
    ]
    for seed in range(5):
        random.Random(seed).shuffle(beliefs)
        causes = diagnose(belief(*beliefs), SEEN).causes
        assert [(cause.id, cause.entity.id) for cause in causes] == expected
        assert [cause.rank for cause in causes] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(
    ("probability", "confidence", "band", "reported"),
    [
        (1.0, 0.9999, "likely", True),
        (0.8, 0.8, "likely", True),
        (0.5, 0.5, "possible", True),
        (0.49994, 0.4999, "unlikely", False),
        (0.05, 0.05, "unlikely", False),
    ],
)
def test_confidence_and_threshold(probability: float, confidence: float, band: str, reported: bool) -> None:
    cause = diagnose(belief(one(probability)), SEEN).causes[0]
    assert (cause.confidence, cause.band, cause.reported) == (confidence, band, reported)


def test_the_threshold_is_an_option() -> None:
    assert not diagnose(belief(one(0.9)), SEEN, options=Options(min_confidence=0.95)).reported
    assert diagnose(belief(one(0.3)), SEEN, options=Options(min_confidence=0.2)).reported


def test_weaknesses_count_only_when_asked_for() -> None:
    weak = belief(cause_belief("app.weak", API, 1.0, weights={"app.hygiene": 50.0}))
    book = BOOK.model_copy(
        update={"fixes": {"app.harden": BOOK.fixes["app.repair"].model_copy(update={"for_": ["app.weak"]})}}
    )
    quiet = diagnose(weak, present("app.hygiene"), book=book)
    assert (quiet.status, quiet.severity, quiet.present_findings, quiet.fixes) == ("healthy", None, 0, [])
    assert (quiet.causes[0].confidence, quiet.causes[0].reported) == (1.0, False)
    asked = diagnose(weak, present("app.hygiene"), options=Options(posture=True), book=book)
    assert (asked.status, asked.severity, asked.explained_findings) == ("degraded", "P3", 1)
    assert [item.id for item in asked.fixes] == ["app.harden"]


# Severity and escalation


def endpoint_state(entity: str, probability: float, share: float = 0.9, state: str = "edge.http_5xx") -> StateBelief:
    return StateBelief(state, entity, probability, (OtherCause("app.broken", API, share),))


ENDPOINTS = FactBase(
    [pod_fact()],
    [Relation("fronted_by", "endpoint/a.example", "nginx/n"), Relation("fronted_by", "endpoint/b.example", "nginx/n")],
)


@pytest.mark.parametrize(
    ("states", "severity"),
    [
        ([endpoint_state("endpoint/a.example", 0.9), endpoint_state("endpoint/b.example", 0.5)], "P0"),
        ([endpoint_state("endpoint/a.example", 0.9), endpoint_state("endpoint/b.example", 0.49)], "P1"),
        ([endpoint_state("endpoint/a.example", 0.9)], "P1"),
        ([endpoint_state("endpoint/a.example", 0.9), endpoint_state("endpoint/b.example", 0.9, 0.2)], "P1"),
        ([], "P1"),
    ],
)
def test_severity_rises_when_no_entry_point_is_left(states: list[StateBelief], severity: str) -> None:
    result = diagnose(belief(one(), states=states), SEEN, base=ENDPOINTS)
    assert result.causes[0].severity == severity
    assert result.severity == severity
    assert result.escalation is not None
    assert result.escalation.level == severity


def test_severity_stays_without_known_entry_points() -> None:
    states = [endpoint_state("endpoint/a.example", 0.9)]
    assert diagnose(belief(one(), states=states), SEEN).causes[0].severity == "P1"


def test_the_chain_counts_as_explained() -> None:
    states = [endpoint_state("endpoint/a.example", 0.9), endpoint_state("endpoint/b.example", 0.9, 0.1)]
    cause = one(chain=[("app.broken", API), ("edge.http_5xx", "endpoint/b.example")])
    assert diagnose(belief(cause, states=states), SEEN, base=ENDPOINTS).causes[0].severity == "P0"


def test_whom_to_call() -> None:
    p1 = diagnose(belief(one()), SEEN).escalation
    assert p1 is not None
    assert p1.respond_within == "30 minutes"
    assert [step.split(":")[0] for step in p1.path] == ["First response", "Team lead", "Engineering manager"]
    states = [endpoint_state("endpoint/a.example", 0.9), endpoint_state("endpoint/b.example", 0.9)]
    p0 = diagnose(belief(one(), states=states), SEEN, base=ENDPOINTS).escalation
    assert p0 is not None
    assert p0.path[1].startswith("On-call engineer")
    assert diagnose(belief(cause_belief("app.other", weights={"app.direct": 9.0})), SEEN).escalation is None


# Status and exit codes

FAIL_ON: tuple[Literal["P0", "P1", "P2", "P3", "never"], ...] = ("P0", "P1", "P2", "P3", "never")


@pytest.mark.parametrize(
    ("believed", "items", "status", "codes"),
    [
        (belief(one()), [SEEN], "critical", [0, 1, 1, 1, 0]),
        (belief(one(0.4)), [SEEN], "degraded", [0, 0, 0, 0, 0]),
        (belief(cause_belief("app.other", weights={"app.direct": 9.0})), [SEEN], "degraded", [0, 0, 1, 1, 0]),
        (
            belief(cause_belief("tls.expires", "certificate/shop/tls", 1.0, weights={"tls.soon": 50.0})),
            [present("tls.soon", "certificate/shop/tls")],
            "degraded",
            [0, 1, 1, 1, 0],
        ),
        (belief(unexplained=[("app.direct", API)]), [SEEN], "degraded", [0, 0, 0, 0, 0]),
        (belief(unexplained=[("app.note", API)]), [present("app.note")], "healthy", [0, 0, 0, 0, 0]),
        (belief(), [absent("app.direct")], "healthy", [0, 0, 0, 0, 0]),
        (belief(), [], "inconclusive", [3, 3, 3, 3, 3]),
        (belief(), [Observation("app.direct", API, Presence.UNKNOWN, "denied")], "inconclusive", [3, 3, 3, 3, 3]),
    ],
)
def test_status_and_exit_code(believed: Belief, items: list[Observation], status: str, codes: list[int]) -> None:
    result = diagnose(believed, *items)
    assert result.status == status
    assert [exit_code(result, level) for level in FAIL_ON] == codes


def test_a_denied_collector_beside_a_working_one_is_not_inconclusive() -> None:
    base = FactBase([pod_fact()], outcomes=[Outcome("postgres", OutcomeStatus.DENIED, "no pg_monitor")])
    assert diagnose(belief(), absent("app.direct"), base=base).status == "healthy"


def test_only_refused_looks_are_inconclusive_and_say_so() -> None:
    refused = Fact("cluster/default", "kubernetes.list", None, Status.DENIED, source="pods", reason="forbidden")
    base = FactBase([refused], outcomes=[Outcome("kubernetes", OutcomeStatus.DENIED, "forbidden")])
    result = diagnose(belief(), base=base)
    assert (result.status, result.headline) == ("inconclusive", "nothing could be decided: kubernetes denied")
    assert exit_code(result, "P2") == 3
    assert diagnose(belief(), base=FactBase()).headline == "nothing could be decided: no finding could be checked"


# Headline


def test_headline_is_the_first_cause() -> None:
    assert diagnose(belief(one()), SEEN).headline == f"Title of app.broken ({API}), 90 % likely"
    two = belief(one(), cause_belief("app.other", probability=0.6, weights={"app.direct": 9.0}))
    assert diagnose(two, SEEN).headline == f"Title of app.broken ({API}), 90 % likely, and 1 more cause"
    assert ", 99 % likely" in diagnose(belief(one(0.9999)), SEEN).headline


def test_headline_without_a_cause_is_the_most_upstream_certain_state() -> None:
    states = [
        StateBelief("edge.http_5xx", "endpoint/a", 0.4, ()),
        StateBelief("app.down", API, 0.9, (OtherCause("app.broken", API, 0.4),)),
        StateBelief("edge.http_5xx", "endpoint/b", 0.95, ()),
    ]
    checks = [Check("dns.fails", "resolver/coredns", 0.71234, ("app.other", "app.broken"))]
    result = diagnose(belief(one(0.4), states=states, checks=checks), SEEN)
    assert result.headline == (
        f"The application is down ({API}), reason not known yet; look at Title of dns.fails: look at resolver/coredns"
    )
    (check,) = result.next_checks
    assert (check.gain_bits, check.seconds, check.separates) == (0.712, 5, ["app.broken", "app.other"])
    assert [state.id for state in result.states] == ["edge.http_5xx", "app.down", "edge.http_5xx"]


def test_headline_of_the_unexplained_and_of_peace() -> None:
    result = diagnose(belief(unexplained=[("app.far", API), ("app.direct", API)]), SEEN, present("app.far"))
    assert result.headline == f"Title of app.direct ({API}) and 1 more finding, reason not known yet"
    assert [item.detail for item in result.unexplained] == ["3 restarts", ""]
    assert diagnose(belief(), absent("app.direct")).headline == "nothing needs you"
    candidate = diagnose(belief(one(0.4)), SEEN)
    assert candidate.headline == f"no cause is certain; Title of app.broken ({API}) has 40 %"
    assert diagnose(belief(), SEEN).headline == "no known cause fits what was seen"


def test_how_to_look_has_the_names_filled_in() -> None:
    book = knowledge(
        findings={
            "app.a": {"how": "{kubectl} logs {entity.resource|resource} -n {entity.namespace|word}"},
            "app.b": {"sources": ["postgres", "logs", "host"]},
        }
    )
    checks = [Check("app.a", API, 0.5, ()), Check("app.b", API, 0.4, ()), Check("app.a", "deployment/a\nb/c", 0.3, ())]
    texts = [check.how for check in diagnose(belief(checks=checks), book=book).next_checks]
    assert texts[0] == "kubectl --context prod logs deployment/api -n shop"
    assert texts[1] == f"read postgres, logs or host of {API}"
    assert texts[2].startswith("by hand: this command")


# Counts, health, changes, scope


def test_a_symptom_of_two_causes_counts_once() -> None:
    believed = belief(
        one(explains=[("app.direct", API), ("app.far", API)]),
        cause_belief("app.other", weights={"app.direct": 9.0}),
        cause_belief("app.third", probability=0.2, weights={"dns.fails": 9.0}),
    )
    items = [SEEN, present("app.far"), present("dns.fails", "resolver/x"), present("app.note"), present("app.hygiene")]
    result = diagnose(believed, *items)
    assert (result.explained_findings, result.present_findings) == (2, 3)


def test_only_what_was_examined_is_shown_as_healthy() -> None:
    names = ["deployment/shop/a", "deployment/shop/b", "deployment/shop/c", "deployment/shop/unknown"]
    base = FactBase(
        [
            *(pod_fact(name) for name in names),
            fact("resolver/coredns", ResourceList(list_of="pods", count=1)),
            Fact("resolver/denied", "kubernetes.list", None, Status.DENIED),
        ],
        [Relation("uses", "deployment/shop/a", "resolver/never-asked")],
    )
    items = [
        absent("app.direct", "deployment/shop/a"),
        absent("app.direct", "deployment/shop/b"),
        present("app.note", "deployment/shop/b"),
        absent("app.direct", "deployment/shop/c"),
        present("app.far", "deployment/shop/c"),
        absent("dns.fails", "resolver/coredns"),
        absent("dns.fails", "resolver/denied"),
        absent("dns.fails", "resolver/never-asked"),
    ]
    assert diagnose(belief(), *items, base=base).healthy == ["resolver/coredns", "2 of 3 deployments"]
    ill = belief(cause_belief(entity="deployment/shop/a", weights={("app.far", "deployment/shop/c"): 9.0}))
    assert diagnose(ill, *items, base=base).healthy == ["resolver/coredns", "1 of 3 deployments"]


def test_recent_changes_newest_first_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    base = FactBase(
        [pod_fact()],
        changes=[
            Change(NOON - timedelta(hours=30), API, "too old"),
            Change(NOON - timedelta(hours=2), API, "rolled out"),
            Change((NOON - timedelta(hours=1)).astimezone(east), API, "scaled"),
        ],
        captured_at=NOON.replace(tzinfo=None),
    )
    changes = diagnose(belief(), base=base).changes
    assert [(item.at, item.what) for item in changes] == [
        ("2025-03-01T11:00:00Z", "scaled"),
        ("2025-03-01T10:00:00Z", "rolled out"),
    ]


def test_scope_and_stamps() -> None:
    clock = Clock({"rules": 1.26, "inference": 2.0})
    base = FactBase([pod_fact()], outcomes=[Outcome("kubernetes", OutcomeStatus.OK, facts=3)], captured_at=NOON)
    options = Options(inputs=["b.tar", "a.tar"], namespaces=["shop", "shop"], profile="dotmac", source="live")
    result = assemble(BOOK, base, observations(), belief(), options, clock)
    assert result.scope.model_dump() == {
        "profile": "dotmac",
        "source": "live",
        "inputs": ["a.tar", "b.tar"],
        "captured_at": "2025-03-01T12:00:00Z",
        "namespaces": ["shop"],
        "context": None,
    }
    assert (result.inference.calibrated, result.inference.rule_engine) == (False, "python")
    assert [item.facts for item in result.collectors] == [3]
    assert result.timings_ms.rules == 1.3
    assert result.timings_ms.total == pytest.approx(3.3 + result.timings_ms.remedies, abs=0.15)


def test_the_same_whatever_the_order() -> None:
    observed = [SEEN, present("app.far", "service/shop/api"), present("dns.fails", "resolver/x"), present("app.note")]
    causes = [
        one(),
        cause_belief("app.broken", "deployment/shop/web", 0.9, weights={"app.direct": 18.0}),
        cause_belief("app.other", API, 0.3, weights={("app.far", "service/shop/api"): 9.0}),
    ]
    texts = set()
    for seed in range(6):
        random.Random(seed).shuffle(observed)
        random.Random(seed).shuffle(causes)
        base = FactBase([pod_fact(), pod_fact("service/shop/api")], captured_at=NOON)
        seen = Observations(observed, {(item.finding, item.entity): item for item in observed}, "python")
        unexplained = [("dns.fails", "resolver/x"), ("app.note", API)][:: 1 if seed % 2 else -1]
        result = assemble(BOOK, base, seen, belief(*causes, unexplained=unexplained), Options(), Clock())
        texts.add(result.model_copy(update={"timings_ms": type(result.timings_ms)()}).to_json())
    assert len(texts) == 1


def report_for_hash_seed() -> str:
    """Return a report with many entities, without its timings."""
    names = [f"deployment/shop/{letter}" for letter in "hgfedcba"]
    base = FactBase([pod_fact(name) for name in names], captured_at=NOON)
    causes = [
        cause_belief(entity=name, weights={("app.direct", name): 9.0, ("app.far", names[0]): 4.0}) for name in names
    ]
    seen = [present("app.direct", name, affected=("pod/shop/x", "pod/shop/y")) for name in names]
    result = assemble(
        BOOK, base, observations(*seen, present("app.far", names[0])), belief(*causes), Options(), Clock()
    )
    return result.model_copy(update={"timings_ms": type(result.timings_ms)()}).to_json()


def test_the_same_for_every_hash_seed() -> None:
    script = "import test_assembled_diagnosis as t; print(t.report_for_hash_seed())"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {report_for_hash_seed() + "\n"}
