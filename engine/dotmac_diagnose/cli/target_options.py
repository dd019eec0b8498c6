"""The options that name live targets, and where their secrets come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .parameters import Decorator, option, stacked

if TYPE_CHECKING:
    from dotmac_diagnose.live import LiveOptions
    from dotmac_diagnose.targets import Targets

_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """What one use of an option gave: an address, or those of a file."""

    addresses: tuple[str, ...]
    from_file: bool = False


class Addresses(click.ParamType[Given]):
    """An address, or ``@FILE`` with one address a line."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:
        """Read an address, or those of a file."""
        if isinstance(value, Given):
            return value
        if not str(value).startswith("@"):
            return Given((str(value),))
        path = Path(str(value)[1:])
        try:
            with path.open("rb") as stream:
                text = stream.read(_MOST_BYTES).decode("utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            self.fail(f"cannot read {path}: {reason}", param, ctx)
        lines = [line.strip() for line in text.splitlines()]
        return Given(tuple(line for line in lines if line and not line.startswith("#")), from_file=True)

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Split a variable: one address a line; URLs may also stand beside each other."""
        words = rv.split()
        if words and all("://" in word or word.startswith("@") for word in words):
            return words
        return [line.strip() for line in rv.splitlines() if line.strip()]


def _flattened(ctx: click.Context, param: click.Parameter, value: tuple[Given, ...]) -> tuple[str, ...]:
    """Join the addresses of one option; warn about passwords that every user of the machine can read."""
    from dotmac_diagnose.targets import passwords_in

    typed = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    if typed and any(passwords_in(text) for item in value if not item.from_file for text in item.addresses):
        click.echo(
            f"diagnose: warning: a password after {param.opts[-1]} can be read by every user of this machine. "
            f"Set {param.envvar} or write {param.opts[-1]} @FILE.",
            err=True,
        )
    return tuple(text for item in value for text in item.addresses)


def _address_option(name: str, metavar: str, text: str) -> Decorator:
    return option(
        name, type=Addresses(), multiple=True, metavar=metavar, callback=_flattened, help=f"{text} (repeatable)."
    )


def target_options() -> Decorator:
    """Return the options that name live targets and say how to collect."""
    return stacked(
        _address_option("--postgres", "DSN|@FILE", "PostgreSQL server"),
        _address_option("--pgbouncer", "DSN|@FILE", "PgBouncer, its database pgbouncer"),
        _address_option("--redis", "URL|@FILE", "Redis server"),
        _address_option("--url", "URL|@FILE", "Address that users open"),
        option("-n", "--namespace", multiple=True, metavar="NAME", help="Namespace of the cluster (repeatable)."),
        option("--context", metavar="NAME", help="Kubernetes context."),
        option("--kubeconfig", metavar="FILE", help="Kubeconfig file."),
        option("--log-file", multiple=True, metavar="FILE", help="Log file on this machine (repeatable)."),
        option("--server-data", multiple=True, metavar="DIR", help="Data folder of a server here (repeatable)."),
        option("--only", multiple=True, metavar="COLLECTOR", help="Only this collector (repeatable)."),
        option("--skip", multiple=True, metavar="COLLECTOR", help="Not this collector (repeatable)."),
        option(
            "--deadline",
            type=click.FloatRange(0.0, 86_400.0, min_open=True),
            metavar="SECONDS",
            default=30.0,
            show_default=True,
            help="Longest time for the whole run.",
        ),
        option(
            "--sample",
            type=click.FloatRange(0.0, 3600.0),
            metavar="SECONDS",
            default=3.0,
            show_default=True,
            help="Time between two looks, for rates; 0 looks once.",
        ),
    )


def targets_of(given: Mapping[str, Any]) -> Targets:
    """Return the targets of a command line; without any, the cluster that kubectl would take."""
    from dotmac_diagnose.targets import Targets, default_cluster

    targets = Targets(
        postgres=given["postgres"],
        pgbouncer=given["pgbouncer"],
        redis=given["redis"],
        urls=given["url"],
        namespaces=given["namespace"],
        context=given["context"],
        kubeconfig=given["kubeconfig"],
        log_files=given["log_file"],
        server_data=given["server_data"],
    )
    return targets or default_cluster()


def live_options_of(given: Mapping[str, Any], spent_seconds: float = 0.0) -> LiveOptions:
    """Return how to collect; ``spent_seconds`` of the deadline are gone already."""
    from dotmac_diagnose.live import LiveOptions

    return LiveOptions(
        deadline=max(0.1, given["deadline"] - spent_seconds),
        sample=given["sample"],
        only=given["only"],
        skip=given["skip"],
    )
