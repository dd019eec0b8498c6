"""The own format: ``manifest.json``, ``outcomes.json``, ``*.jsonl`` and ``evidence/`` (architecture, section 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dotmac_diagnose.errors import InputError
from dotmac_diagnose.extract.document import Document, KubernetesList
from dotmac_diagnose.facts import FactBase, Outcome, OutcomeStatus, Relation

from .evidence import documents_of, files_of, index_of
from .limits import Limits
from .members import Tree, member_outcome
from .records import (
    fact_reader,
    moment_of,
    read_change,
    read_lines,
    read_outcome,
    read_relation,
    stamp,
    write_changes,
    write_facts,
    write_outcomes,
    write_relations,
)

SCHEMA_VERSION = 1
FORMAT = "dotmac-diagnose-bundle"
MANIFEST = "manifest.json"
FACTS = "facts.jsonl"
GIVEN = "collected-relations.jsonl"
"""Relations that no document holds; those of ``relations.jsonl`` can be derived again."""
_PARTS = (MANIFEST, FACTS, "outcomes.json")


@dataclass(frozen=True, slots=True)
class OwnBundle:
    """A bundle that was read back."""

    base: FactBase
    documents: tuple[Document, ...]
    manifest: Mapping[str, Any]
    relations: tuple[Relation, ...] = ()


def is_own(tree: Tree) -> bool:
    """Tell whether an input is a bundle of this program, even one that lost a part."""
    names = {member.name for member in tree.members}
    return not tree.is_file and MANIFEST in names and (bool(names & set(_PARTS[1:])) or _says_so(tree))


def _says_so(tree: Tree) -> bool:
    return any(member.name == MANIFEST and FORMAT.encode() in member.data for member in tree.members)


def files_of_bundle(
    base: FactBase,
    documents: Sequence[Document],
    relations: Sequence[Relation] = (),
    *,
    redaction: Mapping[str, int],
    inputs: Sequence[str],
    kind: str,
    tool_version: str,
    knowledge_version: str,
) -> dict[str, bytes]:
    """Return the files of a bundle by name."""
    manifest = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "dotmac-diagnose", "version": tool_version},
        "knowledge": {"version": knowledge_version},
        "captured_at": stamp(base.captured_at),
        "context": base.context,
        "scope": {"namespaces": namespaces_of(documents)},
        "kind": kind,
        "inputs": list(inputs),
        "redaction": {"rules": dict(sorted(redaction.items()))},
        "documents": index_of(documents),
    }
    return {
        MANIFEST: json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n",
        "outcomes.json": write_outcomes(base),
        FACTS: write_facts(base),
        "relations.jsonl": write_relations(base.relations),
        **({GIVEN: write_relations(relations)} if relations else {}),
        "changes.jsonl": write_changes(base),
        **files_of(documents),
    }


def namespaces_of(documents: Sequence[Document]) -> list[str]:
    """Return the namespaces that a capture is about, empty when it is about all."""
    lists = [document for document in documents if isinstance(document, KubernetesList)]
    named = {document.namespace for document in lists if document.namespace is not None}
    spans = any(document.namespace is None and document.list_of == "pods" for document in lists)
    return [] if spans else sorted(named)


def read_own(tree: Tree, limits: Limits) -> OwnBundle:
    """Read a bundle back.

    Raises:
        InputError: it was written by a newer program, or its manifest is damaged.
    """
    files = {member.name: member.data for member in tree.members}
    manifest = _manifest(files, tree.label)
    documents, missing = documents_of(manifest.get("documents"), files, limits)
    problems = list(tree.outcomes)
    problems += [member_outcome(name, OutcomeStatus.FAILED, reason) for name, reason in missing]
    facts, damaged = read_lines(files.get(FACTS, b""), fact_reader())
    problems += _damage(FACTS, damaged, missing=FACTS not in files)
    relations, damaged = read_lines(files.get("relations.jsonl", b""), read_relation)
    problems += _damage("relations.jsonl", damaged, missing="relations.jsonl" not in files)
    given, damaged = read_lines(files.get(GIVEN, b""), read_relation)
    problems += _damage(GIVEN, damaged, missing=False)
    changes, damaged = read_lines(files.get("changes.jsonl", b""), read_change)
    problems += _damage("changes.jsonl", damaged, missing="changes.jsonl" not in files)
    base = FactBase(
        facts,
        relations,
        [*_outcomes(files.get("outcomes.json", b""), problems), *problems],
        changes,
        captured_at=_moment(manifest),
        context=manifest["context"] if isinstance(manifest.get("context"), str) else None,
    )
    return OwnBundle(base, documents, manifest, tuple(given))


def _manifest(files: Mapping[str, bytes], label: str) -> dict[str, Any]:
    try:
        manifest = json.loads(files[MANIFEST])
        version = manifest["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = "Copy or capture it again."
        raise InputError("the manifest of the bundle is damaged", where=label, hint=hint) from error
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError("the manifest of the bundle is damaged", where=label, hint="Copy or capture it again.")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"the bundle has schema version {version}, this program reads up to {SCHEMA_VERSION}",
            where=label,
            hint="Use a newer version of dotmac-diagnose.",
        )
    return dict(manifest)


def _damage(name: str, lines: int, *, missing: bool) -> list[Outcome]:
    if missing:
        return [member_outcome(name, OutcomeStatus.FAILED, "missing from the bundle")]
    if lines:
        return [member_outcome(name, OutcomeStatus.PARTIAL, f"{lines} lines cannot be read")]
    return []


def _outcomes(data: bytes, problems: list[Outcome]) -> list[Outcome]:
    try:
        return [read_outcome(row) for row in json.loads(data)]
    except (ValueError, KeyError, TypeError, RecursionError):
        problems.append(member_outcome("outcomes.json", OutcomeStatus.FAILED, "missing or damaged"))
        return []


def _moment(manifest: Mapping[str, Any]) -> Any:
    try:
        return moment_of(manifest.get("captured_at"))
    except (ValueError, TypeError):
        return None
