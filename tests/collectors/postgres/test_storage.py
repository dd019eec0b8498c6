"""Tables, indexes, sequences, vacuum, counters and settings of real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dotmac_diagnose.facts import Status
from servers.looking import look_at_postgres, shown, statuses, the
from servers.postgres import PostgresServer, postgres_server
from servers.process import wait_until
from servers.sessions import sessions


@pytest.fixture
def shop(postgres: PostgresServer) -> Iterator[PostgresServer]:
    yield postgres
    postgres.run("DROP SCHEMA IF EXISTS store CASCADE", database="shop")


def _settle(server: PostgresServer, table: str, column: str, least: int) -> None:
    """Counters of tables come to the view a moment later."""
    query = f"SELECT {column} FROM pg_stat_user_tables WHERE relname = '{table}'"
    wait_until(lambda: (server.value(query, "shop") or 0) >= least, what=f"{column} of {table}")


def test_a_table_with_autovacuum_off_and_dead_rows(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.visits (id int, n text) WITH (autovacuum_enabled = false)",
             "INSERT INTO store.visits SELECT g, repeat('x', 200) FROM generate_series(1, 30000) g",
             database="shop")  # fmt: skip
    _settle(shop, "visits", "n_live_tup", 30000)
    shop.run("ANALYZE store.visits", "UPDATE store.visits SET id = -id WHERE id <= 20000", database="shop")
    _settle(shop, "visits", "n_dead_tup", 20000)
    shop.run("GRANT USAGE ON SCHEMA store TO monitor", "GRANT SELECT ON store.visits TO monitor", database="shop")
    base = look_at_postgres(shop.dsn("monitor", "shop"), sample=0.3)
    table = the(base, "postgres.table", table="visits")
    assert (table.schema_name, table.autovacuum_off_for_table, table.autovacuum_enabled) == ("store", True, False)
    assert table.dead_rows == 20000
    assert table.vacuum_trigger_rows == 50 + 0.2 * 30000
    assert table.dead_over_trigger == round(20000 / 6050, 2)
    assert 30 < table.dead_percent < 50
    assert table.modified_percent > 50
    assert table.last_analyze_seconds >= 0
    assert (table.last_vacuum_seconds, table.vacuum_running, table.dead_rows_growth) == (None, False, 0)
    assert the(base, "postgres.autovacuum").tables_over_trigger == 0


def test_bloat_is_estimated_where_the_statistics_may_be_read(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.old (id int, n text) WITH (autovacuum_enabled = false)",
             "INSERT INTO store.old SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g",
             "DELETE FROM store.old WHERE id % 10 <> 0", "VACUUM (ANALYZE) store.old", database="shop")  # fmt: skip
    table = the(look_at_postgres(shop.dsn("postgres", "shop")), "postgres.table", table="old")
    assert 80 < table.bloat_percent_estimate < 95
    assert table.bloat_bytes_estimate > 1_000_000
    hidden = the(look_at_postgres(shop.dsn("monitor", "shop")), "postgres.table", table="old")
    assert hidden.bloat_bytes_estimate is None


def test_sequential_scans_are_counted_between_the_looks(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.lines (id int)",
             "INSERT INTO store.lines SELECT generate_series(1, 5000)",
             "SELECT count(*) FROM store.lines", database="shop")  # fmt: skip
    _settle(shop, "lines", "seq_tup_read", 5000)
    table = the(look_at_postgres(shop.dsn("monitor", "shop"), sample=0.3), "postgres.table", table="lines")
    assert (table.recent_sequential_scans, table.recent_sequential_rows) == (0, 0)
    assert table.rows_per_sequential_scan > 1000


def test_indexes_that_stand_out(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.bills (id int PRIMARY KEY, c int, d date, e int)",
             "CREATE INDEX bills_c ON store.bills (c)", "CREATE INDEX bills_c_again ON store.bills (c)",
             "CREATE INDEX bills_c_d ON store.bills (c, d)", "CREATE INDEX bills_c_part ON store.bills (c) WHERE e > 0",
             "CREATE INDEX bills_id ON store.bills (id)", "INSERT INTO store.bills VALUES (1, 1), (2, 1)",
             database="shop")  # fmt: skip
    with pytest.raises(Exception, match="could not create unique index"):
        shop.run("CREATE UNIQUE INDEX CONCURRENTLY bills_once ON store.bills (c)", database="shop")
    base = look_at_postgres(shop.dsn("monitor", "shop"))
    found = {index.index: index for index in shown(base, "postgres.index")}
    assert (found["bills_once"].valid, found["bills_once"].building, found["bills_once"].unique) == (False, False, True)
    assert found["bills_c_again"].duplicate_of == "bills_c"
    assert found["bills_c"].duplicate_of is None
    assert found["bills_c"].prefix_of == "bills_c_d"
    assert found["bills_id"].duplicate_of == "bills_pkey"
    assert set(found) == {"bills_once", "bills_c_again", "bills_c", "bills_id"}


def test_an_index_that_is_being_built_is_told_from_a_broken_one(shop: PostgresServer):
    shop.run(
        "CREATE SCHEMA store", "CREATE TABLE store.big (id int)", "INSERT INTO store.big VALUES (1)", database="shop"
    )
    with sessions(shop) as held:
        held.open("BEGIN", "INSERT INTO store.big VALUES (2)")
        held.stuck("CREATE INDEX CONCURRENTLY big_id ON store.big (id)")
        index = the(look_at_postgres(shop.dsn("monitor", "shop")), "postgres.index", index="big_id")
        assert (index.valid, index.building) == (False, True)


def test_foreign_keys_without_index_or_validation(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.a (id int PRIMARY KEY)",
             "CREATE TABLE store.b (x int REFERENCES store.a, y int REFERENCES store.a, z int)",
             "CREATE INDEX ON store.b (y)",
             "ALTER TABLE store.b ADD CONSTRAINT b_z FOREIGN KEY (z) REFERENCES store.a NOT VALID",
             database="shop")  # fmt: skip
    keys = {key.columns: key for key in shown(look_at_postgres(shop.dsn("plain", "shop")), "postgres.foreign_key")}
    assert set(keys) == {"x", "z"}
    assert (keys["x"].indexed, keys["x"].validated, keys["x"].referenced_table) == (False, True, "a")
    assert (keys["z"].indexed, keys["z"].validated) == (False, False)


def test_a_sequence_is_measured_against_its_column(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.t (id serial, wide bigserial, n int)",
             "CREATE SEQUENCE store.loose", "ALTER TABLE store.t ALTER n SET DEFAULT nextval('store.loose')",
             "SELECT setval('store.t_id_seq', 2000000000), setval('store.t_wide_seq', 2000000000)",
             "SELECT setval('store.loose', 1073741824)", "CREATE SEQUENCE store.down INCREMENT -1 MINVALUE -100",
             "SELECT setval('store.down', -90)", database="shop")  # fmt: skip
    found = {item.sequence: item for item in shown(look_at_postgres(shop.dsn("postgres", "shop")), "postgres.sequence")}
    assert found["t_id_seq"].used_percent == 93.13
    assert (found["t_id_seq"].table, found["t_id_seq"].column, found["t_id_seq"].column_type) == ("t", "id", "integer")
    assert found["t_wide_seq"].used_percent < 0.01
    assert (found["loose"].used_percent, found["loose"].column_type) == (50.0, "integer")
    assert found["down"].used_percent == 90.0
    base = look_at_postgres(shop.dsn("monitor", "shop"))
    assert Status.DENIED in statuses(base, "postgres.sequence")
    assert not shown(base, "postgres.sequence")


def test_row_security_names_the_role_that_sees_nothing(shop: PostgresServer):
    shop.run("CREATE SCHEMA store", "CREATE TABLE store.secrets (id int)",
             "GRANT SELECT ON store.secrets TO plain, keyed", "ALTER TABLE store.secrets ENABLE ROW LEVEL SECURITY",
             "CREATE POLICY for_keyed ON store.secrets FOR SELECT TO keyed USING (true)", database="shop")  # fmt: skip
    base = look_at_postgres(shop.dsn("monitor", "shop"))
    assert the(base, "postgres.row_security").policies == 1
    assert [gap.role for gap in shown(base, "postgres.row_security_gap")] == ["plain"]


def test_statements_are_ranked_without_the_collectors_own(shop: PostgresServer):
    shop.run("SELECT pg_stat_statements_reset()", database="shop")
    shop.run("SELECT pg_sleep(0.3), 'hush' AS secret", "SET work_mem = '64kB'",
             "SELECT count(*) FROM (SELECT md5(g::text) m FROM generate_series(1, 20000) g ORDER BY 1) s",
             database="shop")  # fmt: skip
    with shop.connect(database="shop") as connection:
        connection.execute("SET work_mem = '64kB'")
        connection.execute(
            "SELECT * FROM (SELECT md5(g::text) m FROM generate_series(1, 50000) g ORDER BY 1) s LIMIT 1 OFFSET 49000"
        )
    shop.run("ALTER ROLE postgres SET statement_timeout = '500ms'")
    try:
        base = look_at_postgres(shop.dsn("monitor", "shop"), sample=0.3)
    finally:
        shop.run("ALTER ROLE postgres RESET statement_timeout")
    statements = shown(base, "postgres.statement")
    assert not any("pg_stat_activity" in (statement.query or "") for statement in statements)
    assert not any("hush" in (statement.query or "") for statement in statements)
    slow = next(statement for statement in statements if "pg_sleep" in (statement.query or ""))
    assert slow.mean_ms >= 300
    assert (slow.timeout_ms, slow.recent_calls) == (500, 0)
    assert slow.percent_of_timeout >= 60
    spilling = max(statements, key=lambda statement: statement.temporary_bytes)
    assert "md5" in spilling.query
    assert spilling.temporary_bytes > 100_000
    assert the(base, "postgres.role_setting", role="postgres").value == "500ms"


def test_a_database_without_the_extension_says_so(postgres: PostgresServer):
    base = look_at_postgres(postgres.dsn("monitor", "postgres"))
    statistics = the(base, "postgres.statement_statistics")
    assert (statistics.installed, statistics.preloaded, statistics.available) == (False, True, False)
    assert statuses(base, "postgres.statement") == {Status.UNSUPPORTED}


def test_transactions_and_horizons(shop: PostgresServer):
    shop.run("SELECT pg_create_physical_replication_slot('standby_a', true)",
             "SELECT pg_create_logical_replication_slot('stream_b', 'test_decoding')", database="shop")  # fmt: skip
    try:
        with sessions(shop) as held:
            old = held.open("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1 AS first")
            shop.run("CREATE TABLE store_x (n int)", "DROP TABLE store_x", database="shop")
            base = look_at_postgres(shop.dsn("monitor", "shop"))
            session = the(base, "postgres.session", pid=old.info.backend_pid)
            assert (session.idle_in_transaction, session.blocked_sessions) == (True, 0)
            assert session.xmin_age >= 2
            holders = {holder.holder: holder for holder in shown(base, "postgres.xmin_holder")}
            assert {"transaction", "catalog_slot"} <= set(holders)
            assert holders["catalog_slot"].name == "stream_b"
            horizon = the(base, "postgres.vacuum_horizon")
            assert horizon.oldest_holder in holders
            assert horizon.oldest_transaction_seconds > 0
            assert horizon.inactive_slot_xmin_age >= 2
        slots = {slot.slot: slot for slot in shown(base, "postgres.replication_slot")}
        assert slots["standby_a"].retained_bytes >= 0
        assert (slots["stream_b"].slot_type, slots["stream_b"].active, slots["stream_b"].database) == (
            "logical",
            False,
            "shop",
        )
    finally:
        shop.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots", database="shop")


def test_settings_that_wait_for_a_restart(version: int):
    with postgres_server(version) as server:
        server.configure(max_connections="40")
        server.run("SELECT pg_reload_conf()")
        wait_until(
            lambda: server.value("SELECT count(*) FROM pg_settings WHERE pending_restart") == 1, what="the reload"
        )
        setting = the(look_at_postgres(server.dsn("monitor", "shop")), "postgres.setting", name="max_connections")
        assert (setting.value, setting.pending_restart) == ("30", True)


def test_a_failing_archiver_and_growing_wal(version: int):
    with postgres_server(version, archive_mode="on", archive_command="false") as server:
        server.run("SELECT pg_switch_wal()", "CREATE TABLE t (n int)", "SELECT pg_switch_wal()")
        wait_until(lambda: server.value("SELECT failed_count FROM pg_stat_archiver") > 0, what="a failure")
        base = look_at_postgres(server.dsn("monitor", "shop"), sample=0.3)
        archiver = the(base, "postgres.archiver")
        assert (archiver.enabled, archiver.configured, archiver.failing) == (True, True, True)
        assert archiver.waiting_segments >= 1
        assert archiver.last_archived_seconds is None
        wal = the(base, "postgres.wal")
        assert wal.segments >= 2
        assert wal.directory_bytes == wal.segments * 16 * 1024 * 1024
        assert wal.percent_of_max > 0


def test_deadlocks_are_counted(shop: PostgresServer):
    shop.run(
        "CREATE SCHEMA store", "CREATE TABLE store.d (id int)", "INSERT INTO store.d VALUES (1), (2)", database="shop"
    )
    before = the(look_at_postgres(shop.dsn("monitor", "shop")), "postgres.database_activity", database="shop").deadlocks
    logged = len(shop.log.read_text())
    with sessions(shop) as held:
        first = held.open("SET deadlock_timeout = '100ms'", "BEGIN", "UPDATE store.d SET id = 1 WHERE id = 1")
        second = held.open("SET deadlock_timeout = '100ms'", "BEGIN", "UPDATE store.d SET id = 2 WHERE id = 2")
        held.behind(first, "UPDATE store.d SET id = 2 WHERE id = 2")
        held.behind(second, "UPDATE store.d SET id = 1 WHERE id = 1")
        wait_until(lambda: "deadlock detected" in shop.log.read_text()[logged:], what="the deadlock")
    # The counter comes when the transaction of the victim ends, not before.
    count = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'shop'"
    wait_until(lambda: shop.value(count, "shop") > before, what="the counter")
    activity = the(
        look_at_postgres(shop.dsn("monitor", "shop"), sample=0.2), "postgres.database_activity", database="shop"
    )
    assert activity.deadlocks == before + 1
    assert activity.recent_deadlocks == 0
