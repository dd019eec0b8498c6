"""The whole house, read from top to bottom.

A cause makes states true, and states make findings visible; each arrow is a word from
"always" to "rarely". What is present pulls a cause up, what was looked for and is absent
pulls it down, what could not be seen does nothing. The network turns that into one number
per cause, and the number can be taken apart again.

    collect -> bundle -> facts -> findings -> posterior -> remedies -> Diagnosis

Everything after the bundle is a pure function of (facts, knowledge, options): live runs,
saved bundles and foreign captures meet at :func:`diagnose_facts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.options import Clock, Options

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Diagnosis
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge


def diagnose_facts(
    base: FactBase,
    knowledge: Knowledge,
    options: Options | None = None,
    clock: Clock | None = None,
) -> Diagnosis:
    """Diagnose a fact base.

    Args:
        base: what was seen.
        knowledge: what the experts know.
        options: defaults when None.
        clock: continues the measurement of an earlier stage.

    Returns:
        The diagnosis; the same for the same facts in any order.
    """
    from dotmac_diagnose.inference import infer
    from dotmac_diagnose.remedies import assemble
    from dotmac_diagnose.rules import observe

    options = options or Options()
    clock = clock or Clock()
    observations = clock.measure("rules", lambda: observe(knowledge, base, engine=options.rule_engine))
    belief = clock.measure("inference", lambda: infer(knowledge, base, observations, expect=options.expect))
    return assemble(knowledge, base, observations, belief, options, clock)
