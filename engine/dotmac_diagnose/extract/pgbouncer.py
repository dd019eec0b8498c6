"""From the answers of PgBouncer's admin console to facts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from dotmac_diagnose.extract.answer_facts import Source, seen, status_without_values, status_word, unseen
from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.extract.postgres.answers import OK, Answers
from dotmac_diagnose.extract.postgres.login import answered, outcome_of, status_after
from dotmac_diagnose.extract.rows import Row, number, percent, values_of
from dotmac_diagnose.extract.server_names import server_entity
from dotmac_diagnose.extract.servers import ServerExtraction
from dotmac_diagnose.facts import Fact, FactValues, Relation, Status, Vantage
from dotmac_diagnose.facts.pgbouncer import Pool, PooledDatabase, PoolerClients, PoolerConfiguration, PoolerLogin

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")
_PREPARED_SINCE = (1, 21)
_SOURCE = Source("pgbouncer", Vantage.SERVER)
Values = Iterator[FactValues | None]


def extract_pgbouncer(answers: Sequence[ServerAnswer], captured_at: datetime | None) -> ServerExtraction:  # noqa: ARG001 -- ages come with the answers
    """Read the answers of all PgBouncers.

    Args:
        answers: redacted, any order.
        captured_at: not used: the console tells ages itself.
    """
    by_server: dict[str, list[ServerAnswer]] = defaultdict(list)
    for answer in answers:
        by_server[answer.server].append(answer)
    found = [Answers(server, by_server[server]) for server in sorted(by_server)]
    return ServerExtraction(
        facts=[item for one in found for item in _facts(one)],
        relations=[item for one in found for item in _pooled_servers(one)],
    )


def _facts(answers: Answers) -> Iterator[Fact]:
    login = answers.newest("login")
    status = None
    if login is not None:
        row = login.data if isinstance(login.data, dict) else {}
        outcome = outcome_of(row)
        values = values_of(PoolerLogin, row, outcome=outcome, answered=answered(row, outcome))
        status = status_after(outcome)
        yield (
            seen(login, values, _SOURCE)
            if values is not None
            else unseen(login, PoolerLogin, status_without_values(login), login.reason, _SOURCE)
        )
    for question, (read, kind) in _READERS.items():
        answer = answers.newest(question)
        if answer is None:
            if login is not None and status is not None:
                yield unseen(login, kind, status, "the login failed", _SOURCE)
        elif answer.status != OK:
            yield unseen(answer, kind, status_word(answer), answer.reason, _SOURCE)
        else:
            found = [values for values in read(answers) if values is not None]
            yield from (seen(answer, values, _SOURCE) for values in found)
            if not found:
                yield unseen(answer, kind, Status.EMPTY, None, _SOURCE)


def _read_pools(answers: Answers) -> Values:
    earlier = answers.rows_before("pools")
    before = {_pool_key(row): integer(row.get("cl_waiting")) for row in earlier} if earlier is not None else {}
    sizes = {text(row.get("name")): integer(row.get("pool_size")) for row in answers.rows("databases")}
    for row in answers.rows("pools"):
        if text(row.get("database")) != "pgbouncer":
            yield _pool(row, before.get(_pool_key(row)), sizes.get(text(row.get("database"))))


def _pool_key(row: Row) -> tuple[str | None, str | None]:
    return text(row.get("database")), text(row.get("user"))


def _pool(row: Row, before: int | None, size: int | None) -> Pool | None:
    columns = ("cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used", "sv_login", "sv_tested")
    counts = {name: integer(row.get(name)) or 0 for name in columns}
    waiting, idle = counts["cl_waiting"], counts["sv_idle"] + counts["sv_used"]
    servers = sum(counts[name] for name in columns if name.startswith("sv_"))
    seconds = (number(row.get("maxwait")) or 0.0) + (number(row.get("maxwait_us")) or 0.0) / 1e6
    return values_of(
        Pool,
        row,
        clients_active=counts["cl_active"],
        clients_waiting=waiting,
        clients_waiting_before=before,
        waiting_in_every_look=waiting > 0 and before != 0,
        longest_wait_seconds=round(seconds, 3),
        servers_active=counts["sv_active"],
        servers_idle=counts["sv_idle"],
        servers_used=counts["sv_used"],
        servers_logging_in=counts["sv_login"],
        servers=servers,
        pool_size=size,
        exhausted=waiting > 0 and idle == 0 and counts["sv_active"] > 0 and size is not None and servers >= size,
        without_server=waiting > 0 and counts["sv_active"] + idle + counts["sv_tested"] == 0,
    )


def _read_clients(answers: Answers) -> Values:
    items = {text(row.get("list")): integer(row.get("items")) for row in answers.rows("lists")}
    limit = integer(_configuration(answers).get("max_client_conn"))
    used = items.get("used_clients")
    yield values_of(
        PoolerClients,
        {},
        used=used,
        limit=limit,
        used_percent=percent(used, limit),
        logging_in=items.get("login_clients"),
        used_servers=items.get("used_servers"),
        free_servers=items.get("free_servers"),
    )


def _configuration(answers: Answers) -> Mapping[str | None, object]:
    return {text(row.get("key")): row.get("value") for row in answers.rows("configuration")}


def _read_configuration(answers: Answers) -> Values:
    values = _configuration(answers)
    login = answers.newest("login")
    told = text(login.data.get("version")) if login is not None and isinstance(login.data, dict) else None
    version = _VERSION.search(told or "")
    numbers = (int(version[1]), int(version[2])) if version is not None else None
    mode, prepared = text(values.get("pool_mode")), integer(values.get("max_prepared_statements"))
    supported = None
    if mode is not None and numbers is not None:
        supported = mode == "session" or (numbers >= _PREPARED_SINCE and bool(prepared))
    yield values_of(
        PoolerConfiguration,
        {},
        version=version[0] if version is not None else None,
        major=numbers[0] if numbers else None,
        minor=numbers[1] if numbers else None,
        pool_mode=mode,
        max_client_connections=integer(values.get("max_client_conn")),
        default_pool_size=integer(values.get("default_pool_size")),
        reserve_pool_size=integer(values.get("reserve_pool_size")),
        max_database_connections=integer(values.get("max_db_connections")),
        max_prepared_statements=prepared,
        prepared_statements_supported=supported,
        query_wait_timeout_seconds=_float(values.get("query_wait_timeout")),
        authentication=text(values.get("auth_type")),
        authentication_query=text(values.get("auth_user")) is not None,
    )


def _float(value: object) -> float | None:
    whole = integer(value)
    return float(whole) if whole is not None else number(value)


def _read_databases(answers: Answers) -> Values:
    for row in answers.rows("databases"):
        if text(row.get("name")) != "pgbouncer":
            yield values_of(
                PooledDatabase,
                row,
                forced_user=text(row.get("force_user")),
                connections=integer(row.get("current_connections")),
                paused=bool(integer(row.get("paused")) or boolean(row.get("paused"))),
                disabled=bool(integer(row.get("disabled")) or boolean(row.get("disabled"))),
            )


def _pooled_servers(answers: Answers) -> Iterator[Relation]:
    for row in answers.rows("databases"):
        host = text(row.get("host"), 253)
        if text(row.get("name")) != "pgbouncer" and host is not None:
            for one in host.split(",")[:20]:
                yield Relation("pools", answers.server, server_entity("postgres", one, integer(row.get("port"))))


_READERS: Mapping[str, tuple[Callable[[Answers], Values], type[FactValues]]] = {
    "pools": (_read_pools, Pool),
    "lists": (_read_clients, PoolerClients),
    "configuration": (_read_configuration, PoolerConfiguration),
    "databases": (_read_databases, PooledDatabase),
}
