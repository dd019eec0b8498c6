"""durable-rules in a child process: a crash of its C core costs the child only.

The engine's own rules run in the process, since the compiler keeps inside the subset that
is known to be safe. Rules of packs that nobody has checked, and the differential test, run
here. The child gets rules and rows as JSON on its standard input and none of the parent's
secrets: its environment holds the paths that Python needs and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dotmac_diagnose.errors import RuleEngineError

from .durable_backend import DurableBackend
from .matcher import DEFAULT_LIMITS, JoinOn, Limits, MatchPattern, MatchResult, MatchRow, MatchRule

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")

Job = tuple[Sequence[MatchRule], Sequence[MatchRow]]
"""Rules and the rows on which they run."""


class GuardedBackend:
    """durable-rules in a child process for every inference.

    Args:
        seconds: time that the child may take, start included.
    """

    name = "durable-rules (child process)"

    def __init__(self, *, seconds: float = 30.0) -> None:
        self._seconds = seconds

    def compile(self, rules: Sequence[MatchRule]) -> GuardedMatcher:
        """Keep the rules; the child compiles them."""
        return GuardedMatcher(rules, self._seconds)


class GuardedMatcher:
    """Rules whose inference runs in a child process."""

    def __init__(self, rules: Sequence[MatchRule], seconds: float) -> None:
        self._rules = tuple(rules)
        self._seconds = seconds

    def infer(self, rows: Sequence[MatchRow], limits: Limits = DEFAULT_LIMITS) -> MatchResult:
        """Return all matches.

        Raises:
            RuleEngineError: the child crashed, refused a rule or took too long.
        """
        return infer_in_child([(self._rules, rows)], limits=limits, seconds=self._seconds)[0]

    def close(self) -> None:
        """Nothing is held."""


def infer_in_child(jobs: Sequence[Job], *, limits: Limits = DEFAULT_LIMITS, seconds: float = 30.0) -> list[MatchResult]:
    """Run several rule sets in one child process.

    Raises:
        RuleEngineError: the child crashed, refused a rule or took too long.
    """
    request = {
        "limits": asdict(limits),
        "jobs": [
            {"rules": [asdict(rule) for rule in rules], "rows": [_row(row) for row in rows]} for rules, rows in jobs
        ],
    }
    answer = _ask_child(json.dumps(request), seconds)
    return [
        MatchResult(
            matches={rule: tuple(tuple(ids) for ids in found) for rule, found in item["matches"].items()},
            truncated=frozenset(item["truncated"]),
        )
        for item in answer
    ]


def _ask_child(request: str, seconds: float) -> list[dict[str, Any]]:
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", __name__],
            input=request,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuleEngineError(
            f"the matcher took more than {seconds:g} s", hint="Use the Python rule engine instead."
        ) from error
    if child.returncode < 0:
        raise RuleEngineError(
            f"the matcher crashed with signal {-child.returncode}", hint="Use the Python rule engine instead."
        )
    if child.returncode:
        raise RuleEngineError("the matcher failed", where=child.stderr.strip()[-500:])
    answer: list[dict[str, Any]] = json.loads(child.stdout)
    return answer


def _row(row: MatchRow) -> dict[str, Any]:
    return {"id": row.id, "source": row.source, "origin": row.origin, "values": dict(row.values)}


def _read_rule(data: Mapping[str, Any]) -> MatchRule:
    patterns = tuple(
        MatchPattern(pattern["source"], tuple(JoinOn(**join) for join in pattern["joins"]))
        for pattern in data["patterns"]
    )
    return MatchRule(data["id"], patterns)


def answer_request(text: str) -> str:
    """Do what the child does: run the jobs of a request, return the answer."""
    request = json.loads(text)
    limits = Limits(**request["limits"])
    backend = DurableBackend()
    answers: list[dict[str, Any]] = []
    for job in request["jobs"]:
        matcher = backend.compile([_read_rule(rule) for rule in job["rules"]])
        try:
            result = matcher.infer([MatchRow(**row) for row in job["rows"]], limits)
        finally:
            matcher.close()
        answers.append({"matches": dict(result.matches), "truncated": sorted(result.truncated)})
    return json.dumps(answers)


if __name__ == "__main__":
    sys.stdout.write(answer_request(sys.stdin.read()))
