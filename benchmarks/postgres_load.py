"""Load that one look puts on a PostgreSQL server: idle, with 400 sessions, and with 60 sessions waiting for a lock.

Prints the number of statements, the longest and all of them in milliseconds, and the bytes of the answers.
Takes the server of the newest version that ``make servers`` put in place.
"""

from __future__ import annotations

import json
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.targets import Targets
from dotmac_diagnose_collectors.postgres import PostgresCollector
from servers.looking import collect
from servers.postgres import PostgresServer, postgres_server, versions
from servers.sessions import sessions

LOOKS = 5
SESSIONS = 400
WAITERS = 60


def look(server: PostgresServer) -> list[ServerAnswer]:
    """Return the answers of one look with two samples."""
    return collect(PostgresCollector(), Targets(postgres=[server.dsn("monitor", "shop")]), sample=0.5)


def report(name: str, server: PostgresServer) -> None:
    """Print the medians of several looks."""
    looks = [look(server) for _ in range(LOOKS)]
    asked = [[answer for answer in answers if answer.data is not None] for answers in looks]
    longest = max(asked[-1], key=lambda answer: answer.milliseconds)
    all_ms = statistics.median(sum(answer.milliseconds for answer in answers) for answers in asked)
    longest_ms = statistics.median(max(answer.milliseconds for answer in answers) for answers in asked)
    size = statistics.median(sum(len(json.dumps(answer.data)) for answer in answers) for answers in asked)
    print(
        f"{name:24} {len(asked[-1]):3d} statements  longest {longest_ms:5.0f} ms ({longest.question})  "
        f"all {all_ms:6.0f} ms  {size / 1024:6.1f} KiB"
    )


def main() -> None:
    """Run the three situations."""
    with postgres_server(versions()[-1], max_connections="500") as server:
        report("idle", server)
        with ExitStack() as stack:
            for _ in range(SESSIONS):
                stack.enter_context(server.connect("plain", "shop"))
            report(f"{SESSIONS} idle sessions", server)
        server.run("CREATE TABLE queue (id int PRIMARY KEY)", "INSERT INTO queue VALUES (1)", database="shop")
        with sessions(server) as held:
            held.open("BEGIN", "UPDATE queue SET id = 1")
            for _ in range(WAITERS):
                held.stuck("UPDATE queue SET id = 1")
            report(f"{WAITERS} waiting sessions", server)


if __name__ == "__main__":
    main()
