"""Small knowledge bases, fact bases and beliefs for these tests, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotmac_diagnose.inference.belief import Belief, CauseBelief, Contribution, StateBelief
from dotmac_diagnose.knowledge.model import Knowledge
from dotmac_diagnose.rules.observation import Observation, Observations, Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotmac_diagnose.inference.belief import Check, MissingEvidence, OtherCause, Pair

SCALE = {
    "version": 1,
    "strengths": {"always": 0.97, "almost_always": 0.9, "often": 0.7, "sometimes": 0.4, "rarely": 0.15},
    "priors": {"rare": 0.0003},
    "false_alarms": {"almost_never": 0.0001},
    "coverages": {"half": 0.5},
    "rules_out": {"strongly": 0.02},
    "derived_factor": 0.1,
    "default_prior": "rare",
    "default_false_alarm": "almost_never",
    "default_coverage": "half",
}

API = "deployment/shop/api"


def knowledge(
    *,
    causes: Mapping[str, Mapping[str, Any]] | None = None,
    states: Mapping[str, Mapping[str, Any]] | None = None,
    findings: Mapping[str, Mapping[str, Any]] | None = None,
    fixes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Knowledge:
    return Knowledge.model_validate(
        {
            "version": "1",
            "digest": "0" * 64,
            "scale": SCALE,
            "entity_types": {},
            "relations": {},
            "causes": {
                key: {"entity": "workload", "title": f"Title of {key}", "severity": "P1", "decisive": "a look", **value}
                for key, value in (causes or {}).items()
            },
            "states": {
                key: {"entity": "workload", "title": f"Title of {key}", **value}
                for key, value in (states or {}).items()
            },
            "findings": {
                key: {"entity": "workload", "title": f"Title of {key}", **value}
                for key, value in (findings or {}).items()
            },
            "fixes": {
                key: {"title": f"Title of {key}", "risk": "reversible", "applicability": "exact", **value}
                for key, value in (fixes or {}).items()
            },
        }
    )


def fix(run: str, tool: str = "kubectl", **more: Any) -> dict[str, Any]:
    """Return the entry of a fix with one step, for the cause app.broken."""
    step = {"run": run, "tool": tool, "let": more.pop("let", {})}
    return {"for": ["app.broken"], "steps": [step], **more}


def present(finding: str, entity: str = API, **more: Any) -> Observation:
    return Observation(finding, entity, Presence.PRESENT, **more)


def absent(finding: str, entity: str = API) -> Observation:
    return Observation(finding, entity, Presence.ABSENT)


def observations(*items: Observation) -> Observations:
    return Observations(items, {(item.finding, item.entity): item for item in items}, "python")


def cause_belief(
    cause: str = "app.broken",
    entity: str = API,
    probability: float = 0.9,
    *,
    weights: Mapping[str | Pair, float] | None = None,
    contributions: Iterable[Contribution] = (),
    explains: Iterable[Pair] | None = None,
    missing: Iterable[MissingEvidence] = (),
    chain: Iterable[Pair] = (),
    alternatives: Iterable[OtherCause] = (),
) -> CauseBelief:
    """Return the belief in a cause; a bare id in ``weights`` is a present finding on the cause's entity."""
    pairs = {(key, entity) if isinstance(key, str) else key: weight for key, weight in (weights or {}).items()}
    shown = [Contribution(*pair, "present", weight) for pair, weight in pairs.items()]
    return CauseBelief(
        cause=cause,
        entity=entity,
        probability=probability,
        contributions=(*shown, *contributions),
        explains=tuple(explains) if explains is not None else tuple(sorted(pairs)),
        missing=tuple(missing),
        chain=tuple(chain) or ((cause, entity),),
        alternatives=tuple(alternatives),
    )


def belief(
    *causes: CauseBelief,
    states: Iterable[StateBelief] = (),
    unexplained: Iterable[Pair] = (),
    checks: Iterable[Check] = (),
) -> Belief:
    return Belief(
        mode="exact",
        error_bound=0.0,
        causes=causes,
        states=tuple(states),
        unexplained=tuple(unexplained),
        checks=tuple(checks),
        prior_scale=1.0,
        width=2,
        nodes=3,
        expect="incident",
    )


class Given:
    """Values given by name."""

    def __init__(self, **values: object) -> None:
        self._values = {name.replace("__", "."): value for name, value in values.items()}

    def lookup(self, name: str, /) -> object | None:
        return self._values.get(name)
