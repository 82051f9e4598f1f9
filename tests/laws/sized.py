"""A model at other sizes of its input: what torch makes of them, on the device "meta"."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor, nn

import archgen
from archgen.analysis.sizes.legal import OfAxis, Sizes, sizes_of

REFUSALS = (RuntimeError, ValueError, IndexError, AssertionError)
Shapes = tuple[tuple[int, ...], ...]
At = tuple[int, ...]


def disagreements(network: archgen.Network, count: int, seed: int = 0) -> Iterator[str]:
    """Where `sizes_of` and torch differ at random sizes: in the verdict, or in the shapes."""
    sizes = sizes_of(network)
    if not sizes.axes:
        return
    model = archgen.build(network, device="meta").eval()
    for at in points(sizes, count, seed):
        said = sizes.accept(at)
        if said is None:
            continue
        found = outputs(model, network, sizes, at)
        predicted = sizes.outputs(at) if said else None
        if (found is not None) is not said or (said and predicted != found):
            yield f"{network.name} at {at}: said {said} and {predicted}, torch makes {found}"


def points(sizes: Sizes, count: int, seed: int) -> Iterator[At]:
    """Small sizes, large ones, legal ones, the declared one."""
    draw = random.Random(seed)
    for _ in range(count):
        yield tuple(_size(of, draw) for of in sizes.axes)


def _size(of: OfAxis, draw: random.Random) -> int:
    large = draw.randint(1, 400)
    near = of.legal.near(large) or [of.axis.declared]
    return draw.choice([of.axis.declared, draw.randint(1, 40), large, near[0], near[-1]])


def outputs(model: nn.Module, network: archgen.Network, sizes: Sizes, at: At) -> Shapes | None:
    """The shapes that torch makes at these sizes; None where it refuses, or nothing is left."""
    shapes = [list(network.body.values[ref].sizes) for ref in network.body.inputs]
    for size, of in zip(at, sizes.axes, strict=True):
        shapes[of.axis.input][of.axis.axis] = size
    try:
        with torch.no_grad():
            made = model(*(torch.empty(2, *shape, device="meta") for shape in shapes))
    except REFUSALS:
        return None
    flat = list(_tensors(made))
    if any(each.numel() == 0 for each in flat):
        return None
    return tuple(tuple(each.shape[1:]) for each in flat)


def _tensors(made: object) -> Iterator[Tensor]:
    if isinstance(made, Tensor):
        yield made
    elif isinstance(made, dict):
        for each in made.values():
            yield from _tensors(each)
    elif isinstance(made, list | tuple):
        for each in made:
            yield from _tensors(each)
