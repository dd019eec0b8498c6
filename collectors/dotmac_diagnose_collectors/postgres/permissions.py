"""What the role of a connection string may see, and the statement that grants the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose_collectors.base import Permission

from .failure import reason_of
from .session import NoAnswer, open_session

if TYPE_CHECKING:
    from .address import Address

_SQL = """
SELECT quote_ident(current_user) AS role, current_database() AS database,
  pg_has_role('pg_read_all_stats', 'USAGE') AS statistics, pg_has_role('pg_read_all_settings', 'USAGE') AS settings,
  pg_has_role('pg_monitor', 'USAGE') AS monitor,
  has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
    AND has_table_privilege('pg_catalog.pg_file_settings', 'SELECT') AS file_settings,
  NOT EXISTS (SELECT FROM pg_sequence s WHERE NOT has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')) AS sequences,
  EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS statements
"""
_CHECKS = (
    (
        "sessions, locks, replication and statements of all roles",
        "statistics",
        "GRANT pg_monitor TO {role};",
        "the role lacks pg_read_all_stats",
    ),
    ("all settings", "settings", "GRANT pg_monitor TO {role};", "the role lacks pg_read_all_settings"),
    ("WAL directory and archive queue", "monitor", "GRANT pg_monitor TO {role};", "the role lacks pg_monitor"),
    (
        "last values of sequences",
        "sequences",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};",
        "the role may not read some sequences",
    ),
    (
        "errors in the configuration files",
        "file_settings",
        "GRANT SELECT ON pg_file_settings TO {role}; GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO {role};",
        "optional: only superusers have it unless it is granted",
    ),
    (
        "statement statistics",
        "statements",
        "CREATE EXTENSION pg_stat_statements;",
        "the extension is not created in this database; shared_preload_libraries must name it too",
    ),
)


async def permissions_of(address: Address, seconds: float) -> list[Permission]:
    """Ask one server.

    Args:
        address: where and as whom.
        seconds: longest wait.

    Returns:
        One entry per thing that is read; a server that lets nobody in gives one entry that says so.
    """
    from psycopg import Error

    place = f"{address.host}:{address.port}"
    try:
        async with open_session(address.session(seconds), seconds) as session:
            row = (await session.rows(_SQL))[0]
    except (Error, NoAnswer, IndexError) as error:
        return [Permission(f"login (postgres {place})", held=False, reason=reason_of(error))]
    found: list[Permission] = []
    for what, column, grant, reason in _CHECKS:
        held = bool(row[column])
        text = grant.format(role=row["role"])
        name = f"{what} (postgres {place}/{row['database']})"
        found.append(Permission(name, held, None if held else text, None if held else reason))
    return found
