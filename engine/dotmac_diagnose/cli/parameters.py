"""The options that several commands share, and what they mean to the library."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .problems import Session

if TYPE_CHECKING:
    from dotmac_diagnose.bundle import Bundle, Limits
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.options import Clock, Options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SEVERITY = click.Choice(["P0", "P1", "P2", "P3"], case_sensitive=False)
_PREFIX = "DIAGNOSE"

_LIMIT_HELP = {
    "max_input_bytes": "Greatest size of an input, unpacked.",
    "max_member_bytes": "Greatest size of one file in it, unpacked.",
    "max_members": "Greatest number of files in it.",
    "max_ratio": "Greatest ratio of unpacked to packed size.",
    "max_depth": "Deepest nesting of JSON or YAML.",
    "max_line_bytes": "Longest line of a log.",
    "max_yaml_aliases": "Most aliases in a YAML file.",
    "max_yaml_nodes": "Most nodes that its aliases stand for.",
}

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1024, "mi": 1024**2, "gi": 1024**3}
_SIZE = re.compile(r"\s*([0-9]{1,15})\s*(k|m|g|ki|mi|gi)?b?\s*", re.IGNORECASE)


class Size(click.ParamType[int]):
    """A number, with a unit of bytes when wanted: 500000, 64MiB, 2GB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not a size such as 500000, 64MiB or 2GB", param, ctx)
        return int(match.group(1)) * _UNITS[(match.group(2) or "").lower()]


def option(*names: str, **settings: Any) -> Decorator:
    """Return an option that ``DIAGNOSE_<NAME>`` sets for every command.

    Click itself adds ``DIAGNOSE_<COMMAND>_<NAME>`` for one command; that one wins on the command line only.
    """
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    settings.setdefault("envvar", f"{_PREFIX}_{long[2:].replace('-', '_').upper()}")
    return click.option(*names, **settings)


def stacked(*decorators: Decorator) -> Decorator:
    """Return several options as one decorator, in their order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _remember_verbose(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:  # noqa: FBT001 -- click calls it
    session = ctx.find_object(Session)
    if session is not None and value:
        session.verbose = True
    return value


def verbose_option() -> Decorator:
    """Return ``--verbose``."""
    return option(
        "-v",
        "--verbose",
        is_flag=True,
        callback=_remember_verbose,
        help="All evidence with its source, notes on stderr, and tracebacks of bugs.",
    )


def output_option() -> Decorator:
    """Return ``--output``."""
    return option("-o", "--output", metavar="FILE", help="Write the result to a file (mode 0600) instead of stdout.")


def _shown_size(name: str, value: Any) -> str:
    """Return a limit as people write it: bytes in the largest binary unit that fits."""
    for unit, size in (("GiB", 1024**3), ("MiB", 1024**2)):
        if name.endswith("_bytes") and isinstance(value, int) and value >= size and value % size == 0:
            return f"{value // size}{unit}"
    return str(value)


def input_options() -> Decorator:
    """Return the options that say how inputs are read, the limits among them."""
    from dotmac_diagnose.bundle import Limits

    limits = [
        option(
            f"--{limit.name.replace('_', '-')}",
            type=Size(),
            default=_shown_size(limit.name, limit.default),
            show_default=True,
            help=_LIMIT_HELP.get(limit.name, f"Limit: {limit.name.removeprefix('max_').replace('_', ' ')}."),
        )
        for limit in dataclasses.fields(Limits)
    ]
    return stacked(
        option("--input-format", metavar="NAME", help="bundle or kubectl; by default the content tells."),
        option("--reextract", is_flag=True, help="Derive the facts of a bundle again from its evidence."),
        option("-n", "--namespace", multiple=True, metavar="NAME", help="Only this namespace (repeatable)."),
        *limits,
    )


def knowledge_option() -> Decorator:
    """Return ``--knowledge``."""
    return option(
        "--knowledge",
        multiple=True,
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Extra knowledge pack (repeatable).",
    )


def judgement_options() -> Decorator:
    """Return the options that change what is believed or reported."""
    return stacked(
        option(
            "--expect",
            type=click.Choice(["incident", "healthy"]),
            default="incident",
            show_default=True,
            help="What you expect: something is wrong, or a routine look.",
        ),
        option(
            "--min-confidence",
            type=click.FloatRange(0.0, 1.0),
            metavar="0..1",
            default=0.5,
            show_default=True,
            help="A cause is reported from this confidence on.",
        ),
        option("--posture", is_flag=True, help="Count weaknesses without present effect too."),
        knowledge_option(),
        option("--rule-engine", type=click.Choice(["durable", "python"]), hidden=True),
    )


def limits_of(given: Mapping[str, Any]) -> Limits:
    """Return the limits of the command line."""
    from dotmac_diagnose.bundle import Limits

    return Limits(**{limit.name: given[limit.name] for limit in dataclasses.fields(Limits)})


def read_bundle(given: Mapping[str, Any], session: Session, clock: Clock) -> Bundle:
    """Read the inputs of the command line."""
    from dotmac_diagnose.bundle import Bundle

    paths: tuple[str, ...] = given["paths"]
    if "-" in paths and sys.stdin.isatty():
        click.echo("diagnose: reading standard input; end it with Ctrl-D", err=True)
    bundle = clock.measure(
        "extract",
        lambda: Bundle.read(
            *paths, input_format=given["input_format"], limits=limits_of(given), reextract=given["reextract"]
        ),
    )
    session.note(f"read {bundle.kind}: {len(bundle.base.facts)} facts, {len(bundle.base.relations)} relations")
    return bundle


def read_knowledge(given: Mapping[str, Any], session: Session, clock: Clock) -> Knowledge:
    """Load the knowledge base and the packs of the command line."""
    from dotmac_diagnose.knowledge import load_knowledge

    packs: tuple[Path, ...] = given["knowledge"]
    knowledge = clock.measure("knowledge", lambda: load_knowledge(*packs))
    session.note(
        f"knowledge {knowledge.version}: {len(knowledge.causes)} causes, {len(knowledge.states)} states, "
        f"{len(knowledge.findings)} findings, {len(knowledge.fixes)} fixes"
    )
    return knowledge


def options_of(given: Mapping[str, Any], bundle: Bundle) -> Options:
    """Return the options of the library for a command line."""
    from dotmac_diagnose.options import Options

    return Options(
        expect=given["expect"],
        min_confidence=given["min_confidence"],
        inputs=tuple(sorted(bundle.inputs)),
        namespaces=tuple(sorted(set(given["namespace"]))),
        posture=given["posture"],
        rule_engine=given["rule_engine"],
    )


def paths_argument() -> Decorator:
    """Return the inputs."""
    return click.argument("paths", nargs=-1, required=True, metavar="PATH...")


def paths_option() -> Decorator:
    """Return the inputs as ``--in``."""
    return option("--in", "paths", multiple=True, metavar="PATH", help="Saved data of the incident (repeatable).")
