"""`archgen summary`: a network as a table."""

from __future__ import annotations

import click

from archgen.cli.operands import load
from archgen.cli.spec import Settings, note_promises, spec_options


@click.command("summary")
@spec_options
@click.option("--depth", type=click.IntRange(min=1), default=1, show_default=True, help="Levels.")
@click.option("--format", "form", type=click.Choice(["table", "markdown", "json"]), default="table")
@click.option("--sizes", is_flag=True, help="Outputs as functions of the input's sizes.")
def command(spec: str, settings: Settings, depth: int, form: str, sizes: bool) -> None:
    """Show path, layer, output shape, parameters and MACs of SPEC, by stage."""
    from archgen.backends import table

    network = load(spec, settings)
    click.echo(table.render(network, depth, form, sizes=sizes).rstrip("\n"))
    note_promises(network)
