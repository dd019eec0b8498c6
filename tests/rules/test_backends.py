"""The two matchers give the same matches as brute force, and stay inside their limits.

The differential test runs durable-rules in a child process, so that a crash of its C core
fails the test instead of ending it.
"""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import threading
from random import Random
from typing import Any

import pytest

from dotmac_diagnose.errors import RuleEngineError
from dotmac_diagnose.facts import FactBase
from dotmac_diagnose.rules import observe, observe_compiled
from dotmac_diagnose.rules.guarded import GuardedBackend, infer_in_child
from dotmac_diagnose.rules.join_stage import match, reduce_rows
from dotmac_diagnose.rules.matcher import Backend, JoinOn, Limits, MatchPattern, MatchResult, MatchRow, MatchRule
from dotmac_diagnose.rules.python_backend import PythonBackend

from .building import finding, knowledge, pod, rules
from .random_rules import brute_force, random_rows, random_rule, random_rules

RULE_SETS = 2_400
BATCHES = 4

JOIN = MatchRule("r", (MatchPattern("a"), MatchPattern("b", (JoinOn("x", 0, "x"),))))


def rows_of(source: str, count: int, start: int = 0, value: str | None = None) -> list[MatchRow]:
    return [
        MatchRow(start + number, source, start + number, {"x": value if value is not None else str(number)})
        for number in range(count)
    ]


def by_source(rows: list[MatchRow]) -> dict[str, list[MatchRow]]:
    return {source: [row for row in rows if row.source == source] for source in sorted({row.source for row in rows})}


def durable() -> Backend:
    pytest.importorskip("durable_rules_engine")
    from dotmac_diagnose.rules.durable_backend import DurableBackend

    return DurableBackend()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_both_matchers_agree_with_brute_force(batch: int) -> None:
    pytest.importorskip("durable_rules_engine")
    random = Random(batch)
    jobs = [(random_rules(random), random_rows(random)) for _ in range(RULE_SETS // BATCHES)]
    expected = [brute_force(rule_set, rows) for rule_set, rows in jobs]
    assert sum(len(found) for matches in expected for found in matches.values()) > 3_000
    indexed = [dict(PythonBackend().compile(rule_set).infer(rows).matches) for rule_set, rows in jobs]
    assert indexed == expected
    assert [dict(result.matches) for result in infer_in_child(jobs, seconds=100)] == expected


@pytest.mark.parametrize("seed", range(20))
def test_taking_out_rows_changes_no_match(seed: int) -> None:
    random = Random(seed)
    rule_set, rows = random_rules(random), random_rows(random)
    kept = reduce_rows(rule_set, by_source(rows))
    left = [row for group in kept.values() for row in group]
    assert brute_force(rule_set, left) == brute_force(rule_set, rows)


def test_rows_without_a_partner_are_taken_out() -> None:
    rows = [*rows_of("a", 100), *rows_of("b", 2, start=200)]
    kept = reduce_rows([JOIN], by_source(rows))
    assert [len(kept["a"]), len(kept["b"])] == [2, 2]
    assert reduce_rows([JOIN], {"a": rows_of("a", 5), "b": []})["a"] == []


def test_the_rete_runs_again_and_again_on_one_handle() -> None:
    matcher = durable().compile([JOIN])
    rows = [*rows_of("a", 3), *rows_of("b", 3, start=3)]
    first = matcher.infer(rows)
    assert first.matches == {"r": ((0, 3), (1, 4), (2, 5))}
    assert all(matcher.infer(rows) == first for _ in range(20))
    assert matcher.infer([]) == MatchResult({})
    matcher.close()
    matcher.close()
    with pytest.raises(RuleEngineError, match="closed"):
        matcher.infer(rows)


def test_threads_share_a_matcher() -> None:
    matcher = durable().compile([JOIN])
    rows = [*rows_of("a", 50), *rows_of("b", 50, start=50)]
    results: list[MatchResult] = []
    threads = [
        threading.Thread(target=lambda: results.extend(matcher.infer(rows) for _ in range(10))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    matcher.close()
    assert len(results) == 40
    assert {len(result.matches["r"]) for result in results} == {50}


def test_wide_rule_sets_are_split() -> None:
    random = Random(7)
    wide = [random_rule(random, f"rule.{number:04}") for number in range(600)]
    rows = random_rows(Random(3))
    expected = brute_force(wide, rows)
    assert len(expected) > 50
    assert dict(infer_in_child([(wide, rows)], seconds=60)[0].matches) == expected


@pytest.mark.parametrize(
    "rule",
    [
        MatchRule("r", ()),
        MatchRule("r", (MatchPattern("a"), MatchPattern("b"))),
        MatchRule("r", (MatchPattern("a", (JoinOn("x", 0, "x"),)),)),
        MatchRule("r", (MatchPattern("a"), MatchPattern("b", (JoinOn("x", 1, "x"),)))),
        MatchRule("r", (MatchPattern("a"), *[MatchPattern("b", (JoinOn("x", 0, "x"),))] * 8)),
    ],
)
def test_both_matchers_refuse_the_same_rules(rule: MatchRule) -> None:
    for backend in (PythonBackend(), durable()):
        with pytest.raises(RuleEngineError, match="refuses a rule"):
            backend.compile([rule])
        with pytest.raises(RuleEngineError, match="same id"):
            backend.compile([JOIN, JOIN])


def test_matches_are_cut_by_count_and_reported() -> None:
    rows = [*rows_of("a", 20, value="hot"), *rows_of("b", 20, start=20, value="hot")]
    for backend in (PythonBackend(), durable()):
        result = match([JOIN], by_source(rows), backend, Limits(matches=30))
        assert result.truncated == {"r"}
        assert result.matches["r"] == tuple((first, second) for first in (0, 1) for second in range(20, 40))[:30]


def test_steps_are_cut_by_count_and_reported() -> None:
    rows = [*rows_of("a", 20, value="hot"), *rows_of("b", 20, start=20, value="hot")]
    result = PythonBackend().compile([JOIN]).infer(rows, Limits(steps=100))
    assert result.truncated == {"r"}


@pytest.mark.parametrize("limits", [Limits(rows=10), Limits(pairs=10), Limits(seconds=0)])
def test_what_is_too_much_for_the_rete_runs_on_indexes(limits: Limits) -> None:
    rows = [*rows_of("a", 20, value="hot"), *rows_of("b", 20, start=20, value="hot")]
    result = match([JOIN], by_source(rows), durable(), limits)
    assert result.truncated == frozenset()
    assert len(result.matches["r"]) == 400


class Failing:
    """A backend that fails as the C core does."""

    name = "failing"

    def compile(self, _rules: Any) -> Any:
        raise RuleEngineError("durable-rules failed: no memory")


def test_a_cut_makes_the_rest_unknown() -> None:
    rule = {
        "all": [
            {"as": "p", "fact": "kubernetes.pod", "where": {"ready": False}},
            {"fact": "kubernetes.pod", "where": {"ready": True}, "join": {"node": "p.node"}},
        ]
    }
    facts = [pod(f"deployment/shop/a{number}", f"shop/a{number}", ready=False, node="n") for number in range(9)]
    facts += [pod("deployment/shop/z", "shop/z", ready=True, node="n")]
    seen = observe_compiled(rules(a=finding([rule])), FactBase(facts), engine="python", limits=Limits(matches=4))
    assert len(seen.present()) == 4
    assert seen.truncated == "too many matches, the rest is left out: test.a#0"
    item = seen.get("test.a", "deployment/shop/z")
    assert item is not None
    assert (item.presence.value, item.reason) == ("unknown", "failed")


JOINING = {"all": [{"as": "p", "fact": "kubernetes.pod"}]}


def test_the_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("durable_rules_engine")
    small, base = knowledge(a=finding([JOINING])), FactBase([pod()])
    assert observe(small, base).backend == "durable-rules"
    assert observe(small, base, engine="durable").backend == "durable-rules"
    assert observe(small, base, engine="python").backend == "python"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "durable_rules_engine", None)
        fallen_back = observe(small, base)
        assert fallen_back.backend == "python (durable-rules cannot be imported)"
        assert len(fallen_back.present()) == 1
        with pytest.raises(RuleEngineError, match="cannot be imported"):
            observe(small, base, engine="durable")
    with monkeypatch.context() as patch:
        patch.setattr("dotmac_diagnose.rules._durable_backend", Failing)
        fallen_back = observe(small, base)
        assert fallen_back.backend == "python (durable-rules failed: durable-rules failed: no memory)"
        assert len(fallen_back.present()) == 1
        with pytest.raises(RuleEngineError, match="no memory"):
            observe(small, base, engine="durable")


def test_a_crash_of_the_child_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def crash(command: list[str], **options: Any) -> Any:
        code = f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"
        return run([command[0], "-c", code], **options)

    monkeypatch.setattr(subprocess, "run", crash)
    matcher = GuardedBackend().compile([JOIN])
    with pytest.raises(RuleEngineError, match="crashed with signal 11"):
        matcher.infer(rows_of("a", 1))


def test_a_child_that_fails_or_hangs_is_an_error() -> None:
    with pytest.raises(RuleEngineError, match="refuses a rule"):
        infer_in_child([([MatchRule("r", ())], [])])
    with pytest.raises(RuleEngineError, match=r"more than 0\.01 s"):
        infer_in_child([([JOIN], [])], seconds=0.01)


def test_the_child_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    run = subprocess.run

    def keep(command: list[str], **options: Any) -> Any:
        seen.update(options["env"])
        return run(command, **options)

    monkeypatch.setenv("PGPASSWORD", "hunter2")
    monkeypatch.setattr(subprocess, "run", keep)
    pytest.importorskip("durable_rules_engine")
    rows = [*rows_of("a", 1), *rows_of("b", 1, start=1)]
    assert GuardedBackend().compile([JOIN]).infer(rows).matches == {"r": ((0, 1),)}
    assert "hunter2" not in seen.values()
    assert seen.keys() <= {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV"}
    assert os.environ["PGPASSWORD"] == "hunter2"


def test_the_core_is_imported_only_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    original = builtins.__import__

    def watch(name: str, *rest: Any, **named: Any) -> Any:
        imported.append(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", watch)
    observe(knowledge(a=finding([JOINING])), FactBase([pod()]), engine="python")
    assert not [name for name in imported if name.startswith("durable")]
