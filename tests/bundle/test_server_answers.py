"""Answers of servers in a bundle: written, read back, redacted, and kept when they are not ok."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dotmac_diagnose.bundle import Bundle, capture
from dotmac_diagnose.extract.document import Document, KubernetesList, ServerAnswer
from dotmac_diagnose.facts import Outcome, OutcomeStatus, Relation

from .captures import pod

ASKED = datetime(2026, 11, 24, 11, 0, 0, 123456, tzinfo=UTC)
SERVER = "postgres/db.internal"
ANSWERS: list[Document] = [
    ServerAnswer(SERVER, "settings", [{"name": "port", "setting": "5432"}, {"name": None, "x": [1, 2.5, True]}],
                 asked_at=ASKED, milliseconds=3, source="pg_settings"),
    ServerAnswer(SERVER, "database", {"xacts": 1}, asked_at=ASKED),
    ServerAnswer(SERVER, "database", {"xacts": 9}, asked_at=ASKED + timedelta(seconds=3), sample=1),
    ServerAnswer(SERVER, "file_settings", None, "denied", "permission denied for view pg_file_settings", ASKED),
    ServerAnswer(SERVER, "lock_tree", None, "timeout", "no answer within 4 s", None),
    ServerAnswer("redis/cache:6380", "info", "redis_version:7.4\r\nused_memory:1\r\n", asked_at=ASKED),
    ServerAnswer("host/../../etc", "../passwd", "", asked_at=ASKED),
    ServerAnswer("host", "", [], asked_at=ASKED),
]  # fmt: skip
RELATION = Relation("connects_to", "deployment/shop/api", SERVER)


@pytest.fixture(scope="module")
def live() -> Bundle:
    outcomes = [Outcome("postgres", OutcomeStatus.PARTIAL, "1 answer denied", 12, 4)]
    documents = [KubernetesList("pods", [pod("api-1")]), *ANSWERS]
    return capture(documents, outcomes, relations=[RELATION], inputs=["postgres db.internal"])


@pytest.mark.parametrize("ending", ["", ".tar.gz", ".tar.zst"])
@pytest.mark.parametrize("reextract", [False, True])
def test_answers_read_back_equal(live: Bundle, tmp_path: Path, ending: str, reextract: bool) -> None:
    live.write(tmp_path / f"live{ending}")
    again = Bundle.read(tmp_path / f"live{ending}", reextract=reextract)
    assert again.documents == live.documents
    assert again.relations == live.relations == (RELATION,)
    assert again.base.relations == live.base.relations
    assert again.base.facts == live.base.facts
    assert again.base.outcomes == live.base.outcomes
    assert again.base.captured_at == live.base.captured_at == ASKED + timedelta(seconds=3)
    again.write(tmp_path / f"again{ending}")
    assert Bundle.read(tmp_path / f"again{ending}").documents == live.documents


def test_the_path_says_who_was_asked_what(live: Bundle, tmp_path: Path) -> None:
    live.write(tmp_path / "live")
    paths = {str(path.relative_to(tmp_path / "live")) for path in (tmp_path / "live").rglob("*.json")}
    assert paths >= {
        "evidence/servers/postgres/db.internal/settings.0.json",
        "evidence/servers/postgres/db.internal/database.0.json",
        "evidence/servers/postgres/db.internal/database.1.json",
        "evidence/servers/postgres/db.internal/file_settings.0.json",
        "evidence/servers/redis/cache%3A6380/info.0.json",
        "evidence/servers/host/..%2F..%2Fetc/..%2Fpasswd.0.json",
        "evidence/servers/host/unnamed/unnamed.0.json",
    }
    text = (tmp_path / "live" / "evidence/servers/postgres/db.internal/file_settings.0.json").read_text()
    assert json.loads(text)["status"] == "denied"


def test_only_answers_make_a_bundle_that_reads_back(tmp_path: Path) -> None:
    bundle = capture([ServerAnswer(SERVER, "settings", None, "unreachable", "refused", ASKED)])
    bundle.write(tmp_path / "live")
    again = Bundle.read(tmp_path / "live", reextract=True)
    assert again.documents == bundle.documents
    assert again.base.captured_at == ASKED


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"server": 1}',
        "drop:server",
        "drop:data",
        "status:ill",
        "sample:-1",
        "sample:true",
        "asked_at:x",
    ],
)
def test_a_damaged_answer_costs_that_answer_only(live: Bundle, tmp_path: Path, damage: str) -> None:
    live.write(tmp_path / "live")
    path = tmp_path / "live" / "evidence/servers/postgres/db.internal/settings.0.json"
    content: dict[str, Any] = json.loads(path.read_text())
    word, colon, value = damage.partition(":")
    if word == "drop":
        del content[value]
        path.write_text(json.dumps(content))
    elif colon and word in content:
        path.write_text(json.dumps(content | {word: {"-1": -1, "true": True}.get(value, value)}))
    else:
        path.write_text(damage)
    again = Bundle.read(tmp_path / "live", reextract=True)
    assert len(again.documents) == len(live.documents) - 1
    assert "import:evidence/servers/postgres/db.internal/settings.0.json" in {o.collector for o in again.outcomes}


PASSWORD = "Tr0ub4dor-and-3"


def test_no_secret_stays_in_an_answer(tmp_path: Path) -> None:
    rows = [
        {"name": "primary_conninfo", "setting": f"host=a user=b password={PASSWORD}a"},
        {"query": f"ALTER ROLE app PASSWORD '{PASSWORD}b'", "pid": 7, "usename": "app"},
        {"query": f"SELECT * FROM people WHERE mail = '{PASSWORD}c' AND id = 5"},
        {"requirepass": f"{PASSWORD}d", "maxmemory": "100", "maxclients": 10},
        [f"postgresql://app:{PASSWORD}e@db/shop"],
        {"message": f"the word {PASSWORD}f and {PASSWORD}a again"},
    ]
    documents: list[Document] = [
        ServerAnswer(SERVER, "rows", rows, asked_at=ASKED, source=f"SELECT ... password={PASSWORD}g"),
        ServerAnswer(SERVER, "text", f"requirepass {PASSWORD}h\nmaxmemory 5", asked_at=ASKED),
        ServerAnswer(SERVER, "denied", None, "denied", f"password={PASSWORD}i was refused", ASKED),
    ]
    bundle = capture(documents, secrets=[f"{PASSWORD}f", "db.internal"])
    bundle.write(tmp_path / "live")
    written = "\n".join(path.read_text() for path in (tmp_path / "live").rglob("*") if path.is_file())
    assert PASSWORD not in written
    assert bundle.documents == Bundle.read(tmp_path / "live", reextract=True).documents
    for kept in ("maxmemory", '"maxclients": 10', "usename", "FROM people", "AND id = 5", '"pid": 7', "db.internal"):
        assert kept in written
    assert rows[1]["query"] == f"ALTER ROLE app PASSWORD '{PASSWORD}b'"  # type: ignore[call-overload]
