"""Questions about sessions, locks and waits."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

_CONNECTIONS = """
SELECT current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
  count(*)::int AS used,
  (count(*) FILTER (WHERE state = 'active'))::int AS active,
  (count(*) FILTER (WHERE state = 'idle'))::int AS idle,
  (count(*) FILTER (WHERE state LIKE 'idle in transaction%'))::int AS idle_in_transaction,
  (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS waiting_on_lock,
  (count(*) FILTER (WHERE wait_event = 'SyncRep'))::int AS waiting_on_synchronous_standby,
  (count(*) FILTER (WHERE state IS NULL))::int AS hidden
FROM pg_stat_activity WHERE backend_type = 'client backend'
"""

_GROUPS = """
WITH clients AS MATERIALIZED (
  SELECT application_name, usename::text, datname::text, host(client_addr) AS client_address, state,
    CASE WHEN state = 'idle' THEN extract(epoch FROM clock_timestamp() - state_change)::float8 END AS idle_seconds
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
)
(SELECT 'application' AS grouped_by, application_name AS application, usename AS role, datname AS database,
  NULL AS client_address, count(*)::int AS connections,
  (count(*) FILTER (WHERE state = 'active'))::int AS active, (count(*) FILTER (WHERE state = 'idle'))::int AS idle,
  (count(*) FILTER (WHERE state LIKE 'idle in transaction%'))::int AS idle_in_transaction,
  max(idle_seconds) AS longest_idle_seconds
FROM clients GROUP BY 1, 2, 3, 4 ORDER BY connections DESC, 2, 3, 4 LIMIT 20)
UNION ALL
(SELECT 'address', NULL, NULL, NULL, client_address, count(*)::int,
  (count(*) FILTER (WHERE state = 'active'))::int, (count(*) FILTER (WHERE state = 'idle'))::int,
  (count(*) FILTER (WHERE state LIKE 'idle in transaction%'))::int, max(idle_seconds)
FROM clients GROUP BY client_address ORDER BY 6 DESC, 5 LIMIT 20)
"""

_SESSION_COLUMNS = """
  a.pid, a.backend_start::text AS backend_started, a.backend_type, a.usename::text AS role,
  a.application_name AS application, a.datname::text AS database, host(a.client_addr) AS client_address, a.state,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction_seconds,
  extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_seconds,
  extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS query_seconds,
  a.wait_event_type, a.wait_event, left(a.query, 1000) AS query
"""

_SESSIONS = f"""
SELECT {_SESSION_COLUMNS}, age(a.backend_xmin)::int AS xmin_age
FROM pg_stat_activity a WHERE a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
ORDER BY a.xact_start, a.pid LIMIT 50
"""  # noqa: S608 -- the columns are a constant

# Waiters, who stands in front of each, and these too. pg_blocking_pids briefly takes every partition
# of the lock table, so it is called for waiters alone, the longest waiting first.
_LOCKS = f"""
WITH waiting AS MATERIALIZED (
  SELECT l.pid, min(l.mode) AS mode, min(l.locktype) AS lock_type, min(l.relation::bigint) AS relation,
    min(l.database::bigint) AS database_oid, min(l.transactionid::text) AS transaction_id,
    min((to_jsonb(l) ->> 'waitstart')::timestamptz) AS wait_start
  FROM pg_locks l WHERE NOT l.granted AND l.pid IS NOT NULL GROUP BY l.pid
), waiters AS MATERIALIZED (
  SELECT w.*, pg_blocking_pids(w.pid) AS blocked_by FROM waiting w JOIN pg_stat_activity s USING (pid)
  ORDER BY coalesce(w.wait_start, s.query_start), w.pid LIMIT 100
), involved AS (
  SELECT pid FROM waiters UNION SELECT unnest(blocked_by) FROM waiters
)
SELECT {_SESSION_COLUMNS}, i.pid AS involved_pid, w.blocked_by, w.mode, w.lock_type,
  CASE WHEN w.relation IS NOT NULL THEN (
    SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_database d ON d.datname = current_database() WHERE c.oid::bigint = w.relation
      AND d.oid::bigint = w.database_oid
  ) END AS relation,
  extract(epoch FROM clock_timestamp() - coalesce(w.wait_start, a.query_start))::float8 AS wait_seconds,
  CASE WHEN 0 = ANY (w.blocked_by) THEN (
    SELECT p.gid FROM pg_prepared_xacts p WHERE p.transaction::text = w.transaction_id OR EXISTS (
      SELECT FROM pg_locks x JOIN pg_locks h ON h.virtualtransaction = x.virtualtransaction AND h.pid IS NULL
      WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.pid IS NULL
        AND h.granted AND h.relation::bigint = w.relation)
    ORDER BY p.prepared LIMIT 1
  ) END AS prepared_gid
FROM involved i LEFT JOIN waiters w ON w.pid = i.pid LEFT JOIN pg_stat_activity a ON a.pid = i.pid
WHERE i.pid IS NOT NULL ORDER BY i.pid LIMIT 300
"""  # noqa: S608 -- the columns are a constant

_WAITS = """
SELECT wait_event_type, wait_event, count(*)::int AS sessions
FROM pg_stat_activity
WHERE wait_event IS NOT NULL AND wait_event_type NOT IN ('Activity', 'Client', 'Extension')
  AND (state IS NULL OR state NOT LIKE 'idle%') AND pid <> pg_backend_pid()
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 40
"""

_LOCK_TABLE = """
SELECT coalesce(sum(relations), 0)::int AS relation_locks, coalesce(sum(slow), 0)::int AS without_fast_path,
  coalesce(max(relations), 0)::int AS most_relations_of_one_session,
  coalesce(sum(waiting), 0)::int AS waiting_on_heavyweight_lock,
  current_setting('max_locks_per_transaction')::int AS max_locks_per_transaction
FROM (
  SELECT count(*) FILTER (WHERE locktype = 'relation') AS relations,
    count(*) FILTER (WHERE locktype = 'relation' AND NOT fastpath
      AND mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')) AS slow,
    count(*) FILTER (WHERE NOT granted) AS waiting
  FROM pg_locks WHERE pid <> pg_backend_pid() GROUP BY pid
) AS by_session
"""

_STATS = Need.ALL_STATISTICS

ACTIVITY = (
    Question("connections", _CONNECTIONS, "pg_stat_activity", _STATS),
    Question("connection_groups", _GROUPS, "pg_stat_activity", _STATS),
    Question("locks", _LOCKS, "pg_locks, pg_blocking_pids", _STATS, texts=("query",)),
    Question("sessions", _SESSIONS, "pg_stat_activity", _STATS, texts=("query",)),
    Question("waits", _WAITS, "pg_stat_activity", _STATS, twice=True),
    Question("lock_table", _LOCK_TABLE, "pg_locks", _STATS),
)
