from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import dotmac_diagnose
from cli.conftest import PATHS
from dotmac_diagnose import (
    Bundle,
    Diagnosis,
    FactBase,
    InputError,
    Options,
    Relation,
    UsageError,
    api,
    diagnose,
    diagnose_async,
    load_knowledge,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dotmac_diagnose.options import Clock

HEAVY = ("pydantic", "networkx", "numpy", "rich", "click", "kubernetes", "psycopg", "redis", "ruamel", "asyncio")
TRUTH = ("kubernetes.image_not_found", "deployment/dotmac-production/dotmac-api")


def same(one: Diagnosis, other: Diagnosis) -> bool:
    return one.model_copy(update={"timings_ms": other.timings_ms}) == other


def test_the_public_names() -> None:
    assert dotmac_diagnose.__all__ == [
        "Bundle",
        "DiagnoseError",
        "Diagnosis",
        "Fact",
        "FactBase",
        "InputError",
        "Knowledge",
        "KnowledgeError",
        "LimitExceeded",
        "Limits",
        "LiveOptions",
        "Options",
        "Relation",
        "Targets",
        "UsageError",
        "__version__",
        "collect",
        "collect_async",
        "diagnose",
        "diagnose_async",
        "fact",
        "load_knowledge",
    ]
    assert all(getattr(dotmac_diagnose, name) is not None for name in dotmac_diagnose.__all__)
    assert set(dotmac_diagnose.__all__) <= set(dir(dotmac_diagnose))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        importlib.import_module("dotmac_diagnose").no_such_name  # noqa: B018


def test_importing_costs_nothing() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import sys, dotmac_diagnose; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": PATHS},
    )
    assert set(seen.stdout.split()).isdisjoint(HEAVY)


def test_a_path_a_bundle_and_its_facts_give_the_same(incident: Path) -> None:
    bundle = Bundle.read(incident)
    knowledge = load_knowledge()
    by_path = diagnose(incident)
    assert (by_path.causes[0].id, by_path.causes[0].entity.id) == TRUTH
    assert same(by_path, diagnose(bundle, knowledge=knowledge))
    assert same(by_path, diagnose(str(incident)))
    by_facts = diagnose(bundle.base, options=Options(inputs=by_path.scope.inputs))
    assert same(by_path, by_facts)


def test_the_diagnosis_round_trips(incident: Path) -> None:
    found = diagnose(incident)
    assert Diagnosis.from_json(found.to_json()) == found


def test_an_empty_fact_base_is_inconclusive() -> None:
    assert diagnose(FactBase([])).status == "inconclusive"


def test_a_path_that_is_not_there_is_an_input_error() -> None:
    with pytest.raises(InputError, match="/no/such/file"):
        diagnose("/no/such/file")


def test_a_scope_without_anything_is_a_usage_error(incident: Path) -> None:
    with pytest.raises(UsageError, match="dotmac-production"):
        diagnose(incident, options=Options(namespaces=["no-such-namespace"]))


def test_a_scope_keeps_its_namespaces_the_platform_and_what_has_none(incident: Path) -> None:
    base = Bundle.read(incident).base
    part = api.scoped(base, ("dotmac-production",))
    namespaces = {item.entity.split("/")[1] for item in part.facts if item.entity.startswith("deployment/")}
    assert namespaces <= {"dotmac-production", "kube-system"}
    assert any(item.entity.startswith("node/") for item in part.facts)
    assert all(isinstance(item, Relation) for item in part.relations)
    assert api.scoped(base, ()) is base


def test_independent_calls_may_run_in_threads(incident: Path) -> None:
    base = Bundle.read(incident).base
    knowledge = load_knowledge()
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: diagnose(base, knowledge=knowledge), range(4))
    assert all(same(first, other) for other in others)


def test_it_works_inside_a_running_event_loop(incident: Path) -> None:
    async def both() -> tuple[Diagnosis, Diagnosis]:
        one, other = await asyncio.gather(diagnose_async(incident), diagnose_async(incident))
        return one, other

    one, other = asyncio.run(both())
    assert same(one, other)
    assert one.causes[0].id == TRUTH[0]


def test_an_error_passes_through_the_event_loop() -> None:
    with pytest.raises(InputError):
        asyncio.run(diagnose_async("/no/such/file"))


def test_a_cancelled_run_stops_before_its_next_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    stages: list[str] = []

    def slow(_source: object, _knowledge: object, _options: object, clock: Clock) -> None:
        def stage() -> None:
            begun.set()
            go_on.wait(10)

        try:
            clock.measure("first", stage)
            clock.measure("second", lambda: stages.append("second"))
        finally:
            ended.set()

    monkeypatch.setattr(api, "diagnose_measured", slow)

    async def cancelled() -> None:
        task = asyncio.create_task(diagnose_async(FactBase([])))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.to_thread(ended.wait, 10)

    asyncio.run(cancelled())
    assert ended.is_set()
    assert stages == []
