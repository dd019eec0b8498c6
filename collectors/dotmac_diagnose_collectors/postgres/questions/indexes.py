"""Questions about indexes and foreign keys of the connected database."""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Need, Question

_INDEXES = """
WITH listed AS MATERIALIZED (
  SELECT x.indexrelid AS oid, x.indrelid, n.nspname, t.relname AS table_name, c.relname, c.relam,
    c.relpages::bigint * current_setting('block_size')::bigint AS size_bytes, x.indisvalid AND x.indisready AS valid,
    x.indisunique, x.indnatts = x.indnkeyatts AS plain, x.indkey::text AS keys, x.indclass::text AS classes,
    x.indcollation::text AS collations, x.indoption::text AS options, coalesce(x.indexprs::text, '') AS expressions,
    coalesce(x.indpred::text, '') AS predicate, pg_stat_get_numscans(x.indexrelid)::bigint AS scans,
    EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
      OR x.indisreplident AS needed,
    EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE x.indexrelid = p.index_relid OR x.indrelid = p.relid)
      AS building
  FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind = 'i'
), judged AS (
  SELECT i.*, (
    SELECT j.relname FROM listed j
    WHERE j.indrelid = i.indrelid AND j.oid <> i.oid AND j.valid AND i.valid AND j.relam = i.relam AND j.keys = i.keys
      AND j.classes = i.classes AND j.collations = i.collations AND j.options = i.options
      AND j.expressions = i.expressions AND j.predicate = i.predicate AND j.plain = i.plain
      AND NOT i.needed AND (j.indisunique OR NOT i.indisunique)
      AND (j.needed, j.indisunique::int, -j.oid::bigint) > (i.needed, i.indisunique::int, -i.oid::bigint)
    ORDER BY j.needed DESC, j.oid LIMIT 1) AS duplicate_of, (
    SELECT j.relname FROM listed j JOIN pg_am m ON m.oid = j.relam
    WHERE j.indrelid = i.indrelid AND j.oid <> i.oid AND j.valid AND i.valid AND j.relam = i.relam
      AND m.amname = 'btree'
      AND NOT i.needed AND NOT i.indisunique AND i.plain AND i.expressions = '' AND i.predicate = ''
      AND j.expressions = '' AND j.predicate = '' AND j.keys LIKE i.keys || ' %' AND j.classes LIKE i.classes || ' %'
      AND j.collations LIKE i.collations || ' %' AND j.options LIKE i.options || ' %'
    ORDER BY j.oid LIMIT 1) AS prefix_of
  FROM listed i
)
SELECT current_database()::text AS database, nspname::text AS schema_name, table_name::text AS table, relname::text
  AS index,
  size_bytes, valid, building, indisunique AS unique, needed AS constraint, scans, duplicate_of::text, prefix_of::text,
  (SELECT extract(epoch FROM clock_timestamp() - stats_reset)::float8 FROM pg_stat_database
    WHERE datname = current_database()) AS statistics_age_seconds
FROM judged
WHERE NOT valid OR duplicate_of IS NOT NULL OR prefix_of IS NOT NULL
  OR (scans = 0 AND NOT indisunique AND NOT needed AND size_bytes > 1048576)
ORDER BY valid, size_bytes DESC, oid LIMIT 200
"""

_FOREIGN_KEYS = """
SELECT current_database()::text AS database, n.nspname::text AS schema_name, t.relname::text AS table,
  c.conname::text AS constraint, r.relname::text AS referenced_table, c.convalidated AS validated, x.indexed,
  (SELECT string_agg(a.attname, ',' ORDER BY k.position) FROM unnest(c.conkey) WITH ORDINALITY AS k (number, position)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
  t.relpages::bigint * current_setting('block_size')::bigint AS table_bytes, greatest(t.reltuples, 0)::float8
    AS rows_estimate
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_class r ON r.oid = c.confrelid
CROSS JOIN LATERAL (SELECT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey) AS indexed) AS x
WHERE c.contype = 'f' AND t.relkind = 'r' AND NOT (x.indexed AND c.convalidated)
ORDER BY t.relpages DESC, 2, 3, 4 LIMIT 200
"""

INDEXES = (
    Question("indexes", _INDEXES, "pg_index", Need.ALL_STATISTICS, per_database=True),
    Question("foreign_keys", _FOREIGN_KEYS, "pg_constraint", per_database=True),
)
