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

    from archgen.loaded import Network

NO_TORCH = "not made: it needs torch, pip install 'archgen[torch]'"


def report(network: Network, path: str, tried: str, weights: tuple[str, int] | None = None) -> None:
    """Print the figures of a network, and how its live model ran.

    weights: where they are from, and how many. With the source on standard output the report is
    on standard error.
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
        rows["weights"] = f"{printable(weights[0])}: {plural(weights[1], 'tensor')}"
    rows["live model"] = tried
    click.echo(network.name, err=path == "-")
    for name, text in rows.items():
        click.echo(f"  {name:<12}{text}", err=path == "-")


def attempt(network: Network, options: Mapping[str, Any]) -> str:
    """Make the live model, run it once and say how that went.

    options: those of `api.build`. Raises `ArchError` for what PyTorch refuses and for a model
    that is not what was predicted, `Stopped` for a device that is not there.
    """
    from archgen import api, trial

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
    trial.run(network, model)
    return f"on {made}; ran one sample in {1000 * (time.perf_counter() - start):,.0f} ms"


def _where(model: nn.Module, options: Mapping[str, Any]) -> str:
    weight = next(model.parameters(), None)
    if weight is None:
        return str(options["device"])
    return f"{weight.device}, {str(weight.dtype).removeprefix('torch.')}"
