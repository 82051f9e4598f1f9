"""`archgen build`: from a spec to its source, and to a live model that has run once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from archgen.cli.failures import Stopped
from archgen.cli.files import read, write_source
from archgen.cli.operands import load
from archgen.cli.spec import Settings, note_promises, spec_options
from archgen.diagnostics import ArchError

if TYPE_CHECKING:
    from archgen.checkpoint.contents import State
    from archgen.loaded import Network

DEVICES = ("auto", "cpu", "cuda", "meta")
DTYPES = ("float32", "float64", "bfloat16", "float16")
FOLDER = "build"


@click.command("build")
@spec_options
@click.option("-o", "--output", metavar="FILE", help="Not build/NAME.py; - is standard output.")
@click.option("--check", is_flag=True, help="Write nothing; status 1 if FILE would change.")
@click.option("--force", is_flag=True, help="Overwrite a file that archgen did not write.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Of the live model.")
@click.option("--dtype", type=click.Choice(DTYPES), help="Of its weights.")
@click.option("--channels-last", is_flag=True, help="Store its images with the channels last.")
@click.option("--compile", is_flag=True, help="Compile it with torch.compile.")
@click.option(
    "--allow-extern",
    multiple=True,
    metavar="MODULE:CLASS",
    help="A class of another package that may be imported and run.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Decides its weights.")
@click.option(
    "--weights",
    metavar="FILE",
    help="Load them, strictly: a checkpoint, or torchvision:ResNet50_Weights.IMAGENET1K_V2.",
)
@click.option("--under", multiple=True, metavar="KEY", help="Where in a .pt the weights lie.")
@click.option("--prefix", default="", help="What to take off the keys, as `module.`.")
def command(
    spec: str,
    settings: Settings,
    output: str | None,
    weights: str | None,
    under: tuple[str, ...],
    prefix: str,
    check: bool,
    force: bool,
    channels_last: bool,
    **options: Any,
) -> None:
    """Write SPEC as standalone PyTorch source, make the live model and run it once.

    A source whose model fails, or whose --weights do not fit, is not written.

    SPEC is a file, FILE:ARCH, or the name of a shipped network (`archgen list`).
    """
    from archgen import api
    from archgen.cli.trial import attempt, report
    from archgen.externs import check_allowed
    from archgen.limits import check_buildable
    from archgen.seal import seal

    network = load(spec, settings, promises=True)
    if weights is not None:
        whole = load(spec, replace(settings, features=None)) if settings.features else network
        options["weights"] = _fitting(weights, under, prefix, network, whole, options["device"])
    path = output or os.path.join(FOLDER, f"{network.name}.py")
    text = seal(api.source(network))
    if check:
        _compare(path, text)
        return
    memory_format = "channels_last" if channels_last else None
    keep = partial(_write, path, text, force, folder=output is None)
    try:
        check_buildable(network, network.params, meta=options["device"] == "meta")
        if find_spec("torch") and check_allowed(network, options["allow_extern"]):
            sys.path.insert(0, os.getcwd())  # where Python would look, were it not for our script
    except ArchError:
        keep()  # the source is short, however large the model would be, and runs nothing
        raise
    tried = attempt(network, {**options, "memory_format": memory_format})
    keep()
    given = None if weights is None else (weights, len(options["weights"]))
    report(network, path, tried, given)
    note_promises(network)


def _fitting(
    weights: str, under: Sequence[str], prefix: str, network: Network, whole: Network, device: str
) -> State:
    """The weights that a model is to have. Raises `ArchError`, before anything is written."""
    from archgen.checkpoint.loading import fitting
    from archgen.cli.checkpoints import NEEDS_TORCH

    if device == "meta":
        raise click.UsageError("--weights: on the device meta there are no numbers")
    if find_spec("torch") is None:
        raise Stopped(f"--weights needs torch: {NEEDS_TORCH}")
    try:
        return fitting(weights, network, whole, under=under, prefix=prefix)
    except ModuleNotFoundError as problem:
        raise Stopped(str(problem)) from None
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="'--prefix'") from None


def _compare(path: str, text: str) -> None:
    if path == "-":
        raise click.UsageError("--check compares with a file, not with standard output")
    before = read(path)
    if before == text:
        click.echo(f"{path}: up to date")
        return
    why = "there is no such file" if before is None else _difference(before, text)
    click.echo(f"{path}: {why}")
    raise click.exceptions.Exit(1)


def _difference(before: str, text: str) -> str:
    old, new = before.splitlines(), text.splitlines()
    pairs = enumerate(zip(old, new, strict=False), start=1)
    line = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)) + 1)
    return f"not what archgen would write, from line {line} on"


def _write(path: str, text: str, force: bool, *, folder: bool) -> None:
    if path == "-":
        click.echo(text, nl=False)
        return
    if folder:
        try:
            os.makedirs(FOLDER, exist_ok=True)
        except OSError as problem:
            raise Stopped(f"{FOLDER}: cannot be made: {problem.strerror}") from None
    write_source(path, text, force=force)
