"""Layers that rearrange, cut or enlarge and compute nothing (or next to nothing)."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Count, Layer, TorchArgument, TorchCall
from archgen.shapes import Shape


@final
class Flatten(Layer):
    """All axes from `start` on as one."""

    keyword = "flatten"
    group = "shape"
    out_channels = None
    fresh = False
    example = ("flatten", "512 x 7 x 7", "25088")

    start: Count = Field(0, description="the first axis to be merged, counted without the batch")

    def shape(self, x: Shape) -> Shape:
        demands.axis_of(self.keyword, self.start, x, "start")
        merged = Shape(x.sizes[self.start :]).numel
        return Shape((*x.sizes[: self.start], merged), min(x.axis, self.start))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.Flatten", TorchArgument(self.start + 1, "start_dim", None, 1))
