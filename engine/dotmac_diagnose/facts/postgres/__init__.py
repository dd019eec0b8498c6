"""Fact kinds of PostgreSQL servers, one per question that can be asked."""

from __future__ import annotations

from dotmac_diagnose.facts.fact import FactValues

from .activity import ACTIVITY_KINDS
from .replication import REPLICATION_KINDS
from .server import SERVER_KINDS
from .storage import STORAGE_KINDS

POSTGRES_KINDS: tuple[type[FactValues], ...] = (*SERVER_KINDS, *ACTIVITY_KINDS, *STORAGE_KINDS, *REPLICATION_KINDS)
