"""Every error that the program raises on purpose.

    DiagnoseError
    ├── UsageError            a wrong option, an unknown id
    ├── InputError            an input that cannot be read or is not understood
    │   └── LimitExceeded     an input that is larger or deeper than a limit allows
    ├── KnowledgeError        the knowledge base does not load; holds all its problems
    ├── RuleEngineError       the matcher refused or failed
    └── CollectorError        why a collector has nothing to give
        ├── Denied            the target refused for lack of permission
        ├── Unavailable       the target cannot be reached
        └── NotApplicable     the target does not exist here

An error names what happened, where, and what to try.
"""

from __future__ import annotations

from dataclasses import dataclass


class DiagnoseError(Exception):
    """Base of all errors of this package.

    Args:
        what: what went wrong, without a full stop.
        where: file, address or option; empty when there is none.
        hint: what the reader can try; empty when there is nothing to try.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.what}{place}.{hint}"


class UsageError(DiagnoseError):
    """The command or call is wrong."""


class InputError(DiagnoseError):
    """An input cannot be read or is not understood."""


class LimitExceeded(InputError):
    """An input is larger, deeper or longer than a limit allows.

    Args:
        limit: name of the option that raises the limit.
    """

    def __init__(self, what: str, *, where: str = "", limit: str) -> None:
        super().__init__(what, where=where, hint=f"Raise it with --{limit} if you trust this input.")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a knowledge file, with its place.

    ``severity`` is ``error`` (the knowledge does not load) or ``warning`` (lint prints it).
    """

    code: str
    message: str
    file: str
    line: int
    column: int
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"


class KnowledgeError(DiagnoseError):
    """The knowledge base does not load. ``problems`` lists all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        first = problems[0] if problems else None
        count = len(problems)
        super().__init__(
            f"the knowledge base has {count} problem{'s' if count != 1 else ''}",
            where=f"{first.file}:{first.line}:{first.column}" if first else "",
            hint="Run `diagnose kb lint` for the list.",
        )

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(problem) for problem in self.problems)])


class RuleEngineError(DiagnoseError):
    """The matcher refused a rule or failed on a fact."""


class CollectorError(DiagnoseError):
    """Base of the three reasons that a collector may give."""


class Denied(CollectorError):
    """The target refused for lack of permission."""


class Unavailable(CollectorError):
    """The target cannot be reached."""


class NotApplicable(CollectorError):
    """There is no such target here."""
