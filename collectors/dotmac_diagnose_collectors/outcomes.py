"""How a collector ended, as one word and one line."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotmac_diagnose.errors import CollectorError, Denied, NotApplicable, Unavailable
from dotmac_diagnose.extract.document import Document, KubernetesList, KubernetesStatus, ServerAnswer
from dotmac_diagnose.facts import Outcome, OutcomeStatus, Status

_LONGEST_REASON = 300
_MOST_NAMES = 4
_SAID = {Denied: OutcomeStatus.DENIED, Unavailable: OutcomeStatus.UNAVAILABLE, NotApplicable: OutcomeStatus.SKIPPED}
_SILENT = frozenset({Status.OK.value, Status.EMPTY.value, Status.UNSUPPORTED.value})
_WHOLE = {
    Status.DENIED.value: OutcomeStatus.DENIED,
    Status.UNREACHABLE.value: OutcomeStatus.UNAVAILABLE,
    Status.TIMEOUT.value: OutcomeStatus.TIMEOUT,
}
"""The outcome when all that was asked ended in one way."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of the end of a collector.

    Args:
        error: what it raised.
        late: it did not end in time.
        stopped: the user ended the run.
        full: it gave more than is taken.
        seconds: how long it ran.
    """

    error: BaseException | None = None
    late: bool = False
    stopped: bool = False
    full: bool = False
    seconds: float = 0.0


def outcome_of(
    collector: str, ending: Ending, documents: Sequence[Document], refused: Mapping[str, int] | None = None
) -> Outcome:
    """Return the outcome of a collector.

    Args:
        collector: its id.
        ending: how it ended.
        documents: what it gave, without the facts, which are counted when they are read.
        refused: how many of what were not understood.
    """
    status, reason = _ended(ending, len(documents))
    if status is OutcomeStatus.OK:
        status, reason = _said(documents)
    if refused and status in {OutcomeStatus.OK, OutcomeStatus.PARTIAL}:
        listed = ", ".join(f"{count} x {name}" for name, count in sorted(refused.items())[:_MOST_NAMES])
        number = sum(refused.values())
        noun = "item is no document" if number == 1 else "items are no documents"
        status = OutcomeStatus.PARTIAL if documents else OutcomeStatus.FAILED
        reason = "; ".join(filter(None, [reason, f"a bug: {number} {noun} ({listed})"]))
    return Outcome(collector, status, one_line(reason) if reason else None, round(ending.seconds * 1000))


def _ended(ending: Ending, given: int) -> tuple[OutcomeStatus, str | None]:
    kept = f"; {given} document{'' if given == 1 else 's'} kept" if given else ""
    if ending.stopped:
        return (OutcomeStatus.PARTIAL if given else OutcomeStatus.SKIPPED), f"stopped by the user{kept}"
    if ending.late:
        return OutcomeStatus.TIMEOUT, f"not finished within {ending.seconds:.1f} s{kept}"
    if ending.full:
        return OutcomeStatus.PARTIAL, f"it gave more than is taken{kept}"
    error = innermost(ending.error) if ending.error is not None else None
    if error is None:
        return OutcomeStatus.OK, None
    if isinstance(error, CollectorError):
        status = next((word for kind, word in _SAID.items() if isinstance(error, kind)), OutcomeStatus.FAILED)
        return (OutcomeStatus.PARTIAL if given else status), f"{said(error)}{kept}"
    return OutcomeStatus.FAILED, f"a bug: {bug(error)}{kept}"


def _said(documents: Sequence[Document]) -> tuple[OutcomeStatus, str | None]:
    """Return what the documents say about themselves: all refused, some refused, or well."""
    missing: dict[str, list[str]] = defaultdict(list)
    reasons: list[str] = []
    well = False
    for document in documents:
        if isinstance(document, ServerAnswer) and document.status not in _SILENT:
            missing[document.status].append(document.question)
            reasons += [document.reason] if document.reason else []
        elif isinstance(document, KubernetesStatus) and document.status not in _SILENT:
            missing[document.status].append(document.list_of)
            reasons += [document.reason] if document.reason else []
        elif isinstance(document, KubernetesList) and not document.complete:
            missing["incomplete"].append(document.list_of)
            well = True
        else:
            well = True
    if not missing:
        return OutcomeStatus.OK, None
    first = next(iter(missing))
    if not well and len(missing) == 1:
        whole = _WHOLE.get(first, OutcomeStatus.PARTIAL)
        return whole, reasons[0] if reasons else f"{first}: {_names(missing[first])}"
    return OutcomeStatus.PARTIAL, "; ".join(f"{word}: {_names(names)}" for word, names in sorted(missing.items()))


def _names(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _MOST_NAMES} more" if len(distinct) > _MOST_NAMES else ""
    return ", ".join(distinct[:_MOST_NAMES]) + more


def innermost(error: BaseException) -> BaseException:
    """Return the error inside groups of a single one, or of collector errors alone."""
    while isinstance(error, BaseExceptionGroup):
        inside: list[BaseException] = list(error.exceptions)
        if len(inside) > 1 and not all(isinstance(item, CollectorError) for item in inside):
            return error
        error = inside[0]
    return error


def said(error: CollectorError) -> str:
    """Return the line of an error that a collector raises on purpose."""
    return one_line(f"{error.what} ({error.where})" if error.where else error.what)


def bug(error: BaseException) -> str:
    """Return type, message and place of an unforeseen error."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 -- foreign code
        message = ""
    message = one_line(message)
    return f"{type(error).__name__}{': ' if message else ''}{message}{place}"


def one_line(text: str) -> str:
    """Return a text as one line of bounded length."""
    line = " ".join(text[: 4 * _LONGEST_REASON].split())
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
