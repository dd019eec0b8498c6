"""Questions about pg_stat_statements."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

_PRESENCE = """
SELECT current_database()::text AS database, e.extname IS NOT NULL AS installed,
  n.nspname::text AS schema_name,
  (SELECT setting LIKE '%pg_stat_statements%' FROM pg_settings WHERE name = 'shared_preload_libraries') AS preloaded
FROM (SELECT 1) AS one LEFT JOIN pg_extension e ON e.extname = 'pg_stat_statements'
LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
"""

# {schema} is the quoted schema of the extension; {time} the middle of the column names: exec_ since 13.
STATEMENTS_SQL = """
WITH all_of_it AS MATERIALIZED (
  SELECT s.queryid::text AS statement_id, s.userid, s.calls, s.total_{time}time AS total_ms,
    s.mean_{time}time AS mean_ms, s.max_{time}time AS maximum_ms, s.stddev_{time}time AS deviation_ms, s.rows,
    s.shared_blks_read AS blocks_read,
    s.shared_blks_hit + s.shared_blks_read AS blocks, s.temp_blks_written AS temporary_blocks,
    left(s.query, 1000) AS query,
    sum(s.total_{time}time) OVER () AS all_ms, sum(s.temp_blks_written) OVER () AS all_temporary_blocks,
    sum(s.calls) OVER () AS all_calls, count(*) OVER () AS entries,
    count(*) FILTER (WHERE s.query = '<insufficient privilege>') OVER () AS hidden
  FROM {schema}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname = current_database() AND left(s.query, 40) NOT LIKE '%/* diagnose */%'
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY total_ms DESC, statement_id) AS by_time,
    row_number() OVER (ORDER BY temporary_blocks DESC, statement_id) AS by_temporary,
    row_number() OVER (ORDER BY blocks_read DESC, statement_id) AS by_reads,
    row_number() OVER (ORDER BY calls DESC, statement_id) AS by_calls
  FROM all_of_it
)
SELECT current_database()::text AS database, r.statement_id, pg_get_userbyid(r.userid)::text AS role, r.calls::bigint,
  r.total_ms::float8, r.mean_ms::float8, r.maximum_ms::float8, r.deviation_ms::float8, r.rows::bigint,
  r.blocks_read::bigint, r.blocks::bigint, r.temporary_blocks::bigint, r.query, r.all_ms::float8,
  r.all_temporary_blocks::float8, r.all_calls::float8, r.entries::int, r.hidden::int,
  current_setting('block_size')::int AS block_size
FROM ranked r WHERE r.by_time <= 20 OR r.by_temporary <= 5 OR r.by_reads <= 5 OR r.by_calls <= 5
ORDER BY r.by_time LIMIT 35
"""

STATEMENT_INFORMATION_SQL = """
SELECT i.dealloc::bigint AS evictions, extract(epoch FROM clock_timestamp() - i.stats_reset)::float8 AS age_seconds
FROM {schema}.pg_stat_statements_info i
"""

PRESENCE = Question("statement_statistics", _PRESENCE, "pg_extension", per_database=True)
"""Asked before the others of this module: it tells the schema of the extension."""

STATEMENTS = (
    PRESENCE,
    Question(
        "statements",
        STATEMENTS_SQL,
        "pg_stat_statements",
        Need.ALL_STATISTICS,
        twice=True,
        per_database=True,
        texts=("query",),
    ),
    Question(
        "statement_information", STATEMENT_INFORMATION_SQL, "pg_stat_statements_info", since=14, per_database=True
    ),
)
