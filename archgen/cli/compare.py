"""`archgen compare`: whether two networks that ought to be one are: keys, outputs, gradients."""

from __future__ import annotations

import click

from archgen.cli.failures import Refused
from archgen.cli.operands import Sides, compared
from archgen.cli.spec import pair_options
from archgen.diagnostics import ArchError

EQUAL, UNEQUAL, ERROR = 0, 1, 2


@click.command("compare")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@pair_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(old: str, new: str, sides: Sides, form: str) -> None:
    """Compare two networks that ought to be one, as a port and what it is a port of:
    archgen compare net.arch py:theirs.models:Net.

    OLD and NEW are a spec, as for archgen diff, or py:MODULE:NAME, which is imported: this runs its
    code. Keys and shapes are compared; if they are equal, OLD gets the weights of NEW, and outputs
    in evaluation and gradients in training are, in float64. A module needs --input, unless the
    other one is a spec.

    The status is 0 if they are equal, 1 if not, 2 if there is an error.
    """
    from archgen.importers import compared as shown

    try:
        found = compared(old, new, sides)
    except ArchError as fault:
        Refused(fault.diagnostics).show()
        raise click.exceptions.Exit(ERROR) from fault
    click.echo(shown.as_json(found) if form == "json" else str(found))
    raise click.exceptions.Exit(EQUAL if found.equal else UNEQUAL)
