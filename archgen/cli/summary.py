"""`archgen summary`: a network as a table."""

from __future__ import annotations

import click

from archgen.analysis.memory.amounts import DTYPES, OPTIMIZERS, Training
from archgen.cli.operands import load
from archgen.cli.spec import Settings, note_promises, spec_options

MOST = 2**31 - 1


@click.command("summary")
@spec_options
@click.option("--depth", type=click.IntRange(min=1), default=1, show_default=True, help="Levels.")
@click.option("--format", "form", type=click.Choice(["table", "markdown", "json"]), default="table")
@click.option("--sizes", is_flag=True, help="Outputs as functions of the input's sizes.")
@click.option("--train", is_flag=True, help="What a training step keeps in memory.")
@click.option("--batch", type=click.IntRange(1, MOST), help="Samples of a step. [default: 1]")
@click.option(
    "--dtype",
    type=click.Choice([*DTYPES]),
    help="Type of all numbers of a step. [default: float32]",
)
@click.option(
    "--optimizer",
    type=click.Choice([*OPTIMIZERS]),
    help="Whose state counts; sgd has momentum. [default: sgd]",
)
def command(
    spec: str,
    settings: Settings,
    depth: int,
    form: str,
    sizes: bool,
    train: bool,
    batch: int | None,
    dtype: str | None,
    optimizer: str | None,
) -> None:
    """Show path, layer, output shape, parameters and MACs of SPEC, by stage."""
    from archgen.backends import table

    if not train and (batch, dtype, optimizer) != (None, None, None):
        raise click.UsageError("--batch, --dtype and --optimizer are for --train")
    training = Training(batch or 1, dtype or "float32", optimizer or "sgd") if train else None
    network = load(spec, settings)
    text = table.render(network, depth, form, sizes=sizes, training=training)
    click.echo(text.rstrip("\n"))
    note_promises(network)
