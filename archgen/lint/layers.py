"""Warnings about a layer and the shape that it meets."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

from archgen.diagnostics import Diagnostic, warning
from archgen.layers.base import per_axis
from archgen.layers.convolution import Conv, ConvTranspose
from archgen.layers.dense import Linear
from archgen.layers.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from archgen.layers.windows import Sliding
from archgen.lint.reach import Reach
from archgen.network import Body, LayerNode
from archgen.shapes import Shape

TILE: Final = 8  # NVIDIA, "Matrix Multiplication Background": float16 sizes that fill tensor cores


def check(reach: Reach, body: Body, node: LayerNode, *, trained: bool) -> Iterator[Diagnostic]:
    """W004 to W008 of one layer. `trained`: evaluation does not run it, nothing exports it."""
    x = body.shape_in(node)
    match node.layer:
        case Conv() | MaxPool() | AvgPool():
            yield from _window(body, node, x)
        case AdaptiveAvgPool() | AdaptiveMaxPool() if not trained:
            yield from _adaptive(node, node.layer.size, x)
        case Linear() if x.rank > 1 and x.channels == 1:
            message = f"`linear` takes the last axis of {x}, which is a single number"
            hint = "for all numbers of a sample: `flatten -> linear(...)`"
            yield warning("W008", message, node.span, help=hint)
    match node.layer:
        case Conv(out=out, groups=1) | ConvTranspose(out=out, groups=1) | Linear(out=out):
            if out > 1 and out % TILE and not _is_head(reach, body, node):
                yield _narrow(node, out)


def _window(body: Body, node: LayerNode, x: Shape) -> Iterator[Diagnostic]:
    """W004, W007: a window larger than what it slides over, or that ends before it does."""
    sliding = _sliding(node.layer, x)
    out = body.shape_out(node).spatial
    axes = zip(
        x.spatial, out, sliding.kernel, sliding.extent, sliding.stride, sliding.padding, strict=True
    )
    for size, steps, kernel, extent, stride, padding in axes:
        if extent > size:
            over = f" (over {extent})" if extent != kernel else ""
            message = f"a window of {kernel}{over} is larger than its input, {x}"
            hint = "part of it sees nothing but padding: a smaller kernel does the same"
            yield warning("W004", message, node.span, help=hint)
            return
        dropped = size + padding - ((steps - 1) * stride + extent)
        if dropped > 0 and kernel >= stride:
            read = "one is" if dropped == 1 else f"{dropped} are"
            message = f"of {size} rows or columns the last {read} never read: the input is {x}"
            hint = "choose a padding, `ceil_mode=true` (pools), or an input that comes out even"
            yield warning("W007", message, node.span, help=hint)
            return


def _sliding(layer: object, x: Shape) -> Sliding:
    match layer:
        case AvgPool():
            return Sliding.over(x, layer.kernel, layer.stride or layer.kernel, layer.padding)
        case Conv() | MaxPool():
            stride = layer.stride or layer.kernel
            return Sliding.over(x, layer.kernel, stride, layer.padding, layer.dilation)
        case _:
            raise AssertionError(layer)


def _adaptive(node: LayerNode, size: int | tuple[int, ...], x: Shape) -> Iterator[Diagnostic]:
    """W005: windows of unequal size."""
    sizes = per_axis(size, x, "size")
    if any(n % parts for n, parts in zip(x.spatial, sizes, strict=True)):
        parts = " x ".join(map(str, sizes))
        message = f"{parts} windows do not divide {x} evenly: ONNX has no such pool"
        hint = "choose a size that divides the input"
        yield warning("W005", message, node.span, help=hint)


def _is_head(reach: Reach, body: Body, node: LayerNode) -> bool:
    """Whether a layer's size is given by the task or its work is nothing.

    What it makes leaves the network without another layer of weights, or holds one number for
    each channel, as a squeeze and excitation does.
    """
    y = body.shape_out(node)
    return (y.rank > 1 and prod(y.spatial) == 1) or reach.is_of_a_head(body, node.outputs[0])


def _narrow(node: LayerNode, out: int) -> Diagnostic:
    up = -(-out // TILE) * TILE
    message = f"{out} channels are no multiple of {TILE}: tensor cores run part empty"
    hint = f"{up} cost about the same; `divisible(...)` rounds a computed width"
    return warning("W006", message, node.span, help=hint)
