"""Which question shows which kinds of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.redis import activity as on
from dotmac_diagnose.facts.redis import server as whole

from . import activity, keys, server
from .answers import RedisAnswers

Read = Callable[[RedisAnswers], Iterator[FactValues | None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of facts.

    Args:
        question: name of the answer that it needs.
        read: yields the facts; None for a part of the answer that is no such fact.
        kinds: what it can show: a kind that an answer does not show is absent, and every kind is
            unknown when the question was not answered.
        always: an answer that holds none of it is damaged, or of a version that does not tell.
    """

    question: str
    read: Read
    kinds: tuple[type[FactValues], ...]
    always: bool = False


READERS: tuple[Reader, ...] = (
    Reader("info", server.read_server, (whole.Server,), always=True),
    Reader("info", server.read_memory, (whole.Memory,), always=True),
    Reader("info", server.read_persistence, (whole.Persistence,), always=True),
    Reader("info", server.read_replication, (whole.Replication,), always=True),
    Reader("info", activity.read_clients, (on.Clients,), always=True),
    Reader("info", activity.read_activity, (on.Activity,), always=True),
    Reader("info", activity.read_errors, (on.ErrorCount,)),
    Reader("info", activity.read_databases, (on.KeyDatabase,)),
    Reader("info", server.read_cluster, (whole.Cluster,), always=True),
    Reader("config", server.read_settings, (whole.Setting,)),
    Reader("memory_stats", server.read_memory_report, (whole.MemoryReport,)),
    Reader("clients", activity.read_client_list, (on.ClientList, on.ClientGroup)),
    Reader("slowlog", activity.read_slow_commands, (on.SlowCommand,)),
    Reader("latency", activity.read_latency, (on.LatencyEvent,)),
    Reader("keys", keys.read_keys, (on.KeySample, on.KeyPrefix)),
)
