"""Fact kinds of Redis servers, one per question that can be asked."""

from __future__ import annotations

from dotmac_diagnose.facts.fact import FactValues

from .activity import ACTIVITY_KINDS
from .server import SERVER_KINDS

REDIS_KINDS: tuple[type[FactValues], ...] = (*SERVER_KINDS, *ACTIVITY_KINDS)
