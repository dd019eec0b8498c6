"""Fixes with names filled in: which values, which gates, which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from remedy_building import API, cause_belief, fix, knowledge, observations, present

from dotmac_diagnose.facts import FactBase, Relation
from dotmac_diagnose.inference.belief import Contribution
from dotmac_diagnose.remedies import fix_problems, rank_fixes, render_fixes
from dotmac_diagnose.remedies.resources import workload_of

if TYPE_CHECKING:
    from dotmac_diagnose.remedies.render import RenderedFix

CAUSES: dict[str, dict[str, Any]] = {
    "app.broken": {"leads_to": [{"to": "app.direct", "strength": "always"}]},
    "app.other": {},
}
FINDINGS: dict[str, dict[str, Any]] = {"app.direct": {}, "app.far": {}}


def rendered(
    entry: dict[str, Any],
    *,
    entity: str = API,
    base: FactBase | None = None,
    weights: dict[Any, float] | None = None,
    bindings: dict[str, object] | None = None,
) -> RenderedFix:
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes={"app.repair": entry})
    seen = observations(
        present("app.direct", entity, bindings=bindings or {}),
        present("app.far", "service/shop/api", bindings={"container": "far", "port": 80}),
    )
    cause = cause_belief(entity=entity, weights=weights or {"app.direct": 1.0, ("app.far", "service/shop/api"): 30.0})
    (result,) = render_fixes(book, base or FactBase(context="prod"), seen, cause)
    return result


def test_names_come_from_the_entity_and_the_context() -> None:
    result = rendered(fix("{kubectl} rollout restart {entity.resource|resource} -n {entity.namespace|word}"))
    assert result.steps == (("kubectl", "kubectl --context prod rollout restart deployment/api -n shop"),)
    assert (result.applicability, result.requires_approval, result.preconditions) == ("exact", False, ())


def test_direct_evidence_comes_before_heavier_evidence_further_away() -> None:
    run = "echo {evidence.container|word} {evidence.port|number} {app.far.container|word} {evidence.pod.name|word}"
    result = rendered(fix(run, tool="shell"), bindings={"container": "near", "pod.name": "api-0", "port": None})
    assert result.steps == (("shell", "echo near 80 far api-0"),)


def test_a_ruling_out_finding_is_no_source_of_values() -> None:
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes={"app.repair": fix("echo {evidence.x|word}", "shell")})
    seen = observations(present("app.far", bindings={"x": "from the refuting finding"}))
    cause = cause_belief(contributions=[Contribution("app.far", API, "present", -17.0)])
    (result,) = render_fixes(book, FactBase(), seen, cause)
    assert result.steps == (("shell", "echo '<X>'"),)


def test_a_missing_value_is_marked_and_lowers_exact_to_fill_in() -> None:
    result = rendered(fix("{kubectl} set image {entity.resource|resource} c={ask.NEW_IMAGE|word}"))
    assert result.steps[0][1].endswith("c='<NEW_IMAGE>'")
    assert result.applicability == "fill_in"
    assert rendered(fix("echo {ask.X|word}", "shell", applicability="review")).applicability == "review"


def test_an_unknown_context_is_said() -> None:
    result = rendered(fix("{kubectl} get pods"), base=FactBase())
    assert result.steps == (("kubectl", "kubectl get pods"),)
    assert any("context" in text for text in result.preconditions)


def test_a_step_that_cannot_be_quoted_is_done_by_hand() -> None:
    entry = fix(
        "kubectl delete pod -n shop -- {evidence.pod|word}", rollback=["kubectl get pod -- {evidence.pod|word}"]
    )
    entry["steps"].append({"run": "kubectl get pods", "tool": "kubectl"})
    result = rendered(entry, bindings={"pod": "a\nrm -rf ~"})
    assert result.applicability == "review"
    (tool, text), second = result.steps
    assert tool == "manual"
    assert "evidence.pod 'a\\nrm -rf ~' holds a line break" in text
    assert "\n" not in text
    assert second == ("kubectl", "kubectl get pods")
    assert result.rollback[0].startswith("by hand: this command cannot be written safely")


def test_a_destructive_fix_asks_first_and_is_more_than_one_line() -> None:
    entry = fix("psql -c {let.q|word}", "psql", let={"q": "DROP TABLE {evidence.t|sql_identifier}"}, risk="destructive")
    result = rendered(entry, bindings={"t": 'x"; --'})
    assert result.requires_approval
    assert [tool for tool, _ in result.steps] == ["manual", "psql"]
    assert "backup" in result.steps[0][1]
    assert "backup" in result.preconditions[0]
    assert result.steps[1][1] == """psql -c 'DROP TABLE "x""; --"'"""
    own = rendered(fix("echo a", "shell", risk="destructive", preconditions=["The nightly Backup is fresh"]))
    assert own.preconditions == ("The nightly Backup is fresh",)


def test_a_psql_step_without_the_command_is_a_statement() -> None:
    result = rendered(fix("SELECT pg_cancel_backend({evidence.pid|sql_number});", "psql"), bindings={"pid": 5})
    assert result.steps == (("psql", "SELECT pg_cancel_backend(5);"),)


@pytest.mark.parametrize(
    ("extra", "entity", "printed"),
    [
        ({"when_entity": ["statefulset"]}, API, False),
        ({"when_entity": ["workload"]}, API, True),
        ({"needs": ["evidence.pid"]}, API, False),
        ({"needs": ["evidence.container"]}, API, True),
        ({"for": ["app.other"]}, API, False),
    ],
)
def test_fixes_that_do_not_fit_are_not_printed(extra: dict[str, Any], entity: str, printed: bool) -> None:
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes={"app.repair": {**fix("echo a", "shell"), **extra}})
    seen = observations(present("app.direct", entity, bindings={"container": "c"}))
    cause = cause_belief(entity=entity, weights={"app.direct": 10.0})
    assert bool(render_fixes(book, FactBase(), seen, cause)) is printed


def test_what_must_be_gone_afterwards() -> None:
    assert rendered(fix("echo a", "shell")).verify == (f"app.direct@{API}",)
    named = rendered(fix("echo a", "shell", verify=["app.far", "app.direct"]))
    assert named.verify == (f"app.direct@{API}", "app.far@service/shop/api")


def test_the_workload_behind_an_entity() -> None:
    base = FactBase(
        relations=[
            Relation("runs", "statefulset/shop/pg", "postgres/db"),
            Relation("selects", "service/shop/pg", "statefulset/shop/pg"),
            Relation("selects", "service/shop/pg", "pod/shop/pg-0"),
            Relation("owns", "statefulset/shop/pg", "pod/shop/pg-0"),
            Relation("mounts", "pod/shop/pg-0", "persistentvolumeclaim/shop/data"),
            Relation("scales", "horizontalpodautoscaler/shop/h", API),
        ]
    )
    for entity in ("postgres/db", "service/shop/pg", "persistentvolumeclaim/shop/data", "statefulset/shop/pg"):
        assert workload_of(base, entity) == "statefulset/shop/pg"
    assert workload_of(base, "horizontalpodautoscaler/shop/h") == API
    assert workload_of(base, "redis/cache") is None
    scaled = rendered(
        fix("kubectl scale {workload.resource|resource} -n {workload.namespace|word} # {related.runs.id|word}"),
        entity="postgres/db",
        base=base,
        weights={"app.direct": 3.0},
    )
    assert scaled.steps[0][1] == "kubectl scale statefulset/pg -n shop # statefulset/shop/pg"


def test_lint_of_a_fix_names_the_place() -> None:
    book = knowledge(
        fixes={
            "app.bad": fix(
                "echo '{entity.name|word}'",
                "shell",
                title="Restart {entity.nome|txet}",
                rollback=["kubectl delete pod {ask.X|text}"],
            ),
            "app.good": fix("SELECT {evidence.pid|sql_number}", "psql", title="Cancel {evidence.pid|text}"),
        }
    )
    assert [problem.split(":")[0] for problem in fix_problems(book.fixes["app.bad"])] == [
        "steps.1",
        "title",
        "rollback",
    ]
    assert fix_problems(book.fixes["app.good"]) == []


# Order


def order(entries: dict[str, dict[str, Any]], *causes: Any, reported: set[str] | None = None) -> list[str]:
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes=entries)
    beliefs = causes or (cause_belief(probability=0.9),)
    fixes = [item for each in beliefs for item in render_fixes(book, FactBase(), observations(), each)]
    names = {each.cause for each in beliefs} if reported is None else reported
    ranked = rank_fixes(fixes, frozenset((each.cause, each.entity) for each in beliefs if each.cause in names))
    assert [item.rank for item in ranked] == list(range(1, len(ranked) + 1))
    assert ranked == rank_fixes(reversed(fixes), frozenset((b.cause, b.entity) for b in beliefs if b.cause in names))
    return [item.id for item in ranked]


def test_the_likelier_cure_per_minute_comes_first() -> None:
    entries = {
        "app.a_slow": fix("echo 1", "shell", minutes=30, cures="always"),
        "app.b_quick": fix("echo 2", "shell", minutes=2, cures="sometimes"),
        "app.c_quicker": fix("echo 3", "shell", minutes=1, cures="sometimes"),
    }
    assert order(entries) == ["app.c_quicker", "app.b_quick", "app.a_slow"]


def test_risk_breaks_ties() -> None:
    entries = {
        "app.a": fix("echo 1", "shell", risk="disruptive"),
        "app.b": fix("echo 2", "shell", risk="reversible"),
    }
    assert order(entries) == ["app.b", "app.a"]


@pytest.mark.parametrize(
    "other", [{"effect": "relief"}, {"applicability": "review"}, {"cures": "rarely", "minutes": 999}]
)
def test_destructive_is_never_first_while_another_exists(other: dict[str, Any]) -> None:
    entries = {
        "app.a": fix("echo 1", "shell", risk="destructive", minutes=1, cures="always"),
        "app.b": fix("echo 2", "shell", **other),
    }
    assert order(entries) == ["app.b", "app.a"]
    assert order({"app.a": entries["app.a"]}) == ["app.a"]


def test_relief_comes_after_cures_and_what_needs_a_hand_after_what_can_be_done() -> None:
    entries = {
        "app.a_relief": fix("echo 1", "shell", effect="relief", minutes=0.5, cures="always"),
        "app.b_cure": fix("echo 2", "shell", minutes=60, cures="rarely"),
        "app.c_look": fix("echo 3", "shell", minutes=1, cures="always", risk="read_only"),
        "app.d_review": fix("echo 4", "shell", minutes=1, cures="always", applicability="review"),
    }
    assert order(entries) == ["app.b_cure", "app.a_relief", "app.c_look", "app.d_review"]


def test_fixes_of_reported_causes_come_before_those_of_candidates() -> None:
    entries = {
        "app.a": {**fix("echo 1", "shell", minutes=1), "for": ["app.other"]},
        "app.b": fix("echo 2", "shell", minutes=60),
    }
    causes = (cause_belief("app.broken", probability=0.6), cause_belief("app.other", probability=0.4))
    assert order(entries, *causes, reported={"app.broken"}) == ["app.b", "app.a"]
    assert order(entries, *causes, reported=set()) == ["app.a", "app.b"]


def test_one_fix_for_several_causes_is_printed_once() -> None:
    same = {**fix("echo again", "shell", cures="always", warnings=["Users see it"]), "for": ["app.broken", "app.other"]}
    named = fix("kubectl rollout restart {entity.resource|resource}")
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes={"app.same": same, "app.named": named})
    beliefs = [
        cause_belief("app.broken", API, 0.5),
        cause_belief("app.broken", "deployment/shop/web", 0.5),
        cause_belief("app.other", API, 0.6),
    ]
    fixes = rank_fixes(
        [item for each in beliefs for item in render_fixes(book, FactBase(), observations(), each)], frozenset()
    )
    (merged,) = [item for item in fixes if item.id == "app.same"]
    assert [(item.cause, item.entity) for item in merged.for_] == [
        ("app.other", API),
        ("app.broken", API),
        ("app.broken", "deployment/shop/web"),
    ]
    assert merged.p_cure == pytest.approx(1 - (1 - 0.6 * 0.97) * (1 - 0.5 * 0.97) ** 2, abs=1e-4)
    assert merged.warnings == ["Users see it"]
    assert merged.restores == [API, "deployment/shop/web"]
    assert sorted(len(item.for_) for item in fixes if item.id == "app.named") == [1, 1]


def test_what_only_eases_or_looks_cures_nothing() -> None:
    entries = {
        "app.a": fix("echo 1", "shell", effect="relief"),
        "app.b": fix("echo 2", "shell", risk="read_only"),
        "app.c": fix("echo 3", "shell"),
    }
    book = knowledge(causes=CAUSES, findings=FINDINGS, fixes=entries)
    fixes = rank_fixes(render_fixes(book, FactBase(), observations(), cause_belief(probability=1.0)), frozenset())
    assert {item.id: item.p_cure for item in fixes} == {"app.a": 0.0, "app.b": 0.0, "app.c": 0.7}
