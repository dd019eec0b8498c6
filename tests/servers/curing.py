"""From a fault to its cure: look, diagnose, run the printed fix, look again."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dotmac_diagnose import Bundle, Knowledge, LiveOptions, Options, Targets, collect, diagnose, load_knowledge
from dotmac_diagnose.diagnosis import Cause, Diagnosis, Fix
from dotmac_diagnose.verification import Verification, verify

from .postgres import PostgresServer
from .process import run_as_server

SURE = 0.9
APART_DB = 10.0


@dataclass(frozen=True)
class Look:
    """What one run saw and concluded."""

    bundle: Bundle
    diagnosis: Diagnosis

    @property
    def reported(self) -> list[tuple[str, str]]:
        return [(cause.id, cause.entity.id) for cause in self.diagnosis.reported]

    def told(self) -> str:
        """The causes with their evidence, for the message of a failed test."""
        lines = [f"{self.diagnosis.headline}"]
        for cause in self.diagnosis.causes[:6]:
            lines.append(f"{cause.confidence:.2f} {cause.id}@{cause.entity.id} {cause.kind}")
            lines += [f"    {item.weight_db:+.0f} dB {item.finding}: {item.detail}" for item in cause.evidence]
            lines += [f"    {item.weight_db:+.0f} dB against {item.finding}" for item in cause.against]
        lines += [f"unexplained {item.finding}: {item.detail}" for item in self.diagnosis.unexplained]
        lines += [f"{item.id}: {item.status} {item.reason}" for item in self.diagnosis.collectors]
        return "\n".join(lines)


class Bench:
    """Looks at targets with the same options each time, the knowledge loaded once."""

    def __init__(self) -> None:
        self.knowledge: Knowledge = load_knowledge()

    def look(self, *postgres: str, pgbouncer: Collection[str] = (), sample: float = 0.5, posture: bool = False) -> Look:
        """Collect as ``diagnose run`` does, and diagnose."""
        targets = Targets(postgres=list(postgres), pgbouncer=list(pgbouncer))
        bundle = collect(targets, options=LiveOptions(deadline=40, sample=sample, only=_areas(targets)))
        options = Options(source="live", posture=posture)
        return Look(bundle, diagnose(bundle, knowledge=self.knowledge, options=options))

    def again(self, earlier: Look, *postgres: str, pgbouncer: Collection[str] = (), posture: bool = False) -> Look:
        """Look again after a fix: its verifications must call it cured."""
        later = self.look(*postgres, pgbouncer=pgbouncer, posture=posture)
        checked = self.verified(earlier, later)
        assert checked.result == "cured", (checked, later.told())
        return later

    def verified(self, earlier: Look, later: Look) -> Verification:
        """Decide the verifications of the earlier report on the later facts."""
        return verify(earlier.diagnosis, later.bundle.base, self.knowledge)


def _areas(targets: Targets) -> tuple[str, ...]:
    return tuple(name for name in ("postgres", "pgbouncer") if getattr(targets, name))


def decibels(confidence: float) -> float:
    """Return the odds of a confidence in decibels."""
    bounded = min(1 - 1e-6, max(1e-6, confidence))
    return 10 * math.log10(bounded / (1 - bounded))


def assert_first(
    look: Look, cause: str, entity: str, *, also: Collection[str] = (), beside: Collection[str] = ()
) -> Cause:
    """Check that a cause stands first, sure and far above the second, and that nothing else is reported.

    Args:
        look: what was seen.
        cause: id of the fault that was made.
        entity: where it was made.
        also: ids of further faults that were made; reported too, and no seconds.
        beside: ids that may be reported too, because the fault brings them with it.
    """
    first = look.diagnosis.causes[0]
    assert (first.id, first.entity.id) == (cause, entity), look.told()
    assert first.confidence >= SURE, look.told()
    made = {cause, *also}
    reported = {name for name, _ in look.reported}
    assert made <= reported <= made | set(beside), look.told()
    others = [item for item in look.diagnosis.causes if item.id not in made | set(beside)]
    assert all(decibels(first.confidence) - decibels(item.confidence) >= APART_DB for item in others), look.told()
    return first


def fix_of_report(report: Diagnosis, fix: str) -> Fix:
    """Return a printed fix by its id."""
    found = [item for item in report.fixes if item.id == fix]
    assert len(found) == 1, (fix, [item.id for item in report.fixes])
    return found[0]


def run_fix(fix: Fix, server: PostgresServer, named: Mapping[str, str] | None = None) -> None:
    """Run the steps of a fix as printed, under ``sh``, as the user that the server runs as.

    Args:
        fix: as it is in the report.
        server: its address and superuser are in the environment, as for its owner.
        named: values for marks such as ``<MAX_CONNECTIONS>`` and for variables that the preconditions name.
    """
    environment = {
        "PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGDATABASE": "postgres",
        "HOME": str(server.folder), **(named or {}),
    }  # fmt: skip
    for step in fix.steps:
        if step.tool != "manual":
            command = step.run
            for name, value in (named or {}).items():
                command = command.replace(f"<{name}>", value)
            run_as_server(["/bin/sh", "-c", command], folder=server.folder, environment=environment)
