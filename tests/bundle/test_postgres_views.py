"""Statistics views that somebody exported as CSV become the facts of a live look."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.bundle.importers.postgres_views import rows_of_csv, view_of_file
from dotmac_diagnose.facts.postgres.activity import ConnectionGroup, Connections, LockRoot

COLUMNS = (
    "pid,datname,usename,application_name,client_addr,backend_start,xact_start,query_start,state_change,"
    "wait_event_type,wait_event,state,backend_type,blocking_pids,query"
)


def client(pid: int, application: str, address: str, at: str, wait: str, state: str, blockers: str) -> str:
    moments = ",".join(["2026-01-01 10:00:00+00", *[f"2026-01-01 10:{at}+00"] * 3])
    return f"{pid},shop,shop,{application},{address},{moments},{wait},{state},client backend,{blockers},UPDATE t"


ACTIVITY = "\n".join(
    [
        COLUMNS,
        "9,,,,,2026-01-01 10:00:00+00,,,,Activity,CheckpointerMain,,checkpointer,{},",
        client(20, "report", "10.0.0.7", "01:00", "Client,ClientRead", "idle in transaction", "{}"),
        client(21, "api", "10.0.0.8", "01:30", "Lock,transactionid", "active", "{20}"),
        client(22, "api", "10.0.0.8", "01:40", "Lock,tuple", "active", "{21}"),
        client(30, "psql", "", "02:00", ",", "active", "{}"),
    ]
)
SETTINGS = """name,setting,unit,source,boot_val,reset_val,pending_restart
max_connections,20,,configuration file,100,20,f
superuser_reserved_connections,3,,default,3,3,f
archive_command,cp --password hunter2 %p,,configuration file,,x,f
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    views = tmp_path / "incident" / "pg"
    views.mkdir(parents=True)
    (views / "pg_stat_activity.csv").write_text(ACTIVITY, encoding="utf-8")
    (views / "pg_settings.csv").write_text(SETTINGS, encoding="utf-8")
    return views.parent


def test_slots_holders_and_the_root_of_a_lock_queue(folder: Path) -> None:
    values = [item.values for item in Bundle.read(folder).base.facts]
    slots = next(item for item in values if isinstance(item, Connections))
    assert (slots.usable, slots.used, slots.idle_in_transaction, slots.waiting_on_lock) == (17, 4, 1, 2)
    groups = {item.application: item.connections for item in values if isinstance(item, ConnectionGroup)}
    assert groups["api"] == 2
    (root,) = [item for item in values if isinstance(item, LockRoot)]
    assert (root.pid, root.blocked_sessions, root.depth, root.application) == (20, 2, 2, "report")
    assert root.transaction_seconds == pytest.approx(60.0)


def test_values_of_commands_are_not_read(folder: Path) -> None:
    base = Bundle.read(folder).base
    assert "hunter2" not in str(base.facts)


def test_a_damaged_view_costs_itself_only(folder: Path) -> None:
    (folder / "pg" / "pg_locks.csv").write_text("nothing", encoding="utf-8")
    bundle = Bundle.read(folder)
    assert any(isinstance(item.values, Connections) for item in bundle.base.facts)
    assert any("pg_locks.csv" in item.collector for item in bundle.outcomes)


def test_a_bundle_of_views_can_be_written_and_read_again(folder: Path, tmp_path: Path) -> None:
    first = Bundle.read(folder)
    first.write(tmp_path / "b.tar.zst")
    again = Bundle.read(tmp_path / "b.tar.zst", reextract=True)
    assert [(item.kind, item.values) for item in again.base.facts] == [
        (item.kind, item.values) for item in first.base.facts
    ]


@pytest.mark.parametrize("text", ["", "a", 'a,b\n"x', "\x00"])
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"header|CSV|line"):
        rows_of_csv(text)


def test_only_known_views_are_read() -> None:
    assert view_of_file("x/pg/pg_locks.csv") == "pg_locks"
    assert view_of_file("x/pg/pg_shadow.csv") is None
