"""`archgen list`: the shipped networks and what they cost, or the blocks of the libraries."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from archgen.cli.terminal import columns, fit
from archgen.diagnostics import ArchError

if TYPE_CHECKING:
    from archgen.network import Network


WIDEST = 100  # characters of the documentation


@click.command("list")
@click.option("--blocks", is_flag=True, help="The blocks of the shipped libraries instead.")
def command(blocks: bool) -> None:
    """List the shipped networks: parameters, MACs, and where they come from.

    `archgen show NAME` prints one of them, or a block.
    """
    click.echo("\n".join(_blocks() if blocks else _networks()))


def _blocks() -> Iterator[str]:
    """The libraries, each under the `use` that imports it, with their blocks."""
    from archgen.library import libraries

    for number, library in enumerate(libraries()):
        yield from ([""] if number else [])
        yield f"use {library.name}"
        for entry in library.entries:
            yield fit(f"  {entry.headline}")
            yield from [fit(f"      {entry.doc}")] if entry.doc else []


def _networks() -> list[str]:
    from archgen.analysis.figures import figures
    from archgen.analysis.numerals import short

    rows = [("network", "parameters", "MACs", "source")]
    for network in _shipped():
        known = figures(network)
        doc = shorten(network.doc, WIDEST, placeholder=" ...")
        rows.append((network.name, short(known.params), short(known.macs), doc))
    return columns(rows, right=(1, 2))


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
