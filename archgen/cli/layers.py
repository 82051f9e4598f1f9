"""`archgen layers`: the built-in layers, or one of them in detail."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from archgen.cli.details import detail, first_line
from archgen.cli.failures import did_you_mean
from archgen.cli.terminal import fit

if TYPE_CHECKING:
    from archgen.layers.base import Layer


@click.command("layers")
@click.argument("layer", required=False)
def command(layer: str | None) -> None:
    """List the built-in layers with their signatures, or show LAYER in detail."""
    from archgen.layers import LAYERS

    if layer is None:
        click.echo("\n\n".join(map(_group, _groups(list(LAYERS.values())))))
    elif layer in LAYERS:
        click.echo(detail(LAYERS[layer]))
    else:
        raise click.UsageError(f"no layer {layer!r}" + did_you_mean(layer, LAYERS))


def _groups(layers: list[type[Layer]]) -> list[list[type[Layer]]]:
    return [list(group) for _, group in groupby(layers, key=lambda cls: cls.group)]


def _group(layers: list[type[Layer]]) -> str:
    from archgen.layers.signature import headline

    lines = [layers[0].group]
    for cls in layers:
        lines += [fit(f"  {headline(cls)}"), fit(f"      {first_line(cls)}")]
    return "\n".join(lines)
