"""Which question shows which kinds of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres import activity as on
from dotmac_diagnose.facts.postgres import replication as copy
from dotmac_diagnose.facts.postgres import server as whole
from dotmac_diagnose.facts.postgres import storage as store

from . import activity, counters, locks, replication, server, statements, tables
from .answers import Answers

Read = Callable[[Answers, str], Iterator[FactValues | None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One question.

    Args:
        question: its name.
        read: yields the facts of its answer; None for a row that is no such fact.
        kinds: what it can show: a kind that an answer does not show is absent, and every kind is
            unknown when the question was not answered.
    """

    question: str
    read: Read
    kinds: tuple[type[FactValues], ...]


READERS: tuple[Reader, ...] = (
    Reader("server", server.read_server, (whole.Server,)),
    Reader("connections", activity.read_connections, (on.Connections,)),
    Reader("connection_groups", activity.read_groups, (on.ConnectionGroup,)),
    Reader("locks", locks.read_locks, (on.LockRoot, on.LockWaiter)),
    Reader("sessions", activity.read_sessions, (on.Session,)),
    Reader("waits", activity.read_waits, (on.Wait,)),
    Reader("lock_table", activity.read_lock_manager, (on.LockManager,)),
    Reader("prepared_transactions", activity.read_prepared, (on.PreparedTransaction,)),
    Reader("xmin_holders", activity.read_holders, (on.XminHolder, on.VacuumHorizon)),
    Reader("autovacuum", counters.read_autovacuum, (store.Autovacuum,)),
    Reader("vacuums", counters.read_vacuums, (store.Vacuum,)),
    Reader("transaction_ids", server.read_transaction_ids, (whole.TransactionIdAge,)),
    Reader("old_relations", server.read_old_relations, (whole.OldRelation,)),
    Reader("synchronous_replication", replication.read_synchronous, (copy.SynchronousReplication,)),
    Reader("replication_slots", replication.read_slots, (copy.ReplicationSlot,)),
    Reader("standbys", replication.read_standbys, (copy.Standby,)),
    Reader("recovery", replication.read_recovery, (copy.Recovery,)),
    Reader("recovery_conflicts", replication.read_conflicts, (copy.RecoveryConflicts,)),
    Reader("settings", server.read_settings, (whole.Setting,)),
    Reader("role_settings", server.read_role_settings, (whole.RoleSetting,)),
    Reader("configuration_errors", server.read_configuration_errors, (whole.ConfigurationError,)),
    Reader("memory", server.read_memory, (whole.Memory,)),
    Reader("roles", server.read_roles, (whole.Role,)),
    Reader("databases", server.read_databases, (whole.Database,)),
    Reader("database_collations", server.read_collations, (whole.Collation,)),
    Reader("collations", server.read_collations, (whole.Collation,)),
    Reader("extensions", server.read_extensions, (whole.Extension,)),
    Reader("row_security", server.read_row_security, (whole.RowSecurity, whole.RowSecurityGap)),
    Reader("database_activity", counters.read_database_activity, (store.DatabaseActivity,)),
    Reader("wal", counters.read_wal, (store.Wal,)),
    Reader("archiver", counters.read_archiver, (store.Archiver,)),
    Reader("checkpoints", counters.read_checkpoints, (store.Checkpoints,)),
    Reader("statement_statistics", statements.read_statement_statistics, (on.StatementStatistics,)),
    Reader("statements", statements.read_statements, (on.Statement,)),
    Reader("tables", tables.read_tables, (store.Table,)),
    Reader("sequences", tables.read_sequences, (store.Sequence,)),
    Reader("indexes", tables.read_indexes, (store.Index,)),
    Reader("foreign_keys", tables.read_foreign_keys, (store.ForeignKey,)),
)
