"""Questions about replication slots, standbys and recovery."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

_NOW = """CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"""

_SLOTS = f"""
SELECT s.slot_name::text AS slot, s.slot_type, s.database::text, s.active, s.active_pid, s.temporary,
  a.application_name AS consumer, host(a.client_addr) AS consumer_address,
  pg_wal_lsn_diff({_NOW}, s.restart_lsn)::bigint AS retained_bytes,
  greatest(age(s.xmin), age(s.catalog_xmin))::int AS xmin_age,
  j.slot ->> 'wal_status' AS wal_status, (j.slot ->> 'safe_wal_size')::bigint AS safe_wal_bytes,
  extract(epoch FROM clock_timestamp() - (j.slot ->> 'inactive_since')::timestamptz)::float8 AS inactive_seconds,
  j.slot ->> 'invalidation_reason' AS invalidation_reason
FROM pg_replication_slots s CROSS JOIN LATERAL to_jsonb(s) AS j (slot)
LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid
ORDER BY retained_bytes DESC NULLS LAST, 1 LIMIT 100
"""  # noqa: S608 -- the expression is a constant

_STANDBYS = f"""
SELECT r.pid, r.application_name AS application, host(r.client_addr) AS client_address, r.state, r.sync_state,
  pg_wal_lsn_diff({_NOW}, r.sent_lsn)::bigint AS send_lag_bytes,
  pg_wal_lsn_diff({_NOW}, r.flush_lsn)::bigint AS flush_lag_bytes,
  pg_wal_lsn_diff({_NOW}, r.replay_lsn)::bigint AS replay_lag_bytes,
  extract(epoch FROM r.replay_lag)::float8 AS replay_lag_seconds,
  extract(epoch FROM clock_timestamp() - r.backend_start)::float8 AS connected_seconds
FROM pg_stat_replication r ORDER BY replay_lag_bytes DESC NULLS LAST, r.pid LIMIT 50
"""  # noqa: S608 -- the expression is a constant

_SYNCHRONOUS = """
SELECT nullif(current_setting('synchronous_standby_names'), '') AS names,
  current_setting('synchronous_commit') NOT IN ('off', 'local') AS commit_waits,
  (SELECT count(*)::int FROM pg_stat_replication WHERE state <> 'backup') AS standbys,
  (SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')
    AND state = 'streaming') AS synchronous_standbys,
  count(*)::int AS waiting_sessions,
  max(extract(epoch FROM clock_timestamp() - query_start))::float8 AS longest_wait_seconds
FROM pg_stat_activity WHERE wait_event = 'SyncRep'
"""

# Only the host and port of primary_conninfo leave the server: it may hold a password.
_RECOVERY = """
SELECT pg_is_in_recovery() AS in_recovery, r.status AS receiver, r.sender_host, r.sender_port,
  (SELECT substring(setting FROM 'host\\s*=\\s*''?([^\\s'',]+)') FROM pg_settings WHERE name = 'primary_conninfo')
    AS configured_host,
  (SELECT substring(setting FROM 'port\\s*=\\s*''?(\\d+)') FROM pg_settings WHERE name = 'primary_conninfo')
    AS configured_port,
  CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS replay_paused,
  pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::float8 AS received,
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 AS replayed,
  pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS waiting_bytes,
  extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS last_replay_seconds,
  (SELECT max(extract(epoch FROM clock_timestamp() - query_start))::float8 FROM pg_stat_activity
    WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS longest_query_seconds,
  (SELECT max(wait_event) FROM pg_stat_activity WHERE backend_type = 'startup') AS replay_wait_event,
  (SELECT setting::int FROM pg_settings WHERE name = 'max_standby_streaming_delay') AS max_standby_streaming_delay_ms,
  current_setting('hot_standby_feedback')::bool AS hot_standby_feedback
FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver r ON true
"""

_CONFLICTS = """
SELECT c.datname::text AS database, c.confl_tablespace::int AS tablespace, c.confl_lock::int AS lock,
  c.confl_snapshot::int AS snapshot, c.confl_bufferpin::int AS buffer_pin, c.confl_deadlock::int AS deadlock
FROM pg_stat_database_conflicts c WHERE pg_is_in_recovery() ORDER BY 1 LIMIT 100
"""

REPLICATION = (
    Question("synchronous_replication", _SYNCHRONOUS, "pg_stat_replication", Need.ALL_STATISTICS, twice=True),
    Question("replication_slots", _SLOTS, "pg_replication_slots"),
    Question("standbys", _STANDBYS, "pg_stat_replication", Need.ALL_STATISTICS),
    Question("recovery", _RECOVERY, "pg_stat_wal_receiver", Need.ALL_STATISTICS, twice=True),
    Question("recovery_conflicts", _CONFLICTS, "pg_stat_database_conflicts", twice=True),
)
