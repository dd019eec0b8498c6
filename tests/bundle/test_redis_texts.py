"""What redis-cli printed into files becomes the facts of a live look, and nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.bundle.importers.redis_texts import entries_of, settings_of
from dotmac_diagnose.facts import Status
from dotmac_diagnose.facts.redis.activity import SlowCommand
from dotmac_diagnose.facts.redis.server import Memory, Setting

INFO = """# Server
redis_version:7.0.15
server_time_usec:1700000100000000
config_file:
# Memory
used_memory:1048576
maxmemory:1048576
maxmemory_policy:noeviction
# Persistence
loading:0
# Replication
role:master
"""
CONFIG = "requirepass\nhunter2secret\nmaxmemory-policy\nnoeviction\nsave\n\nmasterauth\nalso-secret\ndir\n/data\n"
RAW = (
    "14\n1700000040\n250000\nKEYS\nsession:top-secret*\n10.0.0.7:51234\napi\n"
    "13\n1700000000\n12000\nSLOWLOG\nGET\n127.0.0.1:4\n\n"
)
TERMINAL = """1) 1) (integer) 14
   2) (integer) 1700000040
   3) (integer) 250000
   4) 1) "KEYS"
      2) "session:top-secret*"
   5) "10.0.0.7:51234"
   6) "api"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = tmp_path / "incident" / "redis"
    texts.mkdir(parents=True)
    (texts / "info.txt").write_text(INFO, encoding="utf-8")
    (texts / "config.txt").write_text(CONFIG, encoding="utf-8")
    (texts / "slowlog.txt").write_text(RAW, encoding="utf-8")
    return texts.parent


def test_memory_settings_and_slow_commands(folder: Path):
    base = Bundle.read(folder).base
    (memory,) = [item.values for item in base.facts if isinstance(item.values, Memory)]
    assert (memory.at_limit, memory.evicts) == (True, False)
    settings = {item.values.name: item.values.value for item in base.facts if isinstance(item.values, Setting)}
    assert settings == {"maxmemory-policy": "noeviction", "save": "", "dir": "/data"}
    slow = [item.values for item in base.facts if isinstance(item.values, SlowCommand)]
    assert [(item.command, item.milliseconds, item.age_seconds, item.client) for item in slow] == [
        ("KEYS", 250.0, 60.0, "api"),
        ("SLOWLOG GET", 12.0, 100.0, "127.0.0.1"),
    ]
    assert {item.entity for item in base.facts} == {"redis/unnamed"}


def test_nothing_secret_is_kept(folder: Path, tmp_path: Path):
    bundle = Bundle.read(folder)
    bundle.write(tmp_path / "bundle")
    kept = "".join(path.read_text(errors="replace") for path in (tmp_path / "bundle").rglob("*") if path.is_file())
    assert "redis_version" in kept
    for secret in ("hunter2secret", "also-secret", "top-secret"):
        assert secret not in kept


def test_replies_as_a_terminal_shows_them():
    assert entries_of(TERMINAL) == entries_of(RAW)[:1]
    assert settings_of('1) "maxmemory"\n2) "1048576"\n') == {"maxmemory": "1048576"}


def test_an_info_file_of_any_name_is_known_by_what_it_holds(tmp_path: Path):
    file = tmp_path / "what-redis-said"
    file.write_text(INFO, encoding="utf-8")
    assert any(isinstance(item.values, Memory) for item in Bundle.read(file).base.facts)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NOAUTH Authentication required.\n", Status.DENIED),
        ("Could not connect to Redis at 127.0.0.1:6379: Connection refused\n", Status.UNREACHABLE),
        ("who knows\n", Status.UNSUPPORTED),
    ],
)
def test_a_file_that_holds_an_error_leaves_the_facts_unknown(folder: Path, text: str, status: Status):
    (folder / "redis" / "info.txt").write_text(text, encoding="utf-8")
    memory = [item for item in Bundle.read(folder).base.facts if item.kind == "redis.memory"]
    assert [item.status for item in memory] == [status]


def test_an_empty_file_says_nothing(folder: Path):
    (folder / "redis" / "slowlog.txt").write_text("\n", encoding="utf-8")
    assert not [item for item in Bundle.read(folder).base.facts if item.kind == "redis.slow_command"]
