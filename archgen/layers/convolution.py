"""Convolutions. The rank of the input chooses between 1, 2 and 3 dimensions."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal, Self, final

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
    per_axis,
)
from archgen.layers.keeps import INPUT, Keeps
from archgen.layers.reads import Reads, by_group, over_space, spread
from archgen.layers.windows import (
    PADDED,
    Sliding,
    by_axis,
    compact,
    one_or_all,
    without_dilation,
)
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
    also_called = ("fc",)
    weight_names = ("weight", "bias")
    example = ("conv(64, 7, stride=2)", "3 x 224 x 224", "64 x 112 x 112")

    out: Positive = Field(description="channels of the output")
    kernel: Axes = Field(description="size of the window")
    stride: Axes = Field(1, description="step of the window")
    padding: Padding = Field(AUTO, description="zeros on both sides of each axis")
    dilation: Axes = Field(1, description="distance of the elements of the window")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")
    bias: bool = Field(False, description="whether a number is added to each channel")
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field(
        "zeros", description="what the padding is filled with"
    )

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        demands.divides(self.groups, x.channels, "channels of the input")
        demands.divides(self.groups, self.out, "channels of the output")
        sliding = self._sliding(x)
        if self.padding_mode != "zeros":
            self._check_mode(x, sliding)
        return x.with_spatial(self.out, sliding.sizes(x))

    def module(self, x: Shape) -> TorchCall:
        sliding = self._sliding(x)
        kernel, stride, padding, dilation = sliding.arguments()
        return TorchCall.of(
            f"SameConv{x.rank - 1}d" if sliding.computed else f"nn.Conv{x.rank - 1}d",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.out, source="out"),
            kernel,
            stride,
            *(() if sliding.computed else (padding,)),
            dilation,
            TorchArgument(self.groups, "groups", "groups", 1),
            TorchArgument(self.bias, "bias", "bias", True),
            TorchArgument(self.padding_mode, "padding_mode", "padding_mode", "zeros"),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        kernel = per_axis(self.kernel, x, "kernel")
        weight = {"weight": (self.out, x.channels // self.groups, *kernel)}
        return weight | {"bias": (self.out,)} if self.bias else weight

    def macs(self, x: Shape) -> int:
        return prod(self.weights(x)["weight"]) * prod(self.shape(x).spatial)

    def keeps(self, x: Shape, *, training: bool) -> Keeps | None:
        sliding = self._sliding(x)
        if not sliding.computed and self.padding_mode == "zeros":
            return INPUT
        if self.padding_mode in {"reflect", "replicate"}:
            return None  # the input too, but only if it needs a gradient
        return Keeps(numbers=sliding.padded(x))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        features = by_group(x.channels, self.out, self.groups)
        return over_space(self._sliding(x).reads, features)

    def keeps_extent(self, x: Shape) -> bool:
        sliding = self._sliding(x)
        return all(
            stride == 1 and (sliding.same or 2 * padding == extent - 1)
            for stride, padding, extent in zip(
                sliding.stride, sliding.padding, sliding.extent, strict=True
            )
        )

    def canonical(self, x: Shape) -> Self:
        sliding = self._sliding(x)
        plain = without_dilation(self, sliding)
        if sliding.same and not sliding.computed:
            plain = plain.model_copy(update={"padding": sliding.padding})
        return plain

    def _check_mode(self, x: Shape, sliding: Sliding) -> None:
        if sliding.computed:
            raise LayerFault(
                f'padding="same" with a stride or an even kernel pads with zeros, not with '
                f'padding_mode="{self.padding_mode}"',
                argument="padding_mode",
                help="`pad(..., mode=...)` before it, with `padding=0`",
                code="A205",
                ours=True,
            )
        for size, before, total in zip(x.spatial, sliding.padding, sliding.added(x), strict=True):
            demands.room(self.padding_mode, size, max(before, total - before), "padding_mode")

    def caption(self, x: Shape) -> tuple[str, ...]:
        return (
            f"{by_axis(self.kernel, x)} conv",
            str(self.out),
            *_stride(self.stride),
            *([f"dilation {one_or_all(self.dilation)}"] if self.dilation != 1 else []),
            *_groups(self.groups, x),
        )

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
        sizes = map(enlarged, x.spatial, sliding.kernel, sliding.stride, sliding.padding, extra)
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

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT

    def reads(self, x: Shape, output: int = 0) -> Reads:
        sliding = self._sliding(x)
        space = map(spread, sliding.kernel, sliding.stride, sliding.padding)
        features = by_group(x.channels, self.out, self.groups)
        return over_space(space, features)

    def caption(self, x: Shape) -> tuple[str, ...]:
        return (
            f"{by_axis(self.kernel, x)} transposed conv",
            str(self.out),
            *_stride(self.stride),
            *_groups(self.groups, x),
        )

    def _sliding(self, x: Shape) -> Sliding:
        return Sliding.over(x, self.kernel, self.stride, self.padding)


def _stride(stride: Axes) -> tuple[str, ...]:
    return () if stride == 1 else (f"stride {one_or_all(stride)}",)


def _groups(groups: int, x: Shape) -> tuple[str, ...]:
    if groups == x.channels > 1:
        return ("depthwise",)
    return () if groups == 1 else (f"{groups} groups",)


def enlarged(size: int, kernel: int, stride: int, padding: int, extra: int) -> int:
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
            ours=True,  # an empty output
        )
    return enlarged
