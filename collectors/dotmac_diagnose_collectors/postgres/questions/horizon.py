"""Questions about what keeps vacuum from cleaning: old transactions, and the workers themselves."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

_PREPARED = """
SELECT p.gid AS name, p.owner::text, p.database::text,
  extract(epoch FROM clock_timestamp() - p.prepared)::float8 AS age_seconds, age(p.transaction)::int
    AS transaction_id_age,
  (SELECT count(*)::int FROM pg_locks x JOIN pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL
    WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.granted AND x.pid IS NULL
      AND l.locktype = 'relation') AS locks
FROM pg_prepared_xacts p ORDER BY p.prepared, p.gid LIMIT 50
"""

# A vacuum ignores the snapshots of other vacuums, so its own is no holder.
_HOLDERS = """
(SELECT 'transaction' AS holder, a.pid::text AS name, age(a.backend_xmin)::int AS xmin_age,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age_seconds, a.datname::text AS database,
    NULL::boolean AS active
FROM pg_stat_activity a
WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid() AND a.backend_type NOT IN ('walsender',
  'autovacuum worker')
  AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid)
ORDER BY 3 DESC LIMIT 10)
UNION ALL
(SELECT 'prepared_transaction', p.gid, age(p.transaction)::int,
  extract(epoch FROM clock_timestamp() - p.prepared)::float8, p.database::text, NULL
FROM pg_prepared_xacts p ORDER BY 3 DESC LIMIT 10)
UNION ALL
(SELECT 'standby_feedback', r.application_name, age(r.backend_xmin)::int, NULL, NULL, NULL
FROM pg_stat_replication r WHERE r.backend_xmin IS NOT NULL ORDER BY 3 DESC LIMIT 10)
UNION ALL
(SELECT 'replication_slot', s.slot_name::text, age(s.xmin)::int, NULL, s.database::text, s.active
FROM pg_replication_slots s WHERE s.xmin IS NOT NULL ORDER BY 3 DESC LIMIT 10)
UNION ALL
(SELECT 'catalog_slot', s.slot_name::text, age(s.catalog_xmin)::int, NULL, s.database::text, s.active
FROM pg_replication_slots s WHERE s.catalog_xmin IS NOT NULL ORDER BY 3 DESC LIMIT 10)
"""

_AUTOVACUUM = """
SELECT current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS enabled,
  current_setting('autovacuum_max_workers')::int AS max_workers,
  (SELECT setting::float8 FROM pg_settings WHERE name =
    CASE WHEN (SELECT setting::float8 FROM pg_settings WHERE name = 'autovacuum_vacuum_cost_delay') < 0
    THEN 'vacuum_cost_delay' ELSE 'autovacuum_vacuum_cost_delay' END) AS cost_delay_ms,
  (SELECT setting::int FROM pg_settings WHERE name =
    CASE WHEN (SELECT setting::int FROM pg_settings WHERE name = 'autovacuum_vacuum_cost_limit') < 0
    THEN 'vacuum_cost_limit' ELSE 'autovacuum_vacuum_cost_limit' END) AS cost_limit,
  count(a.pid)::int AS workers,
  (count(a.pid) FILTER (WHERE a.wait_event = 'VacuumDelay'))::int AS workers_in_delay
FROM (SELECT 1) AS one LEFT JOIN pg_stat_activity a ON a.backend_type = 'autovacuum worker'
"""

_VACUUMS = """
SELECT v.pid, v.datname::text AS database,
  CASE WHEN v.datname = current_database() THEN (
    SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = v.relid) END AS relation,
  a.backend_type = 'autovacuum worker' AS automatic,
  coalesce(a.backend_type = 'autovacuum worker' AND a.query LIKE '%(to prevent wraparound)%', false)
    AS against_wraparound,
  v.phase, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS running_seconds,
  v.heap_blks_scanned::float8 AS scanned_blocks, v.heap_blks_total::float8 AS total_blocks,
  v.index_vacuum_count::int AS index_passes, coalesce(a.wait_event = 'VacuumDelay', false) AS in_delay
FROM pg_stat_progress_vacuum v LEFT JOIN pg_stat_activity a ON a.pid = v.pid ORDER BY v.pid LIMIT 50
"""

_AGES = """
SELECT d.datname::text AS database, age(d.datfrozenxid)::int AS transaction_id_age,
  mxid_age(d.datminmxid)::int AS multixact_age, current_setting('autovacuum_freeze_max_age')::int AS freeze_max_age,
  current_setting('autovacuum_multixact_freeze_max_age')::int AS multixact_freeze_max_age
FROM pg_database d ORDER BY 2 DESC, 1 LIMIT 100
"""

_OLD_RELATIONS = """
SELECT current_database()::text AS database, n.nspname::text AS schema_name, c.relname::text AS relation,
  CASE c.relkind WHEN 't' THEN 'toast' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS relation_kind,
  age(c.relfrozenxid)::int AS transaction_id_age, mxid_age(c.relminmxid)::int AS multixact_age,
  c.relpages::bigint * current_setting('block_size')::bigint AS size_bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm') AND c.relfrozenxid <> '0'
ORDER BY greatest(age(c.relfrozenxid), mxid_age(c.relminmxid)) DESC, c.relpages DESC, c.oid LIMIT 10
"""

HORIZON = (
    Question("prepared_transactions", _PREPARED, "pg_prepared_xacts"),
    Question("xmin_holders", _HOLDERS, "pg_stat_activity, pg_replication_slots", Need.ALL_STATISTICS),
    Question("autovacuum", _AUTOVACUUM, "pg_stat_activity, pg_settings", Need.ALL_STATISTICS, twice=True),
    Question("vacuums", _VACUUMS, "pg_stat_progress_vacuum", Need.ALL_STATISTICS, twice=True),
    Question("transaction_ids", _AGES, "pg_database"),
    Question("old_relations", _OLD_RELATIONS, "pg_class", per_database=True),
)
