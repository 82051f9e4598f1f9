"""The SPEC argument and `--set`, shared by the commands that take a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archgen.diagnostics import ArchError, Diagnostic, Fault
from archgen.text import Source

if TYPE_CHECKING:
    from archgen.api import Network
    from archgen.syntax.tree import Expr

Command = TypeVar("Command", bound=Callable[..., Any])
COMMAND_LINE = "<command line>"


def spec_options(command: Command) -> Command:
    """Give a command the argument SPEC and the option `--set`."""
    return click.argument("spec", metavar="SPEC[:ARCH]")(settings_option(command))


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


def load(spec: str, settings: Sequence[str]) -> Network:
    """Load the network that a command was asked for. Raises `ArchError`."""
    from archgen import api

    return api.load(spec, **parameters(settings))


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
            values[name] = value
    if faults:
        raise ArchError(faults)
    return values


def _parameter(setting: str) -> tuple[str, Expr]:
    from archgen.syntax.parse import parse_expression

    name, sign, value = setting.partition("=")
    if not (sign and value.strip() and name.strip().isidentifier()):
        raise click.BadParameter(f"{setting!r} is not NAME=VALUE", param_hint="'--set'")
    if name.strip() == "input":
        raise click.BadParameter("no parameter can be called 'input'", param_hint="'--set'")
    source = Source(COMMAND_LINE, setting)
    return name.strip(), parse_expression(source.span(len(name) + 1, len(setting)))
