"""The SPEC argument, `--set`, `--input` and `--features`, shared by the commands that take a
network."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archgen.cli.terminal import wants_color
from archgen.diagnostics import ArchError, Diagnostic, Fault
from archgen.text import Source, Span

if TYPE_CHECKING:
    from archgen.loaded import Network
    from archgen.syntax.tree import Expr

Command = TypeVar("Command", bound=Callable[..., Any])
COMMAND_LINE = "<command line>"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a network is to be, other than its spec says: the texts of the options."""

    parameters: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    features: str | None = None


def spec_options(command: Command) -> Command:
    """Give a command the argument SPEC and the options that its `settings` are made of."""
    return click.argument("spec", metavar="SPEC[:ARCH]")(network_options(command))


def network_options(command: Command) -> Command:
    """Give a command the options that its `settings` are made of."""

    @wraps(command)
    def collected(
        *args: Any,
        settings: tuple[str, ...],
        inputs: tuple[str, ...],
        features: str | None,
        **options: Any,
    ) -> Any:
        return command(*args, settings=Settings(settings, inputs, features), **options)

    sizes = input_option(
        "Other sizes of the input: 3x320x320. Of several: repeated, or left=1x28x28."
    )
    return settings_option(sizes(_features_option(collected)))  # type: ignore[return-value]


def settings_option(command: Command) -> Command:
    """Give a command the option `--set`."""
    option = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Give a parameter of the arch another value; may be repeated.",
    )
    return option(command)


def input_option(
    help: str, name: str = "--input", to: str = "inputs"
) -> Callable[[Command], Command]:
    """What gives a command an option for sizes of inputs."""
    return click.option(name, to, multiple=True, metavar="SIZES", help=help)


def _features_option(command: Command) -> Command:
    option = click.option(
        "--features",
        metavar="NAMES",
        help="Cut it to the backbone that returns these values: layer2,layer3.",
    )
    return option(command)


def load(spec: str, settings: Settings, *, promises: bool = False) -> Network:
    """Load the network that a command was asked for. Raises `ArchError`.

    promises: verify them, for what is not only to be looked at.
    """
    from archgen import versions

    features = () if settings.features is None else _whole(settings.features)
    given = parameters(settings.parameters)
    return versions.load(spec, given, input_spans(settings), features, promises=promises)


def input_spans(settings: Settings) -> list[Span]:
    """Sizes of inputs as they were given."""
    return [_whole(text) for text in settings.inputs]


def note_promises(network: Network) -> None:
    """Say on standard error which promises do not hold. With other parameters or inputs than the
    spec's that is no fault: they are about those."""
    from archgen.analysis.promises import verify
    from archgen.report import render_text

    if found := verify(network):
        click.echo(render_text(found, color=wants_color(sys.stderr)), err=True)


def _whole(text: str) -> Span:
    return Source(COMMAND_LINE, text).span(0, len(text))


def parameters(settings: Sequence[str]) -> dict[str, Any]:
    """`["classes=10"]` as expressions by name. Raises `ArchError` with all that is wrong."""
    values: dict[str, Expr] = {}
    faults: list[Diagnostic] = []
    for setting in settings:
        try:
            name, value = _parameter(setting)
        except Fault as fault:
            faults.append(fault.diagnostic)
        else:
            if name in values:
                raise click.BadParameter(f"{name} is given twice", param_hint="'--set'")
            values[name] = value
    if faults:
        raise ArchError(faults)
    return values


def _parameter(setting: str) -> tuple[str, Expr]:
    from archgen.syntax.parse import parse_expression

    name, sign, value = setting.partition("=")
    if not (sign and value.strip() and name.strip().isidentifier()):
        problem = f"{setting!r} is not NAME=VALUE, as classes=10"
        raise click.BadParameter(problem, param_hint="'--set'")
    if name.strip() == "input":
        hint = "no parameter can be called 'input': --input 3x320x320"
        raise click.BadParameter(hint, param_hint="'--set'")
    source = Source(COMMAND_LINE, setting)
    return name.strip(), parse_expression(source.span(len(name) + 1, len(setting)))
