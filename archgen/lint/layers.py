"""Warnings about a layer and the shape that it meets."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

from archgen.diagnostics import Diagnostic, warning
from archgen.layers.base import per_axis
from archgen.layers.convolution import Conv, ConvTranspose
from archgen.layers.dense import Linear
from archgen.layers.normalisation import BatchNorm
from archgen.layers.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from archgen.layers.windows import Sliding
from archgen.lint.reach import Reach
from archgen.lint.rows import reaches_the_end, read_up_to, sliding_of
from archgen.network import Body, LayerNode
from archgen.shapes import Shape

TILE: Final = 8  # NVIDIA, "Matrix Multiplication Background": float16 sizes that fill tensor cores


def check(reach: Reach, body: Body, node: LayerNode, *, trained: bool) -> Iterator[Diagnostic]:
    """Warnings of one layer. `trained`: evaluation does not run it, nothing exports it."""
    x = body.shape_in(node)
    match node.layer:
        case Conv() | MaxPool() | AvgPool():
            yield from _window(reach, body, node, sliding_of(node.layer, x))
        case AdaptiveAvgPool() | AdaptiveMaxPool() if not trained:
            yield from _adaptive(node, node.layer, x)
        case Linear() if x.rank > 1 and x.channels == 1:
            message = f"`linear` takes the last axis of {x}, which is a single number"
            hint = "for all numbers of a sample: `flatten -> linear(...)`"
            yield warning("W008", message, node.span, help=hint)
        case BatchNorm() if x.channels_first and x.rank > 1 and prod(x.spatial) == 1:
            message = f"in training with one sample, `bn` sees one number of each channel of {x}"
            hint = "PyTorch refuses that: train with two samples or more, or leave the norm out"
            yield warning("W020", message, node.span, help=hint)
    match node.layer:
        case Conv(out=out, groups=1) | ConvTranspose(out=out, groups=1) | Linear(out=out):
            if out > 1 and out % TILE and not _is_head(reach, body, node):
                yield _narrow(node, out)


def _window(reach: Reach, body: Body, node: LayerNode, sliding: Sliding) -> Iterator[Diagnostic]:
    """W004, W007: a window with weights that only read padding, or that ends before its input."""
    x = body.shape_in(node)
    for axis, steps in enumerate(body.shape_out(node).spatial):
        size, kernel, extent = x.spatial[axis], sliding.kernel[axis], sliding.extent[axis]
        if extent > 2 * size - 1 and _is_idle(sliding, axis, size, steps):
            over = f" (over {extent})" if extent != kernel else ""
            message = f"a window of {kernel}{over} over {size}: its ends read nothing but padding"
            hint = f"a window of {2 * size - 1} reads all that there is: the input is {x}"
            yield warning("W004", message, node.span, help=hint)
            return
        last = read_up_to(sliding, axis, steps - 1)
        drops = kernel >= sliding.stride[axis] and last < size - 1
        if drops and not reaches_the_end(reach, body, node.inputs[0], axis, last):
            dropped = size - 1 - last
            read = "one is" if dropped == 1 else f"{dropped} are"
            message = f"of {size} rows or columns the last {read} never read: the input is {x}"
            hint = "choose a padding, `ceil_mode=true` (pools), or an input that comes out even"
            yield warning("W007", message, node.span, help=hint)
            return


def _is_idle(sliding: Sliding, axis: int, size: int, steps: int) -> bool:
    """Whether the first or the last element of a window reads the input in no step."""
    first, last = -sliding.padding[axis], read_up_to(sliding, axis, 0)
    return first + (steps - 1) * sliding.stride[axis] < 0 or last >= size


def _adaptive(
    node: LayerNode, layer: AdaptiveAvgPool | AdaptiveMaxPool, x: Shape
) -> Iterator[Diagnostic]:
    """W005: a pool that PyTorch's exporter has no ONNX for.

    Means over images are written as sums of slices, whatever their sizes. As of PyTorch 2.14.
    """
    sizes = per_axis(layer.size, x, "size")
    parts = " x ".join(map(str, sizes))
    if isinstance(layer, AdaptiveAvgPool):
        if len(sizes) == 3 and set(sizes) != {1}:
            message = f"a mean over {parts} parts of a volume cannot be exported to ONNX"
            hint = "`avgpool` with a kernel, or `global_avgpool`, can"
            yield warning("W005", message, node.span, help=hint)
    elif any(n % each for n, each in zip(x.spatial, sizes, strict=True)):
        message = f"{parts} windows do not divide {x} evenly: they cannot be exported to ONNX"
        hint = "choose a size that divides the input; `adaptive_avgpool` takes any"
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
