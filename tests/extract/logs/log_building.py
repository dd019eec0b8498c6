"""Builds logs and owners for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dotmac_diagnose.extract.document import PodLog
from dotmac_diagnose.extract.log_owners import LogOwner
from dotmac_diagnose.extract.logs import extract_logs
from dotmac_diagnose.facts.logs import AccessLog, LogCoverage, LogMessage

CAPTURED = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
ENTITY = "deployment/shop/api"


def at(seconds_before: float) -> datetime:
    return CAPTURED - timedelta(seconds=seconds_before)


def stamped(*lines: tuple[float, str]) -> str:
    """Lines as ``kubectl logs --timestamps`` gives them, by seconds before the capture."""
    return "".join(f"{at(age).strftime('%Y-%m-%dT%H:%M:%S.%f')}123Z {text}\n" for age, text in lines)


def owner(**fields: Any) -> LogOwner:
    """The owner of a ready container that has run for an hour."""
    return LogOwner(ENTITY, **{"container_running": True, "ready": True, "started_at": at(3600), **fields})


def facts_of(text: str, log_owner: LogOwner | None = None, **fields: Any) -> list[Any]:
    log = PodLog("shop", "api-1", "api", text, source="api.log", **fields)
    return extract_logs([log], lambda *_: log_owner or owner(), CAPTURED)


def messages_of(text: str, log_owner: LogOwner | None = None, **fields: Any) -> list[LogMessage]:
    return [item.values for item in facts_of(text, log_owner, **fields) if isinstance(item.values, LogMessage)]


def only_message(text: str, log_owner: LogOwner | None = None, **fields: Any) -> LogMessage:
    (message,) = messages_of(text, log_owner, **fields)
    return message


def coverage_of(text: str, log_owner: LogOwner | None = None, **fields: Any) -> LogCoverage:
    (coverage,) = (item.values for item in facts_of(text, log_owner, **fields) if isinstance(item.values, LogCoverage))
    return coverage


def accesses_of(text: str, **fields: Any) -> list[AccessLog]:
    return [item.values for item in facts_of(text, **fields) if isinstance(item.values, AccessLog)]
