"""A captured incident: inputs of any known kind, redacted, as one fact base."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from dotmac_diagnose.errors import DiagnoseError, InputError
from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document, KubeletSummary, KubernetesList, PodLog, ServerVersion
from dotmac_diagnose.facts import FactBase, Outcome, OutcomeStatus

from .limits import Limits
from .parsing import UnreadableError, read_objects
from .reading import Member, read_members
from .redaction import Redactor, known_secrets
from .storage import dump, is_bundle, load, write

_CLUSTER_SCOPED = {
    "nodes",
    "namespaces",
    "persistentvolumes",
    "storageclasses",
    "priorityclasses",
    "apiservices",
    "ingressclasses",
}
_DUMP_MARK = re.compile(r"^==== (START|END) logs for container (\S+) of pod (\S+?)/(\S+) ====$", re.MULTILINE)
_IGNORED = {"truth.yaml", "index.yaml", "README.md"}
_LATER = ("text/", "pg/", "redis/")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was captured.

    Attributes:
        base: the facts.
        documents: the redacted documents that they were read from (empty for an own bundle without ``reextract``).
        outcomes: what became of each damaged or unread member.
        inputs: the paths as given.
        kind: detected format: ``bundle`` or ``kubectl``.
        manifest: of an own bundle.
    """

    base: FactBase
    documents: tuple[Document, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    inputs: tuple[str, ...] = ()
    kind: str = "kubectl"
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        *paths: str | Path,
        input_format: str | None = None,
        limits: Limits | None = None,
        reextract: bool = False,
    ) -> Bundle:
        """Read one incident from files, folders, archives or ``-`` (standard input).

        Args:
            paths: several are one incident.
            input_format: ``bundle`` or ``kubectl``; detected when None.
            limits: bounds.
            reextract: derive the facts of an own bundle again from its evidence.

        Raises:
            InputError: nothing can be read; several problems are listed together.
        """
        limits = limits or Limits()
        if input_format not in {None, "bundle", "kubectl"}:
            raise InputError(f"unknown input format {input_format!r}", hint="Known: bundle, kubectl.")
        parts: list[Bundle] = []
        problems: list[DiagnoseError] = []
        for path in paths:
            try:
                parts.append(_read_one(str(path), input_format, limits, reextract=reextract))
            except InputError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == 1 else InputError("; ".join(str(p).rstrip(".") for p in problems))
        return _together(parts, tuple(str(path) for path in paths))

    def write(self, path: str | Path, *, tool_version: str = "", knowledge_version: str = "") -> None:
        """Write the bundle to a new folder or archive (.tar.gz, .tar.zst), mode 0600."""
        manifest = {"tool_version": tool_version, "knowledge_version": knowledge_version, "inputs": list(self.inputs)}
        write(dump(self.base, manifest, _evidence(self.documents)), Path(path))


def capture(documents: Iterable[Document], outcomes: Sequence[Outcome] = (), *, context: str | None = None) -> Bundle:
    """Return a bundle of documents: redacted first, then read into facts."""
    redacted = _redacted(list(documents))
    base = extract(redacted, outcomes=outcomes, context=context)
    return Bundle(base, tuple(redacted), tuple(outcomes))


def _together(parts: list[Bundle], inputs: tuple[str, ...]) -> Bundle:
    if not parts:
        raise InputError("no input was named", hint="Name a file, a folder, or - for standard input.")
    if len(parts) == 1:
        only = parts[0]
        return Bundle(only.base, only.documents, only.outcomes, inputs, only.kind, only.manifest)
    outcomes = tuple(outcome for part in parts for outcome in part.outcomes)
    if all(part.documents for part in parts):
        documents = tuple(document for part in parts for document in part.documents)
        return Bundle(extract(documents, outcomes=outcomes), documents, outcomes, inputs)
    base = parts[0].base
    for part in parts[1:]:
        base = base.merged(part.base)
    return Bundle(base, (), outcomes, inputs, parts[0].kind)


def _read_one(path: str, input_format: str | None, limits: Limits, *, reextract: bool) -> Bundle:
    members = read_members(path, limits)
    members = _without_common_folder(members)
    named = {member.name: member for member in members}
    if input_format != "kubectl" and is_bundle(named):
        base, manifest = load({name: member.data for name, member in named.items()}, path)
        if not reextract:
            return Bundle(base, (), base.outcomes, kind="bundle", manifest=manifest)
        evidence = [Member(m.name.removeprefix("evidence/"), m.data) for m in members if m.name.startswith("evidence/")]
        again = _import(evidence, path, limits)
        return Bundle(again.base, again.documents, again.outcomes, kind="bundle", manifest=manifest)
    if input_format == "bundle":
        raise InputError("this is no bundle of this program", where=path, hint="Leave out --input-format.")
    return _import(members, path, limits)


def _without_common_folder(members: list[Member]) -> list[Member]:
    tops = {member.name.split("/", 1)[0] for member in members}
    if len(tops) == 1 and all("/" in member.name for member in members):
        return [Member(member.name.split("/", 1)[1], member.data, member.problem) for member in members]
    return members


def _import(members: list[Member], where: str, limits: Limits) -> Bundle:
    documents: list[Document] = []
    outcomes: list[Outcome] = []
    has_kubectl = any(member.name.startswith("kubectl/") for member in members)
    reasons: list[str] = []
    folders: dict[str, str] = {}
    for member in members:
        if member.name in _IGNORED or not (member.data or member.problem):
            continue
        reason = member.problem or _skipped(member, has_kubectl=has_kubectl)
        if reason is not None:
            if not member.problem and not member.name.endswith(".error"):
                folders.setdefault(member.name.split("/", 1)[0], reason)
                continue
            outcomes.append(
                Outcome(
                    f"import:{member.name}",
                    OutcomeStatus.SKIPPED if not member.problem else OutcomeStatus.FAILED,
                    reason,
                )
            )
            continue
        try:
            found, problems = _documents(member, limits)
        except UnreadableError as error:
            reasons.append(str(error))
            outcomes.append(Outcome(f"import:{member.name}", OutcomeStatus.FAILED, str(error)))
            continue
        documents.extend(found)
        if problems:
            outcomes.append(Outcome(f"import:{member.name}", OutcomeStatus.PARTIAL, "; ".join(sorted(set(problems)))))
    outcomes.extend(
        Outcome(f"import:{name}", OutcomeStatus.SKIPPED, reason) for name, reason in sorted(folders.items())
    )
    if not documents:
        raise InputError(
            reasons[0] if reasons else "nothing in it is known",
            where=where,
            hint="Expected: kubectl get -o json or yaml, kubectl cluster-info dump, or a bundle of this program.",
        )
    bundle = capture(_merged(documents), outcomes)
    return Bundle(bundle.base, bundle.documents, tuple(outcomes))


def _skipped(member: Member, *, has_kubectl: bool) -> str | None:
    if member.name.startswith(_LATER):
        return "this format is not read yet"
    if has_kubectl and member.name.startswith("dump/"):
        return "the same as kubectl/ and logs/"
    if member.name.endswith(".error"):
        return member.data[:200].decode("utf-8", "replace").strip().replace("\n", " ")
    return None


def _documents(member: Member, limits: Limits) -> tuple[list[Document], list[str]]:
    path = PurePosixPath(member.name)
    if b"\x00" in member.data[:4096] and path.suffix != ".log":
        raise UnreadableError("it is neither text nor a known archive")
    text = member.data.decode("utf-8", "replace")
    if path.suffix == ".log" and len(path.parts) >= 3:
        return [_pod_log(path, text, member.name)], []
    if path.name == "logs.txt" and len(path.parts) >= 3:
        return list(_dump_logs(text, path.parts[-3], path.parts[-2], member.name)), []
    if _DUMP_MARK.search(text) and text.lstrip()[:1] == "{":
        return _dump_stream(text, member, limits)
    if path.name.startswith("stats-summary"):
        data = _json(text)
        return [KubeletSummary(path.stem.removeprefix("stats-summary-"), data, member.name, f"{member.name}")], []
    if path.name == "version.json":
        return [ServerVersion(_json(text), member.name)], []
    found = read_objects(text, path.stem, limits)
    return [
        KubernetesList(
            resource,
            items,
            namespace=_scope(resource, items, path),
            complete=not found.incomplete,
            source=member.name,
            evidence=f"evidence/{resource}.json",
        )
        for resource, items in sorted(found.by_resource.items())
    ], found.problems


def _json(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"it is not JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise UnreadableError("it is no JSON object")
    return value


def _scope(resource: str, items: Sequence[Mapping[str, Any]], path: PurePosixPath) -> str | None:
    """Lists of a dump folder are those of one namespace; other lists are taken as they say."""
    if resource in _CLUSTER_SCOPED or len(path.parts) < 2 or path.parts[0] == "kubectl":
        return None
    namespaces = {
        str(item.get("metadata", {}).get("namespace")) for item in items if isinstance(item.get("metadata"), Mapping)
    }
    folder = path.parts[-2]
    return folder if not namespaces or namespaces == {folder} else None


def _pod_log(path: PurePosixPath, text: str, source: str) -> PodLog:
    namespace, pod, name = path.parts[-3:]
    stem = name.removesuffix(".log")
    previous = stem.endswith("-previous")
    return PodLog(namespace, pod, stem.removesuffix("-previous"), text, previous, source, f"evidence/{source}")


def _dump_logs(text: str, namespace: str, pod: str, source: str) -> Iterable[PodLog]:
    marks = list(_DUMP_MARK.finditer(text))
    if not marks:
        yield PodLog(namespace, pod, "", text, source=source, evidence=f"evidence/{source}")
        return
    for start, end in itertools.pairwise(marks):
        if start[1] == "START" and end[1] == "END":
            yield PodLog(
                start[3],
                start[4],
                start[2],
                text[start.end() : end.start()].strip("\n"),
                source=source,
                evidence=f"evidence/{source}",
            )


def _dump_stream(text: str, member: Member, limits: Limits) -> tuple[list[Document], list[str]]:
    documents: list[Document] = list(_dump_logs(text, "", "", member.name))
    objects = re.sub(r"(?s)==== START logs for.*?==== END logs for[^\n]*====", "", text)
    found = read_objects(objects, "dump", limits)
    for resource, items in sorted(found.by_resource.items()):
        documents.append(KubernetesList(resource, items, complete=not found.incomplete, source=member.name))
    return documents, found.problems


def _merged(documents: list[Document]) -> list[Document]:
    """Join the lists of one resource and scope that came from several members."""
    lists: dict[tuple[str, str | None], KubernetesList] = {}
    others: list[Document] = []
    for document in documents:
        if not isinstance(document, KubernetesList):
            others.append(document)
            continue
        key = (document.list_of, document.namespace)
        former = lists.get(key)
        lists[key] = (
            document
            if former is None
            else KubernetesList(
                document.list_of,
                _unique([*former.items, *document.items]),
                document.namespace,
                former.complete and document.complete,
                former.source,
                former.evidence,
            )
        )
    return [*(lists[key] for key in sorted(lists, key=lambda key: (key[0], key[1] or ""))), *others]


def _unique(items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    kept = {json.dumps(item, sort_keys=True, default=str): item for item in items}
    return [kept[key] for key in sorted(kept)]


def _redacted(documents: list[Document]) -> list[Document]:
    objects = (item for document in documents if isinstance(document, KubernetesList) for item in document.items)
    redactor = Redactor(known_secrets(objects))
    result: list[Document] = []
    for document in documents:
        if isinstance(document, KubernetesList):
            items = [redactor.value(item) for item in document.items]
            result.append(
                KubernetesList(
                    document.list_of, items, document.namespace, document.complete, document.source, document.evidence
                )
            )
        elif isinstance(document, PodLog):
            text = redactor.text(document.text)
            result.append(
                PodLog(
                    document.namespace,
                    document.pod,
                    document.container,
                    text,
                    document.previous,
                    document.source,
                    document.evidence,
                    document.truncated,
                )
            )
        else:
            result.append(document)
    return result


def _evidence(documents: Iterable[Document]) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    for document in documents:
        if isinstance(document, KubernetesList):
            scope = f"{document.namespace}/" if document.namespace else "kubectl/"
            value = {"apiVersion": "v1", "kind": "List", "items": list(document.items)}
            members[f"{scope}{document.list_of}.json"] = json.dumps(value, sort_keys=True).encode()
        elif isinstance(document, PodLog):
            tail = "-previous" if document.previous else ""
            members[f"logs/{document.namespace}/{document.pod}/{document.container}{tail}.log"] = document.text.encode()
        elif isinstance(document, KubeletSummary):
            members[f"stats-summary-{document.node}.json"] = json.dumps(document.data, sort_keys=True).encode()
    return members
