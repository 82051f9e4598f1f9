"""`archgen ir`: the resolved network as JSON."""

from __future__ import annotations

import click

from archgen.cli.operands import load
from archgen.cli.spec import Settings, spec_options


@click.command("ir")
@spec_options
def command(spec: str, settings: Settings) -> None:
    """Print the resolved network of SPEC as JSON: definitions, calls, shapes."""
    from archgen.backends import ir

    click.echo(ir.render(load(spec, settings)).rstrip("\n"))
