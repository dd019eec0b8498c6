"""The own bundle: manifest.json, outcomes.json, facts.jsonl, relations.jsonl, changes.jsonl and evidence/."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.facts import (
    Change,
    Fact,
    FactBase,
    Outcome,
    OutcomeStatus,
    Relation,
    Status,
    Vantage,
    fact_kinds,
)

from .reading import Member

SCHEMA_VERSION = 1


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def dump(base: FactBase, manifest: Mapping[str, Any], evidence: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the members of a bundle by name."""
    facts = [
        {
            "kind": item.kind,
            "entity": item.entity,
            "status": item.status.value,
            "values": item.values.model_dump(mode="json", exclude_none=True) if item.values is not None else None,
            "vantage": item.vantage.value,
            "observed_at": _moment(item.observed_at),
            "collector": item.collector,
            "source": item.source,
            "evidence": item.evidence,
            "reason": item.reason,
        }
        for item in base.facts
    ]
    outcomes = [
        {
            "collector": o.collector,
            "status": o.status.value,
            "reason": o.reason,
            "duration_ms": o.duration_ms,
            "facts": o.facts,
        }
        for o in base.outcomes
    ]
    head = {
        "schema_version": SCHEMA_VERSION,
        "captured_at": _moment(base.captured_at),
        "context": base.context,
        **manifest,
    }
    relations = [[item.type, item.source, item.target] for item in base.relations]
    changes = [[_moment(item.at), item.entity, item.what] for item in base.changes]
    return {
        "manifest.json": json.dumps(head, indent=2, sort_keys=True).encode(),
        "outcomes.json": json.dumps(outcomes, indent=2, sort_keys=True).encode(),
        "facts.jsonl": _lines(facts),
        "relations.jsonl": _lines(relations),
        "changes.jsonl": _lines(changes),
        **{f"evidence/{name}": data for name, data in evidence.items()},
    }


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode()


def load(members: Mapping[str, bytes], where: str) -> tuple[FactBase, dict[str, Any]]:
    """Read a bundle's members back.

    Raises:
        InputError: the bundle is newer than this program, or damaged.
    """
    try:
        manifest = json.loads(members["manifest.json"])
        version = manifest["schema_version"]
        if version != SCHEMA_VERSION:
            raise InputError(
                f"the bundle has schema version {version}, this program reads {SCHEMA_VERSION}",
                where=where,
                hint="Use the version that wrote it, or a newer one.",
            )
        kinds = fact_kinds()
        facts = [_fact(row, kinds) for row in _rows(members["facts.jsonl"])]
        relations = [Relation(*row) for row in _rows(members.get("relations.jsonl", b""))]
        changes = [
            Change(datetime.fromisoformat(at), entity, what)
            for at, entity, what in _rows(members.get("changes.jsonl", b""))
        ]
        outcomes = [
            Outcome(row["collector"], OutcomeStatus(row["status"]), row["reason"], row["duration_ms"], row["facts"])
            for row in json.loads(members.get("outcomes.json", b"[]"))
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"the bundle is damaged: {error}", where=where, hint="Capture it again.") from error
    base = FactBase(
        facts,
        relations,
        outcomes,
        changes,
        captured_at=_time(manifest.get("captured_at")),
        context=manifest.get("context"),
    )
    return base, manifest


def _rows(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.decode().split("\n") if line]


def _fact(row: dict[str, Any], kinds: Mapping[str, Any]) -> Fact:
    values = row["values"]
    return Fact(
        entity=row["entity"],
        kind=row["kind"],
        values=kinds[row["kind"]].model_validate(values) if values is not None else None,
        status=Status(row["status"]),
        vantage=Vantage(row["vantage"]),
        observed_at=_time(row["observed_at"]),
        collector=row["collector"],
        source=row["source"],
        evidence=row["evidence"],
        reason=row.get("reason"),
    )


def write(members: Mapping[str, bytes], target: Path) -> None:
    """Write a bundle: a folder, or an archive by its ending (.tar.gz, .tar.zst). New files only, mode 0600."""
    if target.name.endswith((".tar.gz", ".tgz", ".tar.zst")):
        _write_new(target, _archive(members, target.name))
        return
    try:
        target.mkdir(mode=0o700, parents=False)
    except FileExistsError as error:
        raise InputError("the bundle exists already", where=str(target), hint="Name a new one.") from error
    for name, data in sorted(members.items()):
        path = target / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, data)


def _archive(members: Mapping[str, bytes], name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in sorted(members.items()):
            info = tarfile.TarInfo(member)
            info.size, info.mode = len(data), 0o600
            archive.addfile(info, io.BytesIO(data))
    if name.endswith(".zst"):
        import zstandard

        return zstandard.ZstdCompressor(level=6).compress(buffer.getvalue())
    import gzip

    return gzip.compress(buffer.getvalue(), mtime=0)


def _write_new(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise InputError("the file exists already", where=str(path), hint="Name a new one.") from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def is_bundle(members: Mapping[str, Member]) -> bool:
    """Tell whether members are those of an own bundle."""
    return "manifest.json" in members and "facts.jsonl" in members
