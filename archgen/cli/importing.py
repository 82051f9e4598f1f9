"""`archgen import`: the spec of a PyTorch module, proved equal to it."""

from __future__ import annotations

import os

import click

from archgen.cli.files import write
from archgen.cli.operands import imported
from archgen.cli.spec import (
    PREFIX,
    Settings,
    argument_option,
    input_option,
    is_live,
    live_options,
)


@click.command("import")
@click.argument("factory", metavar="py:MODULE:NAME")
@argument_option()
@input_option("The shape without the batch, 3x224x224; once for each input.")
@click.option("--name", help="What the arch is called; the name of the factory if not given.")
@live_options
@click.option("-o", "--output", type=click.Path(), help="A new file; standard output if not given.")
def command(
    factory: str,
    arguments: tuple[str, ...],
    inputs: tuple[str, ...],
    name: str | None,
    fixed: bool,
    timeout: float,
    output: str | None,
) -> None:
    """Write the spec of a PyTorch module: archgen import py:torchvision.models:resnet50 --input
    3x224x224.

    MODULE is imported, with the current folder on the path, and NAME called: a function or class
    that makes an nn.Module. So this runs the code of both. The spec is written only if its model
    has the module's keys, outputs and gradients.

    The status is 1 if the module was not imported, 2 if the call is wrong.
    """
    from archgen.importers.api import is_name

    if not is_live(factory):
        raise click.UsageError(f"say {PREFIX}{factory}: this runs the code of a Python module")
    if name is not None and not is_name(name):
        raise click.UsageError(f"--name {name}: an arch cannot be called that")
    if output is not None and os.path.lexists(output):
        raise click.UsageError(f"{output} exists")
    given = Settings((), inputs, None, arguments, fixed, timeout)
    answer = imported(factory, given, name=name)
    if output is None:
        click.echo(answer["text"], nl=False)
        return
    write(output, answer["text"].encode())
    click.echo(f"{output}: {answer['proof']}", err=True)
