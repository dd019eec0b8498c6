"""Questions about the server itself: settings, roles, databases, collations, row security."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

# Values of commands and connection strings are not read: they may hold passwords.
_SETTING_NAMES = (
    "archive_mode", "archive_timeout", "autovacuum", "autovacuum_freeze_max_age", "autovacuum_max_workers",
    "autovacuum_naptime", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit",
    "autovacuum_vacuum_scale_factor", "autovacuum_work_mem", "checkpoint_completion_target", "checkpoint_timeout",
    "checkpoint_warning", "deadlock_timeout", "dynamic_shared_memory_type", "effective_cache_size", "fsync",
    "full_page_writes", "hash_mem_multiplier", "hot_standby", "hot_standby_feedback", "huge_pages",
    "idle_session_timeout", "jit", "log_lock_waits", "log_min_duration_statement", "maintenance_work_mem",
    "max_connections", "max_locks_per_transaction", "max_parallel_workers", "max_prepared_transactions",
    "max_replication_slots", "max_slot_wal_keep_size", "max_standby_streaming_delay", "max_wal_senders",
    "max_wal_size", "max_worker_processes", "min_wal_size", "random_page_cost", "recovery_min_apply_delay",
    "reserved_connections", "shared_buffers", "ssl", "superuser_reserved_connections", "synchronous_commit",
    "synchronous_standby_names", "temp_file_limit", "temp_buffers", "track_activities", "track_counts",
    "track_io_timing", "transaction_timeout", "vacuum_cost_limit", "vacuum_failsafe_age", "wal_compression",
    "wal_keep_segments", "wal_keep_size", "wal_level", "wal_sender_timeout", "work_mem", "zero_damaged_pages",
)  # fmt: skip
_ROLE_SETTING_NAMES = (
    "default_transaction_read_only", "idle_in_transaction_session_timeout", "idle_session_timeout", "lock_timeout",
    "row_security", "statement_timeout", "synchronous_commit", "temp_file_limit", "transaction_timeout", "work_mem",
)  # fmt: skip


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_SERVER = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
  pg_is_in_recovery() AS in_recovery,
  extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime_seconds,
  extract(epoch FROM clock_timestamp() - pg_conf_load_time())::float8 AS configuration_age_seconds,
  current_setting('data_checksums')::bool AS data_checksums, current_user::text AS role,
  pg_has_role('pg_read_all_stats', 'USAGE') AS reads_all_statistics, current_database()::text AS database
"""

_SETTINGS = f"""
SELECT name, CASE WHEN name IN ({_list(_SETTING_NAMES)}) THEN left(setting, 200) ELSE '' END AS value, unit, vartype,
  source, setting IS NOT DISTINCT FROM boot_val AS is_default, pending_restart
FROM pg_settings WHERE pending_restart OR name IN ({_list(_SETTING_NAMES)}) ORDER BY name
"""  # noqa: S608 -- the names are constants

_ROLE_SETTINGS = f"""
SELECT r.rolname::text AS role, d.datname::text AS database, split_part(c.entry, '=', 1) AS name,
  left(substr(c.entry, strpos(c.entry, '=') + 1), 200) AS value
FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c (entry)
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE split_part(c.entry, '=', 1) IN ({_list(_ROLE_SETTING_NAMES)}) ORDER BY 1, 2, 3 LIMIT 300
"""  # noqa: S608 -- the names are constants

_CONFIGURATION_ERRORS = """
SELECT regexp_replace(sourcefile, '^.*/', '') AS file, sourceline AS line, name, left(error, 300) AS error
FROM pg_file_settings WHERE error IS NOT NULL ORDER BY seqno LIMIT 50
"""

_MEMORY = """
SELECT pg_size_bytes(current_setting('shared_buffers'))::bigint AS shared_buffers_bytes,
  pg_size_bytes(current_setting('work_mem'))::bigint AS work_mem_bytes,
  pg_size_bytes(current_setting('maintenance_work_mem'))::bigint AS maintenance_work_mem_bytes,
  coalesce(current_setting('hash_mem_multiplier', true)::float8, 1) AS hash_multiplier,
  current_setting('max_connections')::int AS max_connections,
  current_setting('dynamic_shared_memory_type') AS dynamic_shared_memory_type
"""

_ROLES = """
SELECT r.rolname::text AS role, nullif(r.rolconnlimit, -1)::int AS connection_limit, count(a.pid)::int AS connections,
  extract(epoch FROM r.rolvaliduntil - clock_timestamp())::float8 AS valid_seconds,
  r.rolsuper AS superuser, r.rolbypassrls AS bypasses_row_security
FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usesysid = r.oid AND a.pid <> pg_backend_pid()
WHERE r.rolcanlogin GROUP BY 1, 2, 4, 5, 6 ORDER BY 3 DESC, 1 LIMIT 200
"""

_DATABASES = """
SELECT d.datname::text AS database, d.datallowconn AS accepts_connections,
  nullif(d.datconnlimit, -1)::int AS connection_limit, pg_stat_get_db_numbackends(d.oid)::int AS connections
FROM pg_database d ORDER BY 4 DESC, 1 LIMIT 200
"""

_SIZES = """
SELECT d.datname::text AS database, pg_database_size(d.oid)::bigint AS size_bytes
FROM pg_database d
WHERE has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') ORDER BY 1 LIMIT 100
"""

_DATABASE_COLLATIONS = """
SELECT d.datname::text AS database, NULL AS collation,
  CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
  d.datcollversion AS recorded_version, pg_database_collation_actual_version(d.oid) AS actual_version
FROM pg_database d WHERE d.datcollversion IS NOT NULL
  AND d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid) ORDER BY 1 LIMIT 50
"""

_COLLATIONS = """
SELECT current_database()::text AS database, c.collname::text AS collation,
  CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
  c.collversion AS recorded_version, pg_collation_actual_version(c.oid) AS actual_version
FROM pg_collation c
WHERE c.collversion IS NOT NULL
  AND c.oid IN (SELECT attcollation FROM pg_attribute WHERE attrelid >= 16384 AND attcollation <> 0)
  AND c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid) ORDER BY 2 LIMIT 50
"""

_EXTENSIONS = """
SELECT current_database()::text AS database, e.extname::text AS extension, e.extversion AS version,
  a.default_version
FROM pg_extension e LEFT JOIN pg_available_extensions a ON a.name = e.extname ORDER BY 2 LIMIT 100
"""

_ROW_SECURITY = """
SELECT current_database()::text AS database, n.nspname::text AS schema_name, c.relname::text AS table,
  c.relforcerowsecurity AS forced, pg_get_userbyid(c.relowner)::text AS owner,
  greatest(c.reltuples, 0)::float8 AS rows_estimate,
  (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
  (SELECT array_agg(r.rolname::text ORDER BY r.rolname) FROM pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT r.rolbypassrls AND r.rolname <> current_user
      AND has_table_privilege(r.oid, c.oid, 'SELECT')
      AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
      AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
        AND EXISTS (SELECT FROM unnest(p.polroles) AS u (role)
          WHERE u.role = 0 OR pg_has_role(r.oid, u.role, 'USAGE')))) AS blind_roles
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') ORDER BY 2, 3 LIMIT 50
"""

SERVER_QUESTION = Question("server", _SERVER, "pg_postmaster_start_time, pg_has_role")
"""Asked first: its answer decides which other questions fit."""

SERVER = (
    Question("settings", _SETTINGS, "pg_settings"),
    Question("role_settings", _ROLE_SETTINGS, "pg_db_role_setting"),
    Question("configuration_errors", _CONFIGURATION_ERRORS, "pg_file_settings"),
    Question("memory", _MEMORY, "pg_settings", Need.ALL_STATISTICS),
    Question("roles", _ROLES, "pg_roles"),
    Question("databases", _DATABASES, "pg_database"),
    Question("database_sizes", _SIZES, "pg_database_size"),
    Question("database_collations", _DATABASE_COLLATIONS, "pg_database_collation_actual_version", since=15),
    Question("collations", _COLLATIONS, "pg_collation_actual_version", per_database=True),
    Question("extensions", _EXTENSIONS, "pg_extension", per_database=True),
    Question("row_security", _ROW_SECURITY, "pg_policy", per_database=True),
)
