"""All fact kinds by name: what rules are checked against and bundles are read with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .fact import FactValues
from .kubernetes import KUBERNETES_KINDS
from .logs import LOG_KINDS
from .pgbouncer import PGBOUNCER_KINDS
from .postgres import POSTGRES_KINDS
from .redis import REDIS_KINDS


def fact_kinds() -> Mapping[str, type[FactValues]]:
    """Return the value model of every fact kind, by kind name."""
    models = (*KUBERNETES_KINDS, *LOG_KINDS, *POSTGRES_KINDS, *PGBOUNCER_KINDS, *REDIS_KINDS)
    return MappingProxyType({model.kind: model for model in models})
