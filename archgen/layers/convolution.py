"""Convolutions. The rank of the input chooses between 1, 2 and 3 dimensions."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    AUTO,
    Axes,
    Count,
    Layer,
    LayerFault,
    Padding,
    Positive,
    TorchArgument,
    TorchCall,
    Window,
    per_axis,
)
from archgen.layers.windows import PADDED, Sliding, compact
from archgen.shapes import Shape


@final
class Conv(Layer):
    """Convolution of a signal, an image or a volume."""

    keyword = "conv"
    group = "convolution"
    out_channels = "out"
    derived: ClassVar[Mapping[str, str]] = {"padding": "dilation * (kernel - 1) // 2"}
    derived_where: ClassVar[Mapping[str, tuple[str, str]]] = {"padding": PADDED}
    depth = 1
    weight_names = ("weight", "bias")
    example = ("conv(64, 7, stride=2)", "3 x 224 x 224", "64 x 112 x 112")

    out: Positive = Field(description="channels of the output")
    kernel: Axes = Field(description="size of the window")
    stride: Axes = Field(1, description="step of the window")
    padding: Padding = Field(AUTO, description="zeros on both sides of each axis")
    dilation: Axes = Field(1, description="distance of the elements of the window")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")
    bias: bool = Field(False, description="whether a number is added to each channel")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        demands.divides(self.groups, x.channels, "channels of the input")
        demands.divides(self.groups, self.out, "channels of the output")
        return x.with_spatial(self.out, self._sliding(x).sizes(x))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            f"nn.Conv{x.rank - 1}d",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.out, source="out"),
            *self._sliding(x).arguments(),
            TorchArgument(self.groups, "groups", "groups", 1),
            TorchArgument(self.bias, "bias", "bias", True),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        kernel = per_axis(self.kernel, x, "kernel")
        weight = {"weight": (self.out, x.channels // self.groups, *kernel)}
        return weight | {"bias": (self.out,)} if self.bias else weight

    def macs(self, x: Shape) -> int:
        return prod(self.weights(x)["weight"]) * prod(self.shape(x).spatial)

    def window(self, x: Shape) -> Window:
        return self._sliding(x).window

    def _sliding(self, x: Shape) -> Sliding:
        return Sliding.over(x, self.kernel, self.stride, self.padding, self.dilation)


@final
class ConvTranspose(Layer):
    """Transposed convolution: a convolution's backward pass, which enlarges."""

    keyword = "conv_transpose"
    group = "convolution"
    out_channels = "out"
    depth = 1
    weight_names = ("weight", "bias")
    example = ("conv_transpose(64, 2, stride=2)", "128 x 28 x 28", "64 x 56 x 56")

    out: Positive = Field(description="channels of the output")
    kernel: Axes = Field(description="size of the window")
    stride: Axes = Field(1, description="how many times larger the output is, roughly")
    padding: Count | tuple[Count, ...] = Field(0, description="cut off both sides of each axis")
    output_padding: Count | tuple[Count, ...] = Field(0, description="added at the end of an axis")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")
    bias: bool = Field(False, description="whether a number is added to each channel")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        demands.divides(self.groups, x.channels, "channels of the input")
        demands.divides(self.groups, self.out, "channels of the output")
        sliding = self._sliding(x)
        extra = per_axis(self.output_padding, x, "output_padding")
        sizes = map(_enlarged, x.spatial, sliding.kernel, sliding.stride, sliding.padding, extra)
        return x.with_spatial(self.out, tuple(sizes))

    def module(self, x: Shape) -> TorchCall:
        kernel, stride, padding, _ = self._sliding(x).arguments()
        extra = compact(per_axis(self.output_padding, x, "output_padding"))
        return TorchCall.of(
            f"nn.ConvTranspose{x.rank - 1}d",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.out, source="out"),
            kernel,
            stride,
            padding,
            TorchArgument(extra, "output_padding", "output_padding", 0),
            TorchArgument(self.groups, "groups", "groups", 1),
            TorchArgument(self.bias, "bias", "bias", True),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        kernel = per_axis(self.kernel, x, "kernel")
        weight = {"weight": (x.channels, self.out // self.groups, *kernel)}
        return weight | {"bias": (self.out,)} if self.bias else weight

    def macs(self, x: Shape) -> int:
        return prod(self.weights(x)["weight"]) * prod(x.spatial)

    def _sliding(self, x: Shape) -> Sliding:
        return Sliding.over(x, self.kernel, self.stride, self.padding)


def _enlarged(size: int, kernel: int, stride: int, padding: int, extra: int) -> int:
    if extra >= stride:
        raise LayerFault(
            f"output_padding={extra} is not smaller than the stride ({stride})",
            argument="output_padding",
            code="A205",
        )
    enlarged = (size - 1) * stride + kernel + extra - 2 * padding
    if enlarged < 1:
        raise LayerFault(
            f"padding {padding} cuts off all that kernel {kernel} and stride "
            f"{stride} make of {size}",
            argument="padding",
            code="A205",
        )
    return enlarged
