"""One-off jobs: rollup sums the usage, migrate brings the schema up to this release."""

from __future__ import annotations

import sys

from sqlalchemy import text

from . import logs, stores

log = logs.start("dotmac.jobs")
STATEMENTS = {
    "rollup": "INSERT INTO usage_rollup SELECT now(), count(*) FROM usage_events",
    "migrate": "CREATE TABLE IF NOT EXISTS schema_version (version text)",
}


def main() -> None:
    name = sys.argv[1]
    log.info("job %s starting", name)
    with stores.database(f"dotmac-{name}").begin() as connection:
        done = connection.execute(text(STATEMENTS[name]))
    log.info("%s wrote %d rows", name, max(done.rowcount, 0))
    log.info("job %s finished", name)


if __name__ == "__main__":
    main()
