"""The importer of everything that kubectl writes: files, folders, and both kinds of ``cluster-info dump``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from dotmac_diagnose.bundle.json_documents import parse_json
from dotmac_diagnose.bundle.limits import Limits, exceeded, readable_bytes
from dotmac_diagnose.bundle.members import Member, Tree, one_line
from dotmac_diagnose.bundle.parsed import Parsed
from dotmac_diagnose.bundle.read import unpack_member
from dotmac_diagnose.bundle.text_encoding import decode, looks_binary
from dotmac_diagnose.bundle.yaml_documents import looks_like_yaml, parse_yaml
from dotmac_diagnose.errors import InputError
from dotmac_diagnose.extract.document import KubernetesStatus, PodLog
from dotmac_diagnose.facts import OutcomeStatus

from .gathering import FoundList, Gathering, namespace_of
from .kinds import resource_of_file
from .logs import is_refused_log, log_of_file, logs_of_dump, pod_of_dump_log, section_at
from .postgres_views import answers_of_views, rows_of_csv, view_of_file
from .redis_texts import answers_of_texts, question_of_file
from .refusals import status_of_answer
from .values import KUBECONFIG, NOTHING, Place, sort_value

NOT_TEXT = "neither JSON nor YAML of Kubernetes objects nor a known capture"
_NOT_READ_YET = re.compile(r"((?:^|[^/]+/)text/)")
_DUMP_FOLDER = re.compile(r"((?:^|[^/]+/)dump/)")
_KUBECTL_FOLDER = re.compile(r"(?:^|^[^/]+/)kubectl/[^/]+\.(?:json|ya?ml)")
_KUBECONFIG_NAME = re.compile(r"(?:^|/)(?:kubeconfig|[^/]*\.kubeconfig|admin\.conf|\.kube/config)$")
_SILENT_NAMES = frozenset({"truth.yaml", "README.md", "index.yaml"})
_DATA_ENDINGS = (".json", ".yaml", ".yml", ".jsonl", ".ndjson")
_DUMP_SIGNS = frozenset({"events", "pods", "services", "replication-controllers"})


def read_capture(tree: Tree, limits: Limits, gathering: Gathering, *, only_dump: bool = False) -> None:
    """Read everything of an input that is known.

    Args:
        tree: the input.
        limits: depth, aliases, line length.
        gathering: takes lists, logs and outcomes.
        only_dump: read ``dump/`` even if there is a ``kubectl/`` beside it, and nothing else.
    """
    gathering.outcomes.extend(tree.outcomes)
    only_dump = only_dump and any(_DUMP_FOLDER.match(member.name) for member in tree.members)
    prefer_kubectl = not only_dump and any(_KUBECTL_FOLDER.search(member.name) for member in tree.members)
    reader = _Reader(tree, limits, gathering, _dump_folders(tree))
    skipped: Counter[tuple[str, str]] = Counter()
    for member in tree.members:
        reason = _skip_reason(member.name, prefer_kubectl=prefer_kubectl, only_dump=only_dump)
        if reason is not None:
            skipped[reason] += 1
        elif member.name.rpartition("/")[2] not in _SILENT_NAMES:
            reader.read(member)
    reader.finish()
    for (folder, why), count in sorted(skipped.items()):
        files = f"{count} file{'s' if count != 1 else ''}"
        gathering.note(folder, OutcomeStatus.SKIPPED, f"{why} ({files})")


def _dump_folders(tree: Tree) -> frozenset[str]:
    """Return the folders of namespaces in what ``kubectl cluster-info dump --output-directory`` writes."""
    stems: dict[str, set[str]] = defaultdict(set)
    for member in tree.members:
        folder, _, file = member.name.rpartition("/")
        stems[folder].add(file.partition(".")[0])
    return frozenset(folder for folder, found in stems.items() if folder and found >= _DUMP_SIGNS)


def is_dump(tree: Tree) -> bool:
    """Tell whether a folder or stream is what ``kubectl cluster-info dump`` writes."""
    if tree.is_file:
        return b"==== START logs for container " in tree.members[0].data
    return any(pod_of_dump_log(member.name) is not None for member in tree.members) and not any(
        _KUBECTL_FOLDER.search(member.name) for member in tree.members
    )


def _skip_reason(name: str, *, prefer_kubectl: bool, only_dump: bool) -> tuple[str, str] | None:
    later = _NOT_READ_YET.match(name)
    if later is not None:
        return later[1], "format not read yet"
    dump = _DUMP_FOLDER.match(name)
    if dump is not None and prefer_kubectl:
        return dump[1], "duplicate of kubectl/ and logs/"
    if dump is None and only_dump:
        top = name.partition("/")[0]
        return (f"{top}/" if "/" in name else top), "not part of the dump"
    return None


@dataclass(slots=True)
class _Reader:
    """Reads the members of one input."""

    tree: Tree
    limits: Limits
    gathering: Gathering
    dump_folders: frozenset[str]
    dump_logs: list[tuple[str, str, str, str]] = field(default_factory=list)
    views: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    view_files: dict[str, str] = field(default_factory=dict)
    redis_texts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def read(self, member: Member) -> None:
        """Read one member; what is wrong with it becomes its outcome."""
        if _KUBECONFIG_NAME.search(member.name):
            self.gathering.note(member.name, OutcomeStatus.SKIPPED, KUBECONFIG)
            return
        try:
            self._read(unpack_member(member, self.limits))
        except InputError as error:
            if self.tree.is_file:
                error.where = self.tree.label
                raise
            self.gathering.note(member.name, OutcomeStatus.FAILED, str(error))

    def finish(self) -> None:
        """Read the logs that need the pods of the same dump, and the views that need each other."""
        self.gathering.others.extend(answers_of_views(self.views, self.view_files))
        self.gathering.others.extend(answers_of_texts(self.redis_texts))
        for name, namespace, pod, text in self.dump_logs:
            for log in logs_of_dump(text, namespace, pod, self.gathering.lists):
                self.gathering.others.append(replace(log, source=name))

    def _read(self, member: Member) -> None:
        if member.damage is not None:
            self.gathering.note(member.name, OutcomeStatus.PARTIAL, member.damage)
        pod, log = pod_of_dump_log(member.name), log_of_file(member.name)
        view = view_of_file(member.name)
        if view is not None:
            self._read_view(member, view)
        elif (question := question_of_file(member.name, member.data)) is not None:
            _check_lines(member.data, self.limits)
            self.redis_texts.setdefault(question, (self._text(member), member.name))
        elif member.name.endswith(".error"):
            self._read_error(member)
        elif pod is not None or log is not None:
            _check_lines(member.data, self.limits)
            text = self._text(member)
            if pod is not None:
                self.dump_logs.append((member.name, *pod, text))
            elif log is not None and text:
                cut = member.damage is not None
                self.gathering.others.append(PodLog(*log[:3], text, log[3], member.name, truncated=cut))
        else:
            self._read_values(member)

    def _text(self, member: Member) -> str:
        text, note = decode(member.data)
        if note is not None:
            self.gathering.note(member.name, OutcomeStatus.PARTIAL, note)
        return text

    def _read_view(self, member: Member, view: str) -> None:
        try:
            self.views[view] = rows_of_csv(self._text(member))
            self.view_files[view] = member.name
        except ValueError as error:
            self.gathering.note(member.name, OutcomeStatus.FAILED, str(error))

    def _read_error(self, member: Member) -> None:
        """Read the answer to a request that failed, kept in a file beside those that did not."""
        text, _ = decode(member.data)
        if text.lstrip().startswith("{"):
            parsed = parse_json(text, self.limits)
            if parsed.values and sort_value(parsed.values[0], Place(member.name), self.gathering):
                return
        reason = one_line(text) or "the request failed"
        status, outcome = status_of_answer(None, "", reason)
        resource = resource_of_file(member.name)
        if resource is not None and not is_refused_log(member.name):
            self.gathering.others.append(KubernetesStatus(resource, status, reason))
        self.gathering.note(member.name, outcome, reason)

    def _read_values(self, member: Member) -> None:
        note = self.gathering.note
        if looks_binary(member.data):
            note(member.name, OutcomeStatus.SKIPPED, "neither text nor a known archive")
            return
        text = self._text(member)
        if not text.strip():
            note(member.name, OutcomeStatus.FAILED, "the file is empty")
            return
        logs: list[PodLog] = []
        parsed = _parse(text, self.limits, logs)
        if parsed is None:
            failed = self.tree.is_file or member.name.endswith(_DATA_ENDINGS)
            note(member.name, OutcomeStatus.FAILED if failed else OutcomeStatus.SKIPPED, NOT_TEXT)
            return
        known = self._sort(parsed, member.name, logs) or bool(logs)
        for problem in parsed.problems:
            note(member.name, OutcomeStatus.PARTIAL if known else OutcomeStatus.FAILED, problem)
        if not known and not parsed.problems:
            note(member.name, OutcomeStatus.SKIPPED, NOTHING)

    def _sort(self, parsed: Parsed, name: str, logs: list[PodLog]) -> bool:
        folder = name.rpartition("/")[0]
        namespace = folder.rpartition("/")[2] if folder in self.dump_folders else None
        place = Place(name, f"{self.tree.label}:{folder}", namespace)
        before = len(self.gathering.lists)
        known = False
        for value in parsed.values:
            partial = id(value) in parsed.partial
            known = sort_value(value, replace(place, partial=partial), self.gathering) or known
        if logs:
            _name_dump_namespaces(self.gathering, before)
        self.gathering.others.extend(replace(log, source=name) for log in logs)
        return known


def _check_lines(data: bytes, limits: Limits) -> None:
    if len(data) <= limits.max_line_bytes:
        return
    if max(map(len, data.split(b"\n"))) > limits.max_line_bytes:
        raise exceeded(f"a line is longer than {readable_bytes(limits.max_line_bytes)}", "max_line_bytes")


def _parse(text: str, limits: Limits, logs: list[PodLog]) -> Parsed | None:
    """Return the values of a text, and take the logs between them; None when it is neither JSON nor YAML."""
    start = text.lstrip("\ufeff \t\r\n")

    def section(content: str, position: int) -> int:
        found = section_at(content, position)
        if found is None:
            return position
        logs.append(found[0])
        return found[1]

    if start[:1] in ("{", "[") or start.startswith("==== START logs for container "):
        return parse_json(start, limits, section)
    return parse_yaml(text, limits) if looks_like_yaml(text) else None


def _name_dump_namespaces(gathering: Gathering, before: int) -> None:
    """Give the lists of a dump stream their namespace: each namespace has one list of every resource."""
    run: list[int] = []
    seen: set[str] = set()
    for position in range(before, len(gathering.lists) + 1):
        found = gathering.lists[position] if position < len(gathering.lists) else None
        if found is None or found.resource in seen:
            _name_run(gathering, run)
            run, seen = [], set()
        if found is not None and found.resource != "nodes":
            run.append(position)
            seen.add(found.resource)


def _name_run(gathering: Gathering, run: list[int]) -> None:
    names = {namespace_of(item) for position in run for item in gathering.lists[position].items} - {None}
    if len(names) != 1:
        return
    namespace = names.pop()
    for position in run:
        found = gathering.lists[position]
        gathering.lists[position] = FoundList(
            found.resource, found.items, found.member, f"{found.member}:{namespace}", namespace, found.complete
        )
