"""Facts of a Redis server as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, mapping
from dotmac_diagnose.extract.rows import number, percent, short_text
from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.facts.redis.server import (
    Cluster,
    Memory,
    MemoryReport,
    Persistence,
    Replication,
    Server,
    Setting,
)

from .answers import RedisAnswers
from .info import databases, decimal, failed, flag, whole

Values = Iterator[FactValues | None]

_AT_LIMIT_PERCENT = 99.0
_SLOTS = 16384
_MEBIBYTE = 1024 * 1024
_NO_ID = "0" * 40


def key_counts(answers: RedisAnswers) -> tuple[int, int] | None:
    """Return the keys of all databases and those with a TTL; None when INFO does not tell."""
    if "redis_version" not in answers.info and "db0" not in answers.info:
        return None
    found = [parts for _, parts in databases(answers.info)]
    return sum(integer(item.get("keys")) or 0 for item in found), sum(
        integer(item.get("expires")) or 0 for item in found
    )


def read_server(answers: RedisAnswers) -> Values:
    """Yield version, mode and age."""
    info = answers.info
    version = short_text(info.get("redis_version"))
    if version is None:
        return
    keys = key_counts(answers)
    yield Server(
        version=version,
        major=integer(version.partition(".")[0]) or 0,
        mode=short_text(info.get("redis_mode")),
        role=short_text(info.get("role")),
        uptime_seconds=whole(info, "uptime_in_seconds"),
        configuration_file=bool(info["config_file"]) if "config_file" in info else None,
        keys=None if keys is None else keys[0],
        keys_with_expiry=None if keys is None else keys[1],
    )


def memory_of(answers: RedisAnswers) -> Memory | None:
    """Return the memory against its limit."""
    info = answers.info
    used, limit = whole(info, "used_memory"), whole(info, "maxmemory")
    if used is None:
        return None
    limit = answers.number("maxmemory") if limit is None else limit
    if limit is None:
        return None
    counted = used - (whole(info, "mem_not_counted_for_evict") or 0)
    share = percent(counted, limit)
    resident = whole(info, "used_memory_rss")
    policy = short_text(info.get("maxmemory_policy") or answers.settings.get("maxmemory-policy"))
    before = whole(answers.info_before, "used_memory") if answers.info_before is not None else None
    return Memory(
        used_bytes=used,
        resident_bytes=resident,
        peak_bytes=whole(info, "used_memory_peak"),
        dataset_bytes=whole(info, "used_memory_dataset"),
        limit_bytes=limit,
        used_percent=share,
        at_limit=limit > 0 and share is not None and share >= _AT_LIMIT_PERCENT,
        policy=policy,
        evicts=_evicts(policy, answers),
        resident_ratio=round(resident / used, 2) if resident is not None and used else None,
        growth_bytes=None if before is None else used - before,
        host_bytes=whole(info, "total_system_memory"),
        roomy_limit_bytes=-(-used * 3 // (2 * _MEBIBYTE)) * _MEBIBYTE,
    )


def _evicts(policy: str | None, answers: RedisAnswers) -> bool | None:
    if policy is None:
        return None
    if policy.startswith("volatile-"):
        keys = key_counts(answers)
        return None if keys is None else keys[1] > 0
    return policy != "noeviction"


def read_memory(answers: RedisAnswers) -> Values:
    """Yield the memory against its limit."""
    found = memory_of(answers)
    if found is not None:
        yield found


def read_memory_report(answers: RedisAnswers) -> Values:
    """Yield what MEMORY STATS and MEMORY DOCTOR say."""
    row = mapping(answers.data("memory_stats"))
    advice = answers.data("memory_doctor")
    if not row and not isinstance(advice, str):
        return
    yield MemoryReport(
        normal_clients_bytes=integer(row.get("clients.normal")),
        replicas_bytes=integer(row.get("clients.slaves")),
        append_only_buffer_bytes=integer(row.get("aof.buffer")),
        overhead_bytes=integer(row.get("overhead.total")),
        dataset_bytes=integer(row.get("dataset.bytes")),
        bytes_per_key=integer(row.get("keys.bytes-per-key")),
        allocator_fragmentation_ratio=number(row.get("allocator-fragmentation.ratio")),
        allocator_fragmentation_bytes=integer(row.get("allocator-fragmentation.bytes")),
        advice=short_text(advice),
    )


def read_persistence(answers: RedisAnswers) -> Values:
    """Yield how saving and loading stand."""
    info = answers.info
    loading = flag(info, "loading")
    if loading is None:
        return
    points = answers.settings.get("save")
    stops = boolean({"yes": "true", "no": "false"}.get(answers.settings.get("stop-writes-on-bgsave-error", "")))
    saved, fork = whole(info, "rdb_last_save_time"), whole(info, "latest_fork_usec")
    age = answers.age(saved) if saved else None
    yield Persistence(
        loading=loading,
        loading_percent=decimal(info, "loading_loaded_perc"),
        loading_left_seconds=whole(info, "loading_eta_seconds"),
        save_failed=failed(info, "rdb_last_bgsave_status"),
        stops_writes=None if stops is None or points is None else stops and bool(points.strip()),
        save_running=flag(info, "rdb_bgsave_in_progress"),
        changes_since_save=whole(info, "rdb_changes_since_last_save"),
        last_save_seconds=None if age is None else int(age),
        append_only=flag(info, "aof_enabled"),
        append_failed=failed(info, "aof_last_write_status"),
        rewrite_failed=failed(info, "aof_last_bgrewrite_status"),
        fsync_policy=short_text(answers.settings.get("appendfsync")),
        delayed_fsyncs=whole(info, "aof_delayed_fsync"),
        recent_delayed_fsyncs=answers.grown("aof_delayed_fsync"),
        fork_milliseconds=None if fork is None else round(fork / 1000, 1),
    )


def read_replication(answers: RedisAnswers) -> Values:
    """Yield role and links."""
    info = answers.info
    role = short_text(info.get("role"))
    if role is None:
        return
    link = info.get("master_link_status")
    good, needed = whole(info, "min_slaves_good_slaves"), answers.number("min-replicas-to-write")
    yield Replication(
        role=role,
        master_host=short_text(info.get("master_host")),
        master_port=whole(info, "master_port"),
        link_up=None if not link else link == "up",
        link_down_seconds=whole(info, "master_link_down_since_seconds"),
        syncing=flag(info, "master_sync_in_progress"),
        read_only=flag(info, "slave_read_only"),
        replicas=whole(info, "connected_slaves"),
        good_replicas=good,
        minimum_replicas=needed,
        too_few_replicas=_too_few(role, good, needed),
        replication_id=_history(info.get("master_replid")),
        former_replication_id=_history(info.get("master_replid2")),
    )


def _too_few(role: str, good: int | None, needed: int | None) -> bool | None:
    if role != "master" or needed == 0:
        return False
    # INFO shows the number only where at least one replica is needed.
    if good is None:
        return None
    return good < (needed or 1)


def _history(value: str | None) -> str | None:
    return value if value and value != _NO_ID else None


def read_cluster(answers: RedisAnswers) -> Values:
    """Yield the cluster as this node sees it."""
    enabled = flag(answers.info, "cluster_enabled")
    if enabled is None:
        return
    row = mapping(answers.data("cluster"))
    assigned, bad = integer(row.get("cluster_slots_assigned")), integer(row.get("cluster_slots_fail"))
    coverage = answers.settings.get("cluster-require-full-coverage")
    yield Cluster(
        enabled=enabled,
        state=short_text(row.get("cluster_state")),
        slots_assigned=assigned,
        slots_failed=bad,
        slots_unserved=None if assigned is None or bad is None else _SLOTS - assigned + bad,
        nodes=integer(row.get("cluster_known_nodes")),
        full_coverage_needed=None if coverage is None else coverage == "yes",
    )


def read_settings(answers: RedisAnswers) -> Values:
    """Yield the settings that were asked for."""
    for name, value in sorted(answers.settings.items()):
        plain = integer(value)
        yield Setting(name=name[:100], value=value[:300], number=None if plain is None else float(plain))
