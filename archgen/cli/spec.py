"""The SPEC argument and the options that say what a network is to be, shared by the commands that
take one."""

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
    from archgen.network import Network
    from archgen.syntax.tree import Expr

Command = TypeVar("Command", bound=Callable[..., Any])
COMMAND_LINE = "<command line>"
PREFIX = "py:"
TIMEOUT = 600.0  # seconds for a module of PyTorch: to be imported, run and compared


@dataclass(frozen=True, slots=True)
class Settings:
    """What a network is to be, other than its spec says: the texts of the options."""

    parameters: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    features: str | None = None
    arguments: tuple[str, ...] = ()
    fixed: bool = False
    timeout: float = TIMEOUT


def is_live(spec: str) -> bool:
    """Whether an operand is a module of PyTorch. Nothing without the prefix is ever imported."""
    return spec.startswith(PREFIX)


def check_for_specs(*several: Settings) -> None:
    """Refuse options for modules where there is none."""
    for settings in several:
        if settings.arguments or settings.fixed:
            raise click.UsageError(f"--arg and --fixed are for {PREFIX}MODULE:NAME")


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
        arguments: tuple[str, ...],
        fixed: bool,
        timeout: float,
        **options: Any,
    ) -> Any:
        given = Settings(settings, inputs, features, arguments, fixed, timeout)
        return command(*args, settings=given, **options)

    sizes = input_option(
        "Other sizes of the input: 3x320x320. Of several: repeated, or left=1x28x28."
    )
    live = live_options(argument_option()(collected))
    return settings_option(sizes(_features_option(live)))  # type: ignore[return-value]


def pair_options(command: Command) -> Command:
    """Give a command of two operands the options for modules, and sizes; it takes the `Settings`
    of each as `sides`."""

    @wraps(command)
    def collected(
        *args: Any,
        inputs: tuple[str, ...],
        input_old: tuple[str, ...],
        input_new: tuple[str, ...],
        arguments: tuple[str, ...],
        arg_old: tuple[str, ...],
        arg_new: tuple[str, ...],
        fixed: bool,
        timeout: float,
        **options: Any,
    ) -> Any:
        sides = tuple(
            Settings((), each or inputs, None, (*arguments, *more), fixed, timeout)
            for each, more in ((input_old, arg_old), (input_new, arg_new))
        )
        return command(*args, sides=sides, **options)

    made = live_options(collected)
    for name, to, whose in (("new", "_new", "NEW"), ("old", "_old", "OLD")):
        made = argument_option(f"--arg-{name}", f"arg{to}", whose)(made)
        made = input_option(f"Sizes of the input of {whose}.", f"--input-{name}", f"input{to}")(
            made
        )
    sizes = input_option("Other sizes of the input of both: 3x320x320.")
    return sizes(argument_option()(made))  # type: ignore[return-value]


def argument_option(
    name: str = "--arg", to: str = "arguments", whose: str = "py:MODULE:NAME"
) -> Callable[[Command], Command]:
    """What gives a command an option for the arguments of a factory."""
    help = f"An argument for {whose}; may be repeated."
    return click.option(name, to, multiple=True, metavar="NAME=VALUE", help=help)


def live_options(command: Command) -> Command:
    """Give a command what modules of PyTorch need, other than sizes and arguments."""
    fixed = click.option(
        "--fixed", is_flag=True, help="Take a module that does other steps at another size."
    )
    timeout = click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=TIMEOUT,
        metavar="SECONDS",
        help="How long a module may take (600).",
    )
    return fixed(timeout(command))


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


def input_spans(settings: Settings) -> list[Span]:
    """Sizes of inputs as they were given."""
    return [whole(text) for text in settings.inputs]


def note_promises(network: Network) -> None:
    """Say on standard error which promises do not hold. With other parameters or inputs than the
    spec's that is no fault: they are about those."""
    from archgen.analysis.promises import verify
    from archgen.report import render_text

    if found := verify(network):
        click.echo(render_text(found, color=wants_color(sys.stderr)), err=True)


def whole(text: str) -> Span:
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
