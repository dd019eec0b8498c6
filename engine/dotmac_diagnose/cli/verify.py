"""``diagnose verify``: look again whether the fixes of a report have cured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotmac_diagnose.errors import InputError, LimitExceeded

from .output import emit
from .parameters import knowledge_option, option, output_option, read_knowledge, verbose_option
from .target_options import target_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotmac_diagnose.bundle import Bundle
    from dotmac_diagnose.diagnosis import Diagnosis
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.verification import Check, Verification, VerifiedFix

    from .problems import Session

_MOST_BYTES = 64 * 1024 * 1024
_LONGEST = 400
_EXIT = {"cured": 0, "not_cured": 1, "not_seen": 3}
_WORDS = {"cured": "cured", "not_cured": "not cured", "not_seen": "not seen"}


@click.command("verify", short_help="Tell whether the fixes of a report have cured.")
@click.argument("report", metavar="REPORT", type=click.Path(path_type=Path))
@target_options()
@option(
    "--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people or programs."
)
@output_option()
@option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
@knowledge_option()
@verbose_option()
@click.pass_obj
def command(session: Session, /, report: Path, **given: Any) -> int:
    """Look again at the live targets and tell for each fix of a reported cause whether it has cured.

    REPORT is a report of `diagnose run --format json`. Only what its verifications read is collected.

    Exit codes: 0 every cause has a fix that cured, 1 not every one, 3 nothing could be seen.
    """
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.verification import verify

    earlier = _read(report)
    knowledge = read_knowledge(given, session, Clock())
    bundle = _look_again(earlier, knowledge, given, session)
    verification = verify(earlier, bundle.base, knowledge)
    text = _json(verification, bundle) if given["format"] == "json" else _text(verification)
    emit(text, given["output"], [str(report)])
    return _EXIT[verification.result]


def _read(path: Path) -> Diagnosis:
    """Read a JSON report.

    Raises:
        InputError: it cannot be read, or is no report.
    """
    from pydantic import ValidationError

    from dotmac_diagnose.diagnosis import Diagnosis

    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the report: {reason}", where=str(path), hint="Name a file.") from error
    if len(content) > _MOST_BYTES:
        raise LimitExceeded("the report is larger than 64 MiB", where=str(path), limit="max-input-bytes")
    try:
        return Diagnosis.from_json(content)
    except (ValidationError, ValueError, RecursionError) as error:
        hint = "Save one with `diagnose run --format json -o report.json`."
        raise InputError("this is no JSON report of this program", where=str(path), hint=hint) from error


def _look_again(report: Diagnosis, knowledge: Knowledge, given: Mapping[str, Any], session: Session) -> Bundle:
    """Collect with the collectors that the verifications need, or with those of ``--only``."""
    from dotmac_diagnose.bundle import capture
    from dotmac_diagnose.options import Clock
    from dotmac_diagnose.verification import collectors_for, needed_kinds
    from dotmac_diagnose_collectors.registry import find_collectors

    from .live_session import collect_for

    only = given["only"]
    if not only:
        found = find_collectors((), given["skip"]).collectors
        only = collectors_for(needed_kinds(report, knowledge), ((item.id, item.provides) for item in found))
    if not only:
        return capture([], [])
    skip = tuple(name for name in given["skip"] if name not in only)
    return collect_for({**given, "only": only, "skip": skip}, session, Clock())


def _text(verification: Verification) -> str:
    from dotmac_diagnose.report.printable import printable

    if not verification.causes:
        return "the report has no reported cause: nothing to verify\n"
    lines = [line for fix in verification.fixes for line in _lines(fix)]
    with_fix = {cause for fix in verification.fixes for cause in fix.causes}
    lines += [
        f"{_WORDS['not_seen']:9}  {cause} on {entity} has no fix: run the diagnosis again"
        for cause, entity in verification.causes
        if (cause, entity) not in with_fix
    ]
    return "".join(f"{printable(line, _LONGEST)}\n" for line in lines)


def _lines(fix: VerifiedFix) -> Iterator[str]:
    yield f"{_WORDS[fix.result]:9}  {fix.title}"
    yield from (f"           for {cause} on {entity}" for cause, entity in fix.causes)
    shown = fix.checks if fix.result == "not_cured" else fix.deciding
    yield from (f"           {_said(check)}" for check in shown)


def _said(check: Check) -> str:
    if check.presence.value == "present":
        return f"still there: {check.finding} on {check.entity}: {check.detail}"
    if check.presence.value == "absent":
        return f"gone: {check.finding} on {check.entity}"
    return f"not seen: {check.finding} on {check.entity} ({check.reason})"


def _json(verification: Verification, bundle: Bundle) -> str:
    from dotmac_diagnose.report.printable import printable

    result = {
        "schema_version": 1,
        "result": verification.result,
        "fixes": [
            {
                "id": fix.id,
                "title": fix.title,
                "for": [{"cause": cause, "entity": entity} for cause, entity in fix.causes],
                "result": fix.result,
                "checks": [
                    {
                        "finding": check.finding,
                        "entity": check.entity,
                        "status": check.presence.value,
                        "reason": check.reason,
                        "detail": printable(check.detail),
                        "was_seen": check.was_seen,
                    }
                    for check in fix.checks
                ],
            }
            for fix in verification.fixes
        ],
        "collectors": [
            {"id": item.collector, "status": item.status.value, "reason": item.reason, "duration_ms": item.duration_ms}
            for item in bundle.outcomes
        ],
    }
    return json.dumps(result, indent=2) + "\n"
