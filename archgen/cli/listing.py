"""`archgen list`: the shipped networks and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from archgen.cli.terminal import columns
from archgen.diagnostics import ArchError

if TYPE_CHECKING:
    from archgen.network import Network


WIDEST = 100  # characters of the documentation


@click.command("list")
def command() -> None:
    """List the shipped networks: parameters, MACs, and where they come from."""
    from archgen.analysis.figures import figures
    from archgen.analysis.numerals import short

    rows = [("network", "parameters", "MACs", "source")]
    for network in _shipped():
        known = figures(network)
        doc = shorten(network.doc, WIDEST, placeholder=" ...")
        rows.append((network.name, short(known.params), short(known.macs), doc))
    click.echo("\n".join(columns(rows, right=(1, 2))))


def _shipped() -> Iterator[Network]:
    """Every shipped network by name; each file is read once."""
    from archgen import specs
    from archgen.resolve.modules import Loader
    from archgen.resolve.program import Program

    loader = Loader()
    for name, path in specs.shipped():
        program = Program.read(path, loader)
        network = program.network(name) if program else None
        if network is None:
            raise ArchError(list(loader.sink))
        yield network
