"""`archgen source`: a network as standalone PyTorch source."""

from __future__ import annotations

import click

from archgen.cli.operands import load
from archgen.cli.spec import Settings, spec_options


@click.command("source")
@spec_options
def command(spec: str, settings: Settings) -> None:
    """Print SPEC as standalone PyTorch source, without making a model: archgen build does both."""
    from archgen import api

    click.echo(api.source(load(spec, settings)), nl=False)
