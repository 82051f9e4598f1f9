"""The report of `archgen build`: what was counted, and how the live model ran."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from archgen.analysis.numerals import short, told
from archgen.cli.failures import Stopped
from archgen.limits import too_large_to_run
from archgen.report import plural, printable

if TYPE_CHECKING:
    from torch import nn

    from archgen.api import Network

NO_TORCH = "not made: it needs torch, pip install 'archgen[torch]'"


def report(
    network: Network, path: str, options: Mapping[str, Any], weights: str | None = None
) -> None:
    """Print the figures of a network, then make its live model, run it and print how that went.

    options: those of `api.build`. weights: where they are from. With the source on standard output
    the report is on standard error. Raises `ArchError` if the network is too large to be made,
    `Stopped` if torch refuses.
    """
    known, body = network.figures, network.body
    rows = {
        "parameters": f"{known.params:,}",
        "MACs": f"{known.macs:,} ({short(known.macs)})",
        "input": told(body.input_names, [body.values[ref] for ref in body.inputs]),
        "output": told([output.name for output in body.outputs], known.outputs),
        "source": "standard output" if path == "-" else path,
    }
    if weights is not None:
        rows["weights"] = f"{printable(weights)}: {plural(len(options['weights']), 'tensor')}"
    click.echo(network.name, err=path == "-")
    for name, text in rows.items():
        _row(name, text, path)
    _row("live model", _live(network, options), path)


def _row(name: str, text: str, path: str) -> None:
    click.echo(f"  {name:<12}{text}", err=path == "-")


def _live(network: Network, options: Mapping[str, Any]) -> str:
    from archgen import api

    if find_spec("torch") is None:
        return NO_TORCH
    try:
        model = api.build(network, **options)
    except ValueError as problem:
        raise Stopped(str(problem)) from None
    made = _where(model, options)
    if options["device"] != "meta" and (reason := too_large_to_run(network, network.macs)):
        return f"on {made}; not run: {reason}"
    start = time.perf_counter()
    _run(model, network)
    return f"on {made}; ran one sample in {1000 * (time.perf_counter() - start):,.0f} ms"


def _where(model: nn.Module, options: Mapping[str, Any]) -> str:
    weight = next(model.parameters(), None)
    if weight is None:
        return str(options["device"])
    return f"{weight.device}, {str(weight.dtype).removeprefix('torch.')}"


def _run(model: nn.Module, network: Network) -> None:
    """Run it, and hold its results against what the spec promised."""
    from archgen import live

    body = network.body
    try:
        ran = live.run(model, [body.values[ref].sizes for ref in body.inputs])
    except RuntimeError as problem:
        reason = str(problem).strip().partition("\n")[0]
        raise Stopped(f"torch could not run the model: {reason}") from None
    expected = [shape.sizes for shape in network.figures.outputs]
    if ran != expected:
        raise Stopped(
            f"a bug in archgen, please report it: {network.name} was to give {expected}, "
            f"torch gave {ran}"
        )
