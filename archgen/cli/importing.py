"""`archgen import`: the spec of a PyTorch module, proved equal to it."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence

import click

from archgen.cli.failures import Stopped
from archgen.replacing import replace

PREFIX = "py:"


@click.command("import")
@click.argument("factory", metavar="py:MODULE:NAME")
@click.option("--arg", "given", multiple=True, metavar="NAME=VALUE", help="For the factory.")
@click.option("--input", "inputs", multiple=True, required=True, metavar="CxHxW")
@click.option("--name", help="What the arch is called; the name of the factory if not given.")
@click.option("--fixed", is_flag=True, help="Take a network that is another at another size.")
@click.option("-o", "--output", type=click.Path(), help="A new file; standard output if not given.")
def command(
    factory: str,
    given: Sequence[str],
    inputs: Sequence[str],
    name: str | None,
    fixed: bool,
    output: str | None,
) -> None:
    """Write the spec of a PyTorch module: archgen import py:torchvision.models:resnet50 --input
    3x224x224.

    MODULE is imported, with the current folder on the path, and NAME called: a function or class
    that makes an nn.Module. So this runs the code of both. The spec is written only if its model
    has the module's keys, outputs and gradients.

    The status is 1 if the module was not imported, 2 if the call is wrong.
    """
    if not factory.startswith(PREFIX):
        raise click.UsageError(f"say {PREFIX}{factory}: this runs the code of a Python module")
    if output is not None and os.path.exists(output):
        raise click.UsageError(f"{output} exists")
    shapes = [_sizes(text) for text in inputs]
    arguments = dict(map(_argument, given))
    try:
        from archgen.importers.api import from_module
        from archgen.importers.factory import made
        from archgen.importers.program import ImportFault
    except ModuleNotFoundError as problem:
        raise Stopped(f"{problem}: pip install 'archgen[torch]'") from None
    title = name or factory.rpartition(":")[2].rpartition(".")[2]
    try:
        model = made(factory.removeprefix(PREFIX), arguments)
        imported = from_module(model, shapes, name=title if title.islower() else None, fixed=fixed)
    except ImportFault as fault:
        raise Stopped(str(fault)) from None
    if output is None:
        click.echo(imported.text, nl=False)
        return
    replace(output, imported.text.encode())
    click.echo(f"{output}: {imported.proof}", err=True)


def _sizes(text: str) -> tuple[int, ...]:
    sizes = text.split("x")
    if not all(each.isdecimal() and int(each) > 0 for each in sizes):
        raise click.UsageError(f"--input {text}: write it as 3x224x224")
    return tuple(map(int, sizes))


def _argument(text: str) -> tuple[str, object]:
    """`classes=10`, `norm=None`, `name=tiny`: Python's literals, or a string."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"--arg {text}: write it as NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
