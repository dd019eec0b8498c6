"""Questions about tables and sequences of the connected database."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Question


def _option(name: str) -> str:
    """Return an expression for one of the table's own options, NULL when it has none."""
    return f"(SELECT split_part(o, '=', 2) FROM unnest(t.options) AS o WHERE o LIKE '{name}=%' LIMIT 1)"  # noqa: S608


_TABLES = f"""
WITH counted AS MATERIALIZED (
  SELECT s.*, c.relpages, c.reltuples, c.reloptions AS options
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE c.relpersistence <> 't'
), chosen AS (
  (SELECT relid FROM counted ORDER BY n_dead_tup DESC, relid LIMIT 40)
  UNION (SELECT relid FROM counted ORDER BY seq_tup_read DESC, relid LIMIT 30)
  UNION (SELECT relid FROM counted ORDER BY n_mod_since_analyze DESC, relid LIMIT 30)
  UNION (SELECT relid FROM counted ORDER BY relpages DESC, relid LIMIT 30)
  UNION (SELECT relid FROM counted WHERE options::text LIKE '%autovacuum_enabled%' ORDER BY n_dead_tup DESC, relid
    LIMIT 20)
)
SELECT current_database()::text AS database, t.schemaname::text AS schema_name, t.relname::text AS table,
  t.relpages::bigint * current_setting('block_size')::bigint AS size_bytes, t.reltuples::float8 AS planner_rows,
  t.n_live_tup::bigint AS live_rows, t.n_dead_tup::bigint AS dead_rows, t.n_mod_since_analyze::bigint AS modified_rows,
  t.seq_scan::bigint AS sequential_scans, t.seq_tup_read::bigint AS sequential_rows,
  coalesce(t.idx_scan, 0)::bigint AS index_scans, t.n_tup_upd::bigint AS updates, t.n_tup_hot_upd::bigint
    AS hot_updates,
  extract(epoch FROM clock_timestamp() - t.last_autovacuum)::float8 AS last_autovacuum_seconds,
  extract(epoch FROM clock_timestamp() - greatest(t.last_vacuum, t.last_autovacuum))::float8 AS last_vacuum_seconds,
  extract(epoch FROM clock_timestamp() - greatest(t.last_analyze, t.last_autoanalyze))::float8 AS last_analyze_seconds,
  current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS autovacuum_on,
  {_option("autovacuum_enabled")} AS option_enabled,
  coalesce({_option("autovacuum_vacuum_threshold")}, current_setting('autovacuum_vacuum_threshold'))::float8
    AS vacuum_threshold,
  coalesce({_option("autovacuum_vacuum_scale_factor")}, current_setting('autovacuum_vacuum_scale_factor'))::float8
    AS vacuum_scale,
  coalesce({_option("autovacuum_vacuum_max_threshold")}, current_setting('autovacuum_vacuum_max_threshold',
    true))::float8
    AS vacuum_maximum,
  coalesce({_option("autovacuum_analyze_threshold")}, current_setting('autovacuum_analyze_threshold'))::float8
    AS analyze_threshold,
  coalesce({_option("autovacuum_analyze_scale_factor")}, current_setting('autovacuum_analyze_scale_factor'))::float8
    AS analyze_scale,
  (SELECT extract(epoch FROM clock_timestamp() - stats_reset)::float8 FROM pg_stat_database
    WHERE datname = current_database()) AS statistics_age_seconds
FROM counted t WHERE t.relid IN (SELECT relid FROM chosen) ORDER BY t.n_dead_tup DESC, t.relid LIMIT 150
"""  # noqa: S608 -- the options are constants

# Bytes that the rows would take, from the average widths: 28 bytes of header and pointer per row, 24 per page.
_BLOAT = """
WITH large AS (
  SELECT c.oid, n.nspname, c.relname, c.relpages, c.reltuples, c.relnatts,
    coalesce((SELECT split_part(o, '=', 2)::float8 FROM unnest(c.reloptions) AS o WHERE o LIKE 'fillfactor=%'
      LIMIT 1), 100)
      AS fill
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpages >= 128 AND c.reltuples > 0 AND n.nspname NOT LIKE 'pg\\_%'
    AND n.nspname <> 'information_schema'
  ORDER BY c.relpages DESC, c.oid LIMIT 40
), widths AS (
  SELECT l.oid, count(s.attname) AS described, sum((1 - s.null_frac) * s.avg_width) AS width
  FROM large l JOIN pg_stats s ON s.schemaname = l.nspname AND s.tablename = l.relname AND NOT s.inherited
    GROUP BY l.oid
), estimated AS (
  SELECT l.*, ceil(l.reltuples * (28 + 8 * ceil(w.width / 8))
    / ((current_setting('block_size')::float8 - 24) * l.fill / 100)) AS needed_pages
  FROM large l JOIN widths w ON w.oid = l.oid
  WHERE w.described >= (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = l.oid AND a.attnum > 0
    AND NOT a.attisdropped)
)
SELECT nspname::text AS schema_name, relname::text AS table,
  (greatest(relpages - needed_pages, 0) * current_setting('block_size')::float8)::bigint AS bloat_bytes,
  (100 * greatest(relpages - needed_pages, 0) / relpages)::float8 AS bloat_percent
FROM estimated ORDER BY 3 DESC, 1, 2
"""

# The last value is read only where that takes no waiting: not of a sequence that somebody alters.
_SEQUENCES = """
WITH owned AS (
  SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    AND d.refobjsubid > 0
  UNION
  SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0
), read AS (
  SELECT s.*, c.relname, n.nspname, c.oid,
    has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
    CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') AND NOT EXISTS (
      SELECT FROM pg_locks l WHERE l.relation = c.oid AND l.mode IN ('ShareRowExclusiveLock', 'ExclusiveLock',
        'AccessExclusiveLock')
    ) THEN pg_sequence_last_value(c.oid) END AS last_value
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relpersistence = 'p' OR (c.relpersistence = 'u' AND NOT pg_is_in_recovery())
)
SELECT DISTINCT ON (r.oid) current_database()::text AS database, r.nspname::text AS schema_name, r.relname::text
  AS sequence,
  t.relname::text AS table, a.attname::text AS column, format_type(a.atttypid, NULL) AS column_type,
  r.last_value, r.seqmax AS maximum, r.seqmin AS minimum, r.seqincrement AS increment, r.seqcycle AS cycles, r.readable
FROM read r LEFT JOIN owned o ON o.sequence = r.oid LEFT JOIN pg_class t ON t.oid = o.relation AND t.relkind
  IN ('r', 'p')
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = o.number AND format_type(a.atttypid, NULL)
  IN ('smallint', 'integer', 'bigint')
ORDER BY r.oid, CASE format_type(a.atttypid, NULL) WHEN 'smallint' THEN 1 WHEN 'integer' THEN 2 WHEN 'bigint' THEN 3 END
LIMIT 2000
"""

TABLES = (
    Question("tables", _TABLES, "pg_stat_user_tables", twice=True, per_database=True),
    Question("bloat", _BLOAT, "pg_stats", per_database=True),
    Question("sequences", _SEQUENCES, "pg_sequence", per_database=True),
)
