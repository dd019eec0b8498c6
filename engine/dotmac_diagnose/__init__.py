"""Names the root cause of a broken platform, says how sure it is and why, and prints the commands that fix it.

    from dotmac_diagnose import diagnose
    diagnosis = diagnose("incident.tar.xz")
    diagnosis.causes[0].id, diagnosis.causes[0].confidence

    from dotmac_diagnose import Targets, collect
    diagnose(collect(Targets(postgres=["postgresql://monitor@db.internal/shop"])))

Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .api import diagnose, diagnose_async
    from .bundle import Bundle, Limits
    from .diagnosis import Diagnosis
    from .errors import DiagnoseError, InputError, KnowledgeError, LimitExceeded, UsageError
    from .facts import Fact, FactBase, Relation, fact
    from .knowledge import load_knowledge
    from .knowledge.model import Knowledge
    from .live import LiveOptions, collect, collect_async
    from .options import Options
    from .targets import Targets

__all__ = [
    "Bundle",
    "DiagnoseError",
    "Diagnosis",
    "Fact",
    "FactBase",
    "InputError",
    "Knowledge",
    "KnowledgeError",
    "LimitExceeded",
    "Limits",
    "LiveOptions",
    "Options",
    "Relation",
    "Targets",
    "UsageError",
    "__version__",
    "collect",
    "collect_async",
    "diagnose",
    "diagnose_async",
    "fact",
    "load_knowledge",
]

_HOME = {
    "Bundle": "bundle",
    "DiagnoseError": "errors",
    "Diagnosis": "diagnosis",
    "Fact": "facts",
    "FactBase": "facts",
    "InputError": "errors",
    "Knowledge": "knowledge.model",
    "KnowledgeError": "errors",
    "LimitExceeded": "errors",
    "Limits": "bundle",
    "LiveOptions": "live",
    "Options": "options",
    "Relation": "facts",
    "Targets": "targets",
    "UsageError": "errors",
    "collect": "live",
    "collect_async": "live",
    "diagnose": "api",
    "diagnose_async": "api",
    "fact": "facts",
    "load_knowledge": "knowledge",
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
