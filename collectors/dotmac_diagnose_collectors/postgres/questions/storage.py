"""Questions about counters of databases, WAL, archiving and checkpoints."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Question

_DATABASE_ACTIVITY = """
SELECT d.datname::text AS database, extract(epoch FROM clock_timestamp())::float8 AS at,
  extract(epoch FROM clock_timestamp() - d.stats_reset)::float8 AS statistics_age_seconds,
  d.checksum_failures::bigint, extract(epoch FROM clock_timestamp() - d.checksum_last_failure)::float8
    AS last_checksum_failure_seconds,
  d.deadlocks::bigint, d.xact_commit::bigint AS commits, d.xact_rollback::bigint AS rollbacks,
  d.temp_bytes::bigint AS temporary_bytes, d.blks_hit::bigint AS blocks_hit, d.blks_read::bigint AS blocks_read,
  (to_jsonb(d) ->> 'sessions_killed')::bigint AS killed_sessions,
  (to_jsonb(d) ->> 'sessions_abandoned')::bigint AS abandoned_sessions
FROM pg_stat_database d WHERE d.datname IS NOT NULL ORDER BY d.xact_commit DESC, 1 LIMIT 100
"""

_WAL = """
SELECT count(*)::int AS segments, coalesce(sum(f.size), 0)::bigint AS directory_bytes,
  pg_size_bytes(current_setting('max_wal_size'))::bigint AS max_wal_size_bytes,
  coalesce(pg_size_bytes(current_setting('wal_keep_size', true)),
    current_setting('wal_keep_segments', true)::bigint * pg_size_bytes(current_setting('wal_segment_size')), 0)::bigint
    AS kept_bytes,
  pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
    '0/0')::float8
    AS written,
  extract(epoch FROM clock_timestamp())::float8 AS at,
  (SELECT max(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
    s.restart_lsn))::bigint FROM pg_replication_slots s) AS slot_retained_bytes
FROM pg_ls_waldir() AS f WHERE f.name ~ '^[0-9A-F]{24}$'
"""

_ARCHIVER = """
SELECT current_setting('archive_mode') <> 'off' AS enabled,
  (SELECT bool_or(setting NOT IN ('', '(disabled)')) FROM pg_settings WHERE name IN ('archive_command',
    'archive_library'))
    AS configured,
  a.archived_count::bigint AS archived, a.failed_count::bigint AS failed,
  extract(epoch FROM clock_timestamp() - a.last_archived_time)::float8 AS last_archived_seconds,
  extract(epoch FROM clock_timestamp() - a.last_failed_time)::float8 AS last_failed_seconds,
  a.last_failed_wal AS last_failed_segment
FROM pg_stat_archiver a
"""

_ARCHIVE_QUEUE = """
SELECT count(*)::int AS waiting_segments FROM pg_ls_archive_statusdir() AS f WHERE f.name LIKE '%.ready'
"""

_CHECKPOINTS = """
SELECT {timed}::bigint AS timed, {requested}::bigint AS requested,
  extract(epoch FROM clock_timestamp() - c.stats_reset)::float8 AS statistics_age_seconds,
  (SELECT setting::int FROM pg_settings WHERE name = 'checkpoint_timeout') AS timeout_seconds,
  pg_size_bytes(current_setting('max_wal_size'))::bigint AS max_wal_size_bytes
FROM {view} c
"""

_OLD_CHECKPOINTS = _CHECKPOINTS.format(
    timed="c.checkpoints_timed", requested="c.checkpoints_req", view="pg_stat_bgwriter"
)
_NEW_CHECKPOINTS = _CHECKPOINTS.format(timed="c.num_timed", requested="c.num_requested", view="pg_stat_checkpointer")

STORAGE = (
    Question("database_activity", _DATABASE_ACTIVITY, "pg_stat_database", twice=True),
    Question("wal", _WAL, "pg_ls_waldir", twice=True),
    Question("archiver", _ARCHIVER, "pg_stat_archiver", twice=True),
    Question("archive_queue", _ARCHIVE_QUEUE, "pg_ls_archive_statusdir"),
    Question("checkpoints", _OLD_CHECKPOINTS, "pg_stat_bgwriter", until=16, twice=True),
    Question("checkpoints", _NEW_CHECKPOINTS, "pg_stat_checkpointer", since=17, twice=True),
)
