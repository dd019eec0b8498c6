"""The questions to a PostgreSQL server, in the order in which they are asked: the urgent ones first.

Columns that only some versions have are read through ``to_jsonb(row)->>'column'``, which is
NULL where there is no such column. Sizes are ``relpages``, not ``pg_relation_size``, and
locked sequences are passed over: no statement here waits for a lock on a user's relation.
"""

from __future__ import annotations

from dotmac_diagnose_collectors.postgres.question import Question

from .activity import ACTIVITY
from .horizon import HORIZON
from .indexes import INDEXES
from .replication import REPLICATION
from .server import SERVER
from .statements import STATEMENTS
from .storage import STORAGE
from .tables import TABLES

QUESTIONS: tuple[Question, ...] = (
    *ACTIVITY,
    *HORIZON,
    *REPLICATION,
    *SERVER,
    *STORAGE,
    *STATEMENTS,
    *TABLES,
    *INDEXES,
)
