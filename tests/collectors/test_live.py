"""The library: collect from real sockets, in time, inside an event loop, cancellable; secrets stay out."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from collectors.plugin import install
from collectors.sockets import silent_server
from dotmac_diagnose import Bundle, LiveOptions, Targets, UsageError, collect, collect_async, diagnose
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.facts import OutcomeStatus, Relation
from dotmac_diagnose.live import collect_live, permissions_live, uncovered
from dotmac_diagnose.options import Clock
from dotmac_diagnose_collectors.registry import Registered

PLACE = "collectors.socket_collectors"
PASSWORD = "Tr0ub4dor-and-3"
DSN = f"postgresql://app:{PASSWORD}@db/shop"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = install(tmp_path / "plugins", {"postgres": f"{PLACE}:Open", "redis": f"{PLACE}:Closed"})
    return use(folder, monkeypatch)


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(folder)
    return folder


def outcomes(bundle: Bundle) -> dict[str, tuple[OutcomeStatus, str | None]]:
    return {item.collector: (item.status, item.reason) for item in bundle.outcomes if ":" not in item.collector}


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize("collector", ["async_reader", "blocking_reader"])
def test_a_server_that_does_not_answer_costs_the_deadline_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: str, drip: bool
) -> None:
    use(install(tmp_path, {"redis": f"{PLACE}:{collector}"}), monkeypatch)
    with silent_server(drip=drip) as port:
        started = time.monotonic()
        run = collect_live(Targets(redis=[f"redis://127.0.0.1:{port}"]), LiveOptions(deadline=3.0, only=["redis"]))
        assert time.monotonic() - started < 4.5
    status, reason = outcomes(run.bundle)["redis"]
    assert status is OutcomeStatus.TIMEOUT
    assert "1 document kept" in (reason or "")
    assert len(run.bundle.documents) == 1
    assert bool(run.lingering) == (collector == "blocking_reader")


def test_a_closed_port_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(install(tmp_path, {"redis": f"{PLACE}:async_reader"}), monkeypatch)
    with silent_server() as port:
        pass
    bundle = collect(Targets(redis=[f"redis://127.0.0.1:{port}"]), 5, options=LiveOptions(only=["redis"]))
    assert outcomes(bundle)["redis"] == (OutcomeStatus.UNAVAILABLE, f"connection refused (127.0.0.1:{port})")


def test_secrets_of_targets_stay_out_of_everything(installed: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    bundle = collect(Targets(postgres=[DSN], redis=["redis://cache"]), 10, lambda step: steps.append(str(step)))
    bundle.write(tmp_path / "bundle")
    written = "".join(path.read_text() for path in (tmp_path / "bundle").rglob("*") if path.is_file())
    report = diagnose(bundle).to_json()
    assert PASSWORD not in f"{written} {report} {bundle!r}"
    assert "app:***@db" in written
    assert bundle.inputs == ("postgres db", "redis cache")
    assert Relation("connects_to", "deployment/shop/api", "made/db") in bundle.base.relations
    assert outcomes(bundle)["postgres"] == (OutcomeStatus.PARTIAL, "denied: locks")
    assert outcomes(bundle)["redis"] == (OutcomeStatus.DENIED, "NOAUTH Authentication required (cache:6379)")
    assert "postgres: partial (2 documents): denied: locks" in steps
    assert installed.exists()


def test_live_and_reloaded_give_the_same_diagnosis(installed: Path, tmp_path: Path) -> None:
    bundle = collect(Targets(postgres=[DSN]), 10)
    bundle.write(tmp_path / "bundle.tar.zst")
    live = diagnose(bundle)
    again = diagnose(tmp_path / "bundle.tar.zst")
    update = {"timings_ms": again.timings_ms, "scope": again.scope}
    assert live.model_copy(update=update) == again
    assert installed.exists()


def test_the_clock_tells_how_long_collecting_took(installed: Path) -> None:
    clock = Clock()
    collect_live(Targets(postgres=[DSN]), LiveOptions(deadline=10), clock=clock)
    assert set(clock.spent) == {"collect", "extract"}
    assert installed.exists()


def test_no_target_or_a_strange_time_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no target was named"):
        collect(Targets())
    for options in (
        LiveOptions(deadline=0), LiveOptions(deadline=float("nan")), LiveOptions(deadline=float("inf")),
        LiveOptions(probe=-1), LiveOptions(sample=-1), LiveOptions(sample=float("nan")), LiveOptions(only=["no-such"]),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            collect(Targets(postgres=[DSN]), options=options)


def test_what_no_collector_looks_at_is_said() -> None:
    everything = Targets(postgres=["x"], urls=["http://x"], log_files=["x"], kubeconfig="x", namespaces=["x"])
    found = uncovered(everything, Registered((), ()))
    assert [(item.collector, item.status) for item in found] == [
        (name, OutcomeStatus.SKIPPED) for name in ("http", "kubernetes", "log", "postgres")
    ]
    assert uncovered(Targets(), Registered((), ())) == ()


def test_it_works_inside_a_running_event_loop(installed: Path) -> None:
    async def both() -> tuple[Bundle, Bundle]:
        target = Targets(postgres=[DSN])
        direct = collect(target, 10)
        one, other = await asyncio.gather(collect_async(target, 10), collect_async(target, 10))
        assert one.documents == other.documents
        return direct, one

    direct, one = asyncio.run(both())
    assert direct.documents == one.documents
    assert installed.exists()


def test_a_cancelled_run_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(install(tmp_path, {"redis": f"{PLACE}:async_reader"}), monkeypatch)
    threads = threading.active_count()

    async def cancelled(port: int) -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(
            collect_async(
                Targets(redis=[f"redis://127.0.0.1:{port}"]),
                60,
                lambda _: loop.call_soon_threadsafe(begun.set),
                options=LiveOptions(deadline=60, only=["redis"]),
            )
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with silent_server() as port:
        started = time.monotonic()
        asyncio.run(cancelled(port))
        assert time.monotonic() - started < 5
    assert threading.active_count() <= threads + 1


def test_permissions_are_asked_of_each(installed: Path) -> None:
    asked, others = permissions_live(Targets(postgres=[DSN], redis=["redis://cache"], urls=["http://x"]), LiveOptions())
    by_id = {item.collector: item for item in asked}
    assert [item.held for item in by_id["postgres"].permissions] == [True, False, None]
    assert by_id["postgres"].outcome.status is OutcomeStatus.OK
    assert by_id["redis"].permissions == ()
    assert by_id["redis"].outcome.status is OutcomeStatus.DENIED
    assert ("http", "no installed collector looks at urls") in {(item.collector, item.reason) for item in others}
    assert installed.exists()


def test_answers_of_a_live_run_carry_no_path_of_their_own(installed: Path) -> None:
    bundle = collect(Targets(postgres=[DSN]), 10)
    answers = [item for item in bundle.documents if isinstance(item, ServerAnswer)]
    assert {item.evidence for item in answers} == {
        "evidence/servers/made/db/login.0.json", "evidence/servers/made/db/locks.0.json"
    }  # fmt: skip
    assert installed.exists()
