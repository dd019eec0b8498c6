"""What is believed: the posterior of every cause and state, from what was observed, explained.

:func:`infer` is the whole of it. The pieces below it are public for tests, benchmarks and lint.
Names that need numpy are imported when they are first used, so that commands that only look at
the knowledge start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .belief import (
    Belief,
    CauseBelief,
    Check,
    Contribution,
    MissingEvidence,
    OtherCause,
    Pair,
    StateBelief,
)
from .calibration import Calibration
from .neighbourhood import Neighbourhood
from .path import Walker, parse_path
from .placement import Placement
from .type_graph import Arrow, Arrows, compile_arrows, type_graph

if TYPE_CHECKING:
    from .elimination import Elimination, Marginals
    from .elimination_order import plan_elimination
    from .engine import infer
    from .network import Network
    from .posterior import Plain, Solution, solve
    from .propagation import propagate

__all__ = [
    "Arrow",
    "Arrows",
    "Belief",
    "Calibration",
    "CauseBelief",
    "Check",
    "Contribution",
    "Elimination",
    "Marginals",
    "MissingEvidence",
    "Neighbourhood",
    "Network",
    "OtherCause",
    "Pair",
    "Placement",
    "Plain",
    "Solution",
    "StateBelief",
    "Walker",
    "compile_arrows",
    "infer",
    "parse_path",
    "plan_elimination",
    "propagate",
    "solve",
    "type_graph",
]

_WITH_NUMPY = {
    "Elimination": "elimination",
    "Marginals": "elimination",
    "Network": "network",
    "Plain": "posterior",
    "Solution": "posterior",
    "infer": "engine",
    "plan_elimination": "elimination_order",
    "propagate": "propagation",
    "solve": "posterior",
}


def __getattr__(name: str) -> object:
    if name not in _WITH_NUMPY:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{_WITH_NUMPY[name]}"), name)
