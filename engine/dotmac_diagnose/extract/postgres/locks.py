"""The tree of sessions that wait for each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dotmac_diagnose.extract.kubernetes.json_access import integer, sequence, text
from dotmac_diagnose.extract.rows import Row, number, values_of
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.postgres.activity import LockRoot, LockWaiter

from .answers import Answers

Holder = tuple[int, str | None]
"""Process id, or 0 with the name of a prepared transaction."""
_DDL_MODES = frozenset({"AccessExclusiveLock", "ShareRowExclusiveLock", "ShareLock"})
_IDLE_IN_TRANSACTION = "idle in transaction"


@dataclass(frozen=True)
class LockTree:
    """Who waits for whom.

    Args:
        waiters: row of each waiting session, by process id.
        sessions: row of each session that is known, by process id.
        waiting_for: holders in front of each waiting session.
    """

    waiters: Mapping[int, Row]
    sessions: Mapping[int, Row]
    waiting_for: Mapping[int, frozenset[Holder]]

    def roots(self) -> list[Holder]:
        """Return the holders that wait for nobody, the one with the most sessions behind it first."""
        holders = {holder for blockers in self.waiting_for.values() for holder in blockers}
        found = [holder for holder in holders if holder[0] not in self.waiters]
        return sorted(found, key=lambda holder: (-len(self.behind(holder)), holder[0], holder[1] or ""))

    def behind(self, holder: Holder) -> dict[int, int]:
        """Return the sessions that wait for a holder, directly or behind others, with their distance."""
        directly: dict[Holder, list[int]] = defaultdict(list)
        for pid, blockers in self.waiting_for.items():
            for blocker in blockers:
                directly[blocker].append(pid)
        distance: dict[int, int] = {}
        layer, depth = list(directly.get(holder, ())), 1
        while layer:
            fresh = [pid for pid in dict.fromkeys(layer) if pid not in distance and (pid, None) != holder]
            distance.update(dict.fromkeys(fresh, depth))
            layer = [pid for waiter in fresh for pid in directly.get((waiter, None), ())]
            depth += 1
        return distance


def lock_tree(rows: Sequence[Row]) -> LockTree:
    """Build the tree from the rows of the question ``locks``."""
    waiters: dict[int, Row] = {}
    sessions: dict[int, Row] = {}
    waiting_for: dict[int, frozenset[Holder]] = {}
    for row in rows:
        pid = integer(row.get("involved_pid"))
        if pid is None:
            continue
        if integer(row.get("pid")) is not None:
            sessions[pid] = row
        blockers = [integer(item) for item in sequence(row.get("blocked_by"))]
        gid = text(row.get("prepared_gid"))
        holders = frozenset((item, gid if item == 0 else None) for item in blockers if item is not None and item != pid)
        if holders:
            waiters[pid] = row
            waiting_for[pid] = holders
    return LockTree(waiters, sessions, waiting_for)


def read_locks(answers: Answers, name: str) -> Iterator[FactValues | None]:
    """Yield the roots and the waiters of the lock tree."""
    tree = lock_tree(answers.rows(name))
    prepared = {text(row.get("name")): row for row in answers.rows("prepared_transactions")}
    for root in tree.roots():
        yield _root(tree, root, prepared)
    for pid in sorted(tree.waiters):
        blockers = sorted({holder[0] for holder in tree.waiting_for[pid]})
        yield values_of(
            LockWaiter,
            tree.waiters[pid],
            pid=pid,
            blocked_by=", ".join(str(blocker) for blocker in blockers),
            queue_behind=len(tree.behind((pid, None))),
        )


def _root(tree: LockTree, root: Holder, prepared: Mapping[str | None, Row]) -> LockRoot | None:
    pid, gid = root
    behind = tree.behind(root)
    row: Row = tree.sessions.get(pid, {})
    waits = [number(tree.waiters[waiter].get("wait_seconds")) for waiter in behind if waiter in tree.waiters]
    computed = {
        "only_through_ddl": _only_through_ddl(tree, root),
        "pid": pid,
        "prepared": pid == 0,
        "blocked_sessions": len(behind),
        "depth": max(behind.values(), default=0),
        "longest_wait_seconds": _longest(waits),
    }
    if pid == 0:
        held = prepared.get(gid, {})
        return values_of(
            LockRoot,
            {
                "role": held.get("owner"),
                "database": held.get("database"),
                "transaction_seconds": held.get("age_seconds"),
            },
            prepared_name=gid,
            **computed,
        )
    state = text(row.get("state"))
    return values_of(
        LockRoot,
        row,
        active=None if state is None else state == "active",
        idle_in_transaction=None if state is None else state.startswith(_IDLE_IN_TRANSACTION),
        **computed,
    )


def _only_through_ddl(tree: LockTree, root: Holder) -> bool:
    """Tell whether the one session that waits for the root wants an exclusive lock and holds up all the others."""
    behind = tree.behind(root)
    direct = [pid for pid, distance in behind.items() if distance == 1]
    if len(direct) != 1 or len(behind) < 2:
        return False
    return text(tree.waiters[direct[0]].get("mode")) in _DDL_MODES


def _longest(seconds: Iterable[float | None]) -> float | None:
    return max((item for item in seconds if item is not None), default=None)
