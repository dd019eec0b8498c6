"""``diagnose doctor``: what can be collected from here, and the grants that are missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .output import emit
from .parameters import option, verbose_option
from .target_options import live_options_of, target_options, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotmac_diagnose.facts import Outcome
    from dotmac_diagnose_collectors.base import Permission
    from dotmac_diagnose_collectors.permissions import Asked

    from .problems import Session

_WORDS = {True: "held", False: "missing", None: "unknown"}
_LONGEST = 400
_INCONCLUSIVE = 3


@click.command("doctor", short_help="Tell what can be collected from here.")
@target_options()
@option("--print-grants", is_flag=True, help="Print only the statements that grant what is missing.")
@option(
    "--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people or programs."
)
@verbose_option()
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Tell what can be collected from the targets: permissions held and missing, and the grants.

    Exit code 3: no collector could be asked.
    """
    from dotmac_diagnose.live import permissions_live

    from .interruption import stop_on_signals

    targets = targets_of(given)
    with stop_on_signals() as stop:
        session.leaves_threads = True
        asked, others = permissions_live(targets, live_options_of(given), stop=stop)
    session.leaves_threads = any(item.lingers for item in asked)
    if given["print_grants"]:
        text = "".join(f"{line}\n" for line in _grants(asked))
    elif given["format"] == "json":
        text = _json(targets.labels(), asked, others)
    else:
        text = "".join(f"{line}\n" for line in _lines(asked, others))
    emit(text)
    return 0 if any(item.outcome.status.value == "ok" for item in asked) else _INCONCLUSIVE


def _lines(asked: Sequence[Asked], others: Sequence[Outcome]) -> Iterator[str]:
    from dotmac_diagnose.report.printable import printable

    for item in asked:
        yield printable(f"{item.collector}{_ending(item.outcome)}", _LONGEST)
        for permission in item.permissions:
            reason = f": {permission.reason}" if permission.reason else ""
            yield printable(f"  {_WORDS[permission.held]:8} {permission.what}{reason}", _LONGEST)
            if permission.held is not True:
                yield from (f"           {line}" for line in _grant(permission))
    for outcome in sorted(others, key=lambda item: item.collector):
        yield printable(f"{outcome.collector}{_ending(outcome)}", _LONGEST)


def _ending(outcome: Outcome) -> str:
    reason = f": {outcome.reason}" if outcome.reason else ""
    return "" if outcome.status.value == "ok" else f"  {outcome.status.value}{reason}"


def _grant(permission: Permission) -> list[str]:
    from dotmac_diagnose.report.printable import printable

    return [printable(line, 2000) for line in (permission.grant or "").splitlines() if line.strip()]


def _grants(asked: Sequence[Asked]) -> list[str]:
    """Return the grants for what is missing, each once: statements line by line, then YAML documents."""
    missing = [permission for item in asked for permission in item.permissions if permission.held is False]
    grants = dict.fromkeys(tuple(_grant(permission)) for permission in missing if permission.grant)
    single = [line for grant in grants if len(grant) == 1 for line in grant]
    documents = [line for grant in grants if len(grant) > 1 for line in ("---", *grant)]
    return [*single, *documents]


def _json(labels: Sequence[str], asked: Sequence[Asked], others: Sequence[Outcome]) -> str:
    collectors = [(item.outcome, item.permissions) for item in asked]
    collectors += [(outcome, ()) for outcome in others]
    result = {
        "schema_version": 1,
        "targets": list(labels),
        "collectors": [
            {
                "id": outcome.collector,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "duration_ms": outcome.duration_ms,
                "permissions": [
                    {"what": item.what, "held": item.held, "grant": item.grant, "reason": item.reason}
                    for item in permissions
                ],
            }
            for outcome, permissions in sorted(collectors, key=lambda pair: pair[0].collector)
        ],
    }
    return json.dumps(result, indent=2) + "\n"
