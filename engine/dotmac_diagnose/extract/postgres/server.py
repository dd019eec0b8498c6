"""Facts of a server as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dotmac_diagnose.extract.kubernetes.json_access import integer, text, texts
from dotmac_diagnose.extract.rows import number, percent, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.server import (
    Collation,
    ConfigurationError,
    Database,
    Extension,
    Memory,
    OldRelation,
    Role,
    RoleSetting,
    RowSecurity,
    RowSecurityGap,
    Server,
    Setting,
    TransactionIdAge,
)

from .answers import Answers
from .login import login_settings
from .units import in_base_unit

_LAST_TRANSACTION_ID = 2**31 - 1

Values = Iterator[FactValues | None]


def read_server(answers: Answers, name: str) -> Values:
    """Yield the fact of the server, with what a login as an ordinary client got."""
    for row in answers.rows(name):
        settings: dict[str, Any] = dict(login_settings(answers.row("login") or _login(answers)))
        version = (text(row.get("version"), 60) or "").partition(" ")[0]
        major = (integer(row.get("version_number")) or 0) // 10000
        yield values_of(Server, row, version=version, major=major, **settings)


def _login(answers: Answers) -> dict[str, Any]:
    answer = answers.newest("login")
    return answer.data if answer is not None and isinstance(answer.data, dict) else {}


def read_settings(answers: Answers, name: str) -> Values:
    """Yield the settings that matter."""
    for row in answers.rows(name):
        value = text(row.get("value"), 200) or ""
        unit = text(row.get("unit"), 20)
        yield values_of(Setting, row, value=value, number=in_base_unit(value, unit))


def read_role_settings(answers: Answers, name: str) -> Values:
    """Yield the settings of roles and databases."""
    for row in answers.rows(name):
        yield values_of(RoleSetting, row)


def read_configuration_errors(answers: Answers, name: str) -> Values:
    """Yield the lines that the server will not accept."""
    for row in answers.rows(name):
        yield values_of(ConfigurationError, row)


def read_memory(answers: Answers, name: str) -> Values:
    """Yield the memory that the settings promise."""
    active = integer(answers.row("connections").get("active"))
    for row in answers.rows(name):
        shared, work = integer(row.get("shared_buffers_bytes")), integer(row.get("work_mem_bytes"))
        allowed = integer(row.get("max_connections"))
        if active is None or shared is None or work is None or allowed is None:
            yield None
            continue
        yield values_of(
            Memory,
            row,
            active_sessions=active,
            active_bytes=shared + work * active,
            worst_bytes=shared + work * allowed,
        )


def read_roles(answers: Answers, name: str) -> Values:
    """Yield the roles that may log in."""
    for row in answers.rows(name):
        used = percent(number(row.get("connections")), number(row.get("connection_limit")))
        expires = number(row.get("valid_seconds"))
        yield values_of(Role, row, limit_used_percent=used, password_expires_seconds=expires)


def read_databases(answers: Answers, name: str) -> Values:
    """Yield the databases, with their sizes where these were read."""
    sizes = {row.get("database"): integer(row.get("size_bytes")) for row in answers.rows("database_sizes")}
    for row in answers.rows(name):
        limit = integer(row.get("connection_limit"))
        # Below zero the database is invalid: a DROP DATABASE was broken off.
        used = percent(number(row.get("connections")), float(limit)) if limit is not None and limit > 0 else None
        yield values_of(Database, row, limit_used_percent=used, size_bytes=sizes.get(row.get("database")))


def read_transaction_ids(answers: Answers, name: str) -> Values:
    """Yield how near each database is to wraparound."""
    for row in answers.rows(name):
        age, multixact = integer(row.get("transaction_id_age")), integer(row.get("multixact_age"))
        limit, multixact_limit = integer(row.get("freeze_max_age")), integer(row.get("multixact_freeze_max_age"))
        if age is None or multixact is None or not limit or not multixact_limit:
            yield None
            continue
        yield values_of(
            TransactionIdAge,
            row,
            percent_of_freeze_max_age=round(100 * max(age / limit, multixact / multixact_limit), 2),
            transactions_left=_LAST_TRANSACTION_ID - max(age, multixact),
        )


def read_old_relations(answers: Answers, name: str) -> Values:
    """Yield the relations with the oldest frozen transaction id."""
    for row in answers.rows(name):
        yield values_of(OldRelation, row)


def read_collations(answers: Answers, name: str) -> Values:
    """Yield the collations whose version changed."""
    for row in answers.rows(name):
        yield values_of(Collation, row)


def read_extensions(answers: Answers, name: str) -> Values:
    """Yield the extensions."""
    for row in answers.rows(name):
        version, newest = text(row.get("version")), text(row.get("default_version"))
        yield values_of(Extension, row, outdated=None if newest is None else version != newest)


def read_row_security(answers: Answers, name: str) -> Values:
    """Yield the tables with row security, and the roles that see no row of them."""
    for row in answers.rows(name):
        yield values_of(RowSecurity, row)
        rows = number(row.get("rows_estimate"))
        for role in texts(row.get("blind_roles")):
            yield values_of(RowSecurityGap, row, role=role, rows_estimate=int(rows or 0))
