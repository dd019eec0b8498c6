"""A captured incident: inputs of any known kind, redacted, as one fact base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

from dotmac_diagnose.errors import InputError, UsageError
from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document
from dotmac_diagnose.facts import FactBase, Outcome, OutcomeStatus, Relation

from .detect import BUNDLE, DUMP, check_format, detect
from .evidence import with_evidence
from .importers.gathering import Gathering
from .importers.kubernetes_capture import read_capture
from .limits import Limits
from .members import Tree
from .own import OwnBundle, files_of_bundle, is_own, read_own
from .read import STDIN, read_tree
from .redact import KnownSecrets, Ledger, TextRedactor, redact
from .write import write_files

EXPECTED = "Expected: kubectl get -o json or yaml, kubectl cluster-info dump, or a bundle of this program."


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was captured.

    Args:
        base: the facts.
        documents: the redacted documents that they were read from.
        outcomes: how collectors ended, and what became of damaged or unread members.
        inputs: what was read, sorted.
        kind: detected format; of several inputs the formats, joined by ``+``.
        manifest: of an own bundle; else empty.
        redaction: number of distinct texts that each rule changed.
        relations: those that collectors gave beside documents; part of ``base`` as well.
    """

    base: FactBase
    documents: tuple[Document, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    inputs: tuple[str, ...] = ()
    kind: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    redaction: Mapping[str, int] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()

    @classmethod
    def read(
        cls,
        *paths: str | Path,
        input_format: str | None = None,
        limits: Limits | None = None,
        reextract: bool = False,
        stdin: BinaryIO | None = None,
    ) -> Bundle:
        """Read one incident.

        Args:
            paths: files, folders, archives, or ``-`` for standard input; several are one incident.
            input_format: ``bundle``, ``kubectl`` or ``cluster-info-dump``; detected when None.
            limits: what is refused; the defaults of :class:`Limits` when None.
            reextract: derive the facts of an own bundle again from its evidence.
            stdin: read instead of standard input.

        Returns:
            The incident, the same for every order of the paths.

        Raises:
            InputError: a path cannot be read, or nothing in it is known; all such paths are named.
            LimitExceeded: an input is larger than a limit allows.
            UsageError: no path, standard input twice, or an unknown format.
        """
        _check_call(paths, input_format)
        trees = _read_trees(paths, limits or Limits(), stdin)
        return _assemble(trees, input_format, limits or Limits(), reextract=reextract)

    def write(self, path: str | Path, *, tool_version: str = "", knowledge_version: str = "") -> None:
        """Write a bundle.

        Args:
            path: a ``.tar.zst`` or ``.tar.gz`` file, or a folder; must not exist.
            tool_version: version of the program, for the manifest.
            knowledge_version: version of the knowledge base, for the manifest.

        Raises:
            InputError: the path exists or cannot be written.
        """
        files = files_of_bundle(
            self.base,
            self.documents,
            self.relations,
            redaction=self.redaction,
            inputs=self.inputs,
            kind=self.kind,
            tool_version=tool_version,
            knowledge_version=knowledge_version,
        )
        write_files(files, path)


def capture(
    documents: Iterable[Document],
    outcomes: Sequence[Outcome] = (),
    *,
    context: str | None = None,
    inputs: Sequence[str] = (),
    kind: str = "live",
    relations: Sequence[Relation] = (),
    secrets: Iterable[str] = (),
) -> Bundle:
    """Return the bundle of documents that collectors or importers found: redacted, then read into facts.

    Args:
        documents: raw, in any order.
        outcomes: how collectors or importers ended.
        context: name of the Kubernetes context.
        inputs: what was read, for people.
        kind: ``live``, or the format of the capture.
        relations: what collectors know of the targets beside documents; kept as it is.
        secrets: values that must not stay, for example the passwords of the targets.

    Raises:
        LimitExceeded: an object nests too deep.
    """
    secrets = frozenset(secrets)
    redacted = redact(with_evidence(documents), secrets)
    known = _without_secrets(dict.fromkeys(outcomes), secrets)
    base = extract(redacted.documents, outcomes=known, context=context, relations=relations)
    given = tuple(sorted(set(relations)))
    return Bundle(
        base,
        redacted.documents,
        base.outcomes,
        tuple(sorted(inputs)),
        kind,
        redaction=redacted.counts,
        relations=given,
    )


def _without_secrets(outcomes: Iterable[Outcome], secrets: Iterable[str]) -> list[Outcome]:
    ledger = Ledger()
    for secret in secrets:
        ledger.remember(secret)
    text, known = TextRedactor(ledger), KnownSecrets(ledger.known)
    return [
        replace(item, reason=known.replace(text.redact(item.reason))[0] if item.reason else None) for item in outcomes
    ]


def _check_call(paths: Sequence[str | Path], input_format: str | None) -> None:
    if not paths:
        raise UsageError("no input was named", hint="Name a file, a folder, or - for standard input.")
    if [str(path) for path in paths].count(STDIN) > 1:
        raise UsageError("standard input is named twice", hint="Name - once.")
    if input_format is not None:
        check_format(input_format)


def _read_trees(paths: Sequence[str | Path], limits: Limits, stdin: BinaryIO | None) -> list[Tree]:
    trees: list[Tree] = []
    errors: list[InputError] = []
    for path in sorted(dict.fromkeys(str(path) for path in paths)):
        try:
            trees.append(read_tree(path, limits, stdin))
        except InputError as error:
            errors.append(error)
    _raise(errors)
    return trees


def _raise(errors: Sequence[InputError]) -> None:
    """Raise one error for all inputs that cannot be read."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        listed = "; ".join(f"{error.where}: {error.what}" if error.where else error.what for error in errors)
        hints = dict.fromkeys(error.hint for error in errors if error.hint)
        raise InputError(f"{len(errors)} inputs cannot be read: {listed}", hint=" ".join(hints))


def _assemble(trees: Sequence[Tree], input_format: str | None, limits: Limits, *, reextract: bool) -> Bundle:
    kinds: set[str] = set()
    owns: list[OwnBundle] = []
    errors: list[InputError] = []
    whole = Gathering()
    for tree in trees:
        kind = detect(tree, input_format)
        kinds.add(kind)
        try:
            if kind == BUNDLE:
                owns.append(_read_own(tree, limits))
            else:
                _gather(tree, kind, limits, whole)
        except InputError as error:
            errors.append(error)
    _raise(errors)
    inputs = tuple(tree.label for tree in trees)
    parts = [_part_of(own, reextract=reextract) for own in owns]
    if not whole.is_empty:
        parts.append(capture(whole.documents(), whole.outcomes))
    return _together(parts, inputs, "+".join(sorted(kinds)))


def _gather(tree: Tree, kind: str, limits: Limits, whole: Gathering) -> None:
    """Add one input to what was gathered, or raise why nothing of it is known."""
    own = Gathering()
    read_capture(tree, limits, own, only_dump=kind == DUMP)
    if own.is_empty:
        raise _nothing(tree, own.outcomes)
    whole.lists += own.lists
    whole.others += own.others
    whole.outcomes += own.outcomes


def _nothing(tree: Tree, outcomes: Sequence[Outcome]) -> InputError:
    problems = sorted(
        (item.collector.removeprefix("import:"), item.reason or "")
        for item in outcomes
        if item.status is not OutcomeStatus.OK
    )
    if tree.is_file:
        damage = tree.members[0].damage
        if damage is not None:
            return InputError(f"the file is damaged: {damage}", where=tree.label, hint="Copy or capture it again.")
        reason = problems[0][1] if problems else "nothing in it is known"
        return InputError(reason.rstrip("."), where=tree.label, hint=EXPECTED)
    listed = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in problems[:3])
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    what = f"nothing in it is a known capture{': ' if listed else ''}{listed}{more}"
    return InputError(what, where=tree.label, hint=EXPECTED)


def _read_own(tree: Tree, limits: Limits) -> OwnBundle:
    if not is_own(tree):
        raise InputError("this is no bundle of this program", where=tree.label, hint="Leave out --input-format.")
    own = read_own(tree, limits)
    if not own.base.facts and not own.documents:
        raise InputError("the bundle holds neither facts nor evidence", where=tree.label, hint="Capture it again.")
    return own


def _part_of(own: OwnBundle, *, reextract: bool) -> Bundle:
    """Return an own bundle, its facts derived again if asked for, or if they are lost."""
    rules = own.manifest.get("redaction")
    counts = rules.get("rules") if isinstance(rules, dict) else None
    former = (
        {name: count for name, count in counts.items() if isinstance(count, int)} if isinstance(counts, dict) else {}
    )
    if not (reextract or not own.base.facts) or not own.documents:
        return Bundle(
            own.base,
            own.documents,
            own.base.outcomes,
            manifest=own.manifest,
            redaction=former,
            relations=own.relations,
        )
    again = capture(own.documents, context=own.base.context, relations=own.relations)
    base = FactBase(
        again.base.facts,
        again.base.relations,
        dict.fromkeys((*own.base.outcomes, *again.base.outcomes)),
        again.base.changes,
        captured_at=again.base.captured_at,
        context=again.base.context,
    )
    total = dict(sorted((Counter(former) + Counter(again.redaction)).items()))
    return Bundle(base, again.documents, base.outcomes, manifest=own.manifest, redaction=total, relations=own.relations)


def _together(parts: Sequence[Bundle], inputs: tuple[str, ...], kind: str) -> Bundle:
    base = reduce(FactBase.merged, (part.base for part in parts))
    if len(parts) == 1:
        documents = parts[0].documents
    else:
        documents = with_evidence(document for part in parts for document in part.documents)
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.redaction)
    manifest = parts[0].manifest if len(parts) == 1 else {}
    relations = tuple(sorted({item for part in parts for item in part.relations}))
    return Bundle(base, documents, base.outcomes, inputs, kind, manifest, dict(sorted(counts.items())), relations)
