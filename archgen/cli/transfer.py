"""`archgen transfer`: the weights of a network for a network that was edited."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from archgen.cli import files
from archgen.cli.checkpoints import NEEDS_TORCH, Under, stripped
from archgen.cli.failures import Stopped
from archgen.cli.operands import Sides, network, pair
from archgen.cli.spec import pair_options
from archgen.report import printable

if TYPE_CHECKING:
    from archgen.checkpoint.contents import State
    from archgen.checkpoint.plan import Channels, Plan
    from archgen.checkpoint.read import Checkpoint, Format
    from archgen.loaded import Network

CHANNELS = ("sum", "mean", "repeat")


@click.command("transfer")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("checkpoint", type=click.Path())
@click.option("-o", "--output", required=True, metavar="FILE", help="A .safetensors or .pt.")
@click.option("--allow-new", is_flag=True, help="Initialise new weights as the spec says.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of weights that are initialised.")
@click.option(
    "--input-channels",
    type=click.Choice(CHANNELS),
    help="Compute the first convolution from the old one, if the input has other channels.",
)
@click.option("--set-old", multiple=True, metavar="NAME=VALUE", help="A parameter of OLD.")
@click.option("--set-new", multiple=True, metavar="NAME=VALUE", help="A parameter of NEW.")
@pair_options
@click.option("--under", multiple=True, metavar="KEY", help="Where in a .pt the weights lie.")
@click.option("--prefix", default="", help="What to take off the keys, as `module.`.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(
    old: str,
    new: str,
    checkpoint: str,
    output: str,
    allow_new: bool,
    seed: int | None,
    input_channels: Channels | None,
    set_old: tuple[str, ...],
    set_new: tuple[str, ...],
    sides: Sides,
    under: Under,
    prefix: str,
    force: bool,
    form: str,
) -> None:
    """Carry the weights in CHECKPOINT, which fits OLD, over to NEW.

    OLD and NEW are specs, also REV:FILE[:ARCH] for what git has, or py:MODULE:NAME. A weight is
    carried if it is of the same layer and has the same shape; names may differ. All else is
    reported, and nothing is written if some weight of NEW has none to come from, unless
    --allow-new.

    The status is 0 if FILE was written, 1 if not, 2 if the call is wrong.
    """
    from archgen.checkpoint.contents import contents
    from archgen.checkpoint.fit import check_fits
    from archgen.checkpoint.plan import check_whole

    target = _target(output, force=force)
    sides = replace(sides[0], parameters=set_old), replace(sides[1], parameters=set_new)
    before, after = map(network, pair(old, new, sides), sides)
    read = _read(checkpoint, under)
    check_fits(before, stripped(contents(read.state), prefix), checkpoint, "A522")
    made = _plan(before, after, input_channels)
    if made.initialised and not allow_new:
        _report(made, form)
        check_whole(made)
    read = _with_numbers(read, made, target, prefix)
    state = {key.removeprefix(prefix): tensor for key, tensor in read.state.items()}
    _write(read, _transferred(made, state, seed), output, target)
    _report(made, form, {"output": output, **_beside(read, target)})


def _target(output: str, *, force: bool) -> Format:
    """The format of the new file. Raises if its name does not say, or the file exists."""
    from archgen.checkpoint.write import FORMATS, format_of

    target = format_of(output)
    if target is None:
        endings = ", ".join(FORMATS)
        raise click.BadParameter(f"{output!r} ends in none of {endings}", param_hint="'--output'")
    if os.path.lexists(output) and not force:
        raise Stopped(f"{output}: is there; --force overwrites it")
    if target == "torch" and not _has_torch():
        raise Stopped(f"{output}: to write it needs torch, .safetensors does not: {NEEDS_TORCH}")
    return target


def _has_torch() -> bool:
    return find_spec("torch") is not None and find_spec("safetensors") is not None


def _plan(old: Network, new: Network, channels: Channels | None) -> Plan:
    from archgen.checkpoint.plan import plan

    try:
        return plan(old, new, channels)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="'--input-channels'") from None


def _read(checkpoint: str, under: Under, *, numbers: bool = False) -> Checkpoint:
    from archgen.checkpoint.read import read

    try:
        return read(checkpoint, under, numbers=numbers)
    except ModuleNotFoundError as problem:
        raise Stopped(f"{problem}: {NEEDS_TORCH}") from None


def _with_numbers(read: Checkpoint, made: Plan, target: Format, prefix: str) -> Checkpoint:
    """The checkpoint with its tensors loaded, if the bytes in the file are not enough."""
    from archgen.checkpoint.contents import look

    carried = set(made.carried.values())
    held = (look(each) for key, each in read.state.items() if key.removeprefix(prefix) in carried)
    in_file = all(each.data is not None for each in held)
    if target == "safetensors" and in_file and not made.combined:
        return read
    if not _has_torch():
        raise Stopped(f"{read.path}: to change its numbers or format needs torch: {NEEDS_TORCH}")
    return _read(read.path, read.under, numbers=True)


def _transferred(made: Plan, state: State, seed: int | None) -> State:
    from archgen import weights
    from archgen.checkpoint.transfer import transferred

    if made.initialised and not _has_torch():
        raise Stopped(f"to initialise weights needs torch: {NEEDS_TORCH}")
    return transferred(made, state, lambda: weights.fresh(made.new, seed))


def _write(read: Checkpoint, state: State, output: str, target: Format) -> None:
    from archgen.checkpoint.write import write

    with files.draft_of(output) as draft:
        write(read, state, draft, target)


def _beside(read: Checkpoint, target: Format) -> dict[str, list[str]]:
    """What the old file held beside its weights, and whether the new one holds it too."""
    from archgen.checkpoint.write import beside

    names = beside(read)
    return {"kept" if read.format == target else "left_behind": names} if names else {}


def _report(made: Plan, form: str, remarks: Mapping[str, Any] = MappingProxyType({})) -> None:
    from archgen.checkpoint import transfer_report

    if form == "json":
        click.echo(json.dumps(transfer_report.as_json(made) | dict(remarks), indent=2))
        return
    click.echo(transfer_report.render_text(made))
    if names := remarks.get("kept"):
        click.echo(f"  kept beside the weights, as it was: {printable(', '.join(names))}")
    if names := remarks.get("left_behind"):
        click.echo(f"  left behind, for the format has no place: {printable(', '.join(names))}")
    if output := remarks.get("output"):
        click.echo(f"{printable(output)}: written")
