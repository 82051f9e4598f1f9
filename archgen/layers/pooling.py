"""Pools. The rank of the input chooses between 1, 2 and 3 dimensions."""

from collections.abc import Mapping
from math import gcd
from typing import ClassVar, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    AUTO,
    Axes,
    Layer,
    Padding,
    TorchArgument,
    TorchCall,
    Window,
    per_axis,
)
from archgen.layers.windows import PADDED, Sliding, compact
from archgen.shapes import Shape


@final
class MaxPool(Layer):
    """The largest number of each window."""

    keyword = "maxpool"
    group = "pooling"
    derived: ClassVar[Mapping[str, str]] = {
        "stride": "kernel",
        "padding": "dilation * (kernel - 1) // 2",
    }
    derived_where: ClassVar[Mapping[str, tuple[str, str]]] = {"padding": PADDED}
    example = ("maxpool(3, stride=2)", "64 x 112 x 112", "64 x 56 x 56")

    kernel: Axes = Field(description="size of the window")
    stride: Axes | None = Field(None, description="step of the window")
    padding: Padding = Field(AUTO, description="numbers that never win, on both sides")
    dilation: Axes = Field(1, description="distance of the elements of the window")
    ceil_mode: bool = Field(False, description="whether a window may reach over the end")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        sliding = self._sliding(x)
        sliding.check_pool_padding()
        return x.with_spatial(x.channels, sliding.sizes(x, ceil_mode=self.ceil_mode))

    def module(self, x: Shape) -> TorchCall:
        sliding = self._sliding(x)
        kernel, _, padding, dilation = sliding.arguments()
        return TorchCall.of(
            f"nn.MaxPool{x.rank - 1}d",
            kernel,
            _stride(sliding),
            padding,
            dilation,
            TorchArgument(self.ceil_mode, "ceil_mode", "ceil_mode", False),
        )

    def window(self, x: Shape) -> Window:
        return self._sliding(x).window

    def _sliding(self, x: Shape) -> Sliding:
        stride = self.kernel if self.stride is None else self.stride
        return Sliding.over(x, self.kernel, stride, self.padding, self.dilation)


@final
class AvgPool(Layer):
    """The mean of each window."""

    keyword = "avgpool"
    group = "pooling"
    derived: ClassVar[Mapping[str, str]] = {"stride": "kernel", "padding": "(kernel - 1) // 2"}
    derived_where: ClassVar[Mapping[str, tuple[str, str]]] = {
        "padding": ("stride < kernel", "stride <= 2")
    }
    example = ("avgpool(2)", "256 x 56 x 56", "256 x 28 x 28")

    kernel: Axes = Field(description="size of the window")
    stride: Axes | None = Field(None, description="step of the window")
    padding: Padding = Field(AUTO, description="zeros on both sides of each axis")
    ceil_mode: bool = Field(False, description="whether a window may reach over the end")
    count_include_pad: bool = Field(True, description="whether the zeros count in the mean")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        sliding = self._sliding(x)
        sliding.check_pool_padding()
        if x.rank == 4:
            sliding.check_larger_input(x)
        return x.with_spatial(x.channels, sliding.sizes(x, ceil_mode=self.ceil_mode))

    def module(self, x: Shape) -> TorchCall:
        sliding = self._sliding(x)
        kernel, _, padding, _ = sliding.arguments()
        return TorchCall.of(
            f"nn.AvgPool{x.rank - 1}d",
            kernel,
            _stride(sliding),
            padding,
            TorchArgument(self.ceil_mode, "ceil_mode", "ceil_mode", False),
            TorchArgument(self.count_include_pad, "count_include_pad", "count_include_pad", True),
        )

    def window(self, x: Shape) -> Window:
        return self._sliding(x).window

    def _sliding(self, x: Shape) -> Sliding:
        stride = self.kernel if self.stride is None else self.stride
        return Sliding.over(x, self.kernel, stride, self.padding)


@final
class GlobalAvgPool(Layer):
    """The mean of each channel; the spatial axes stay, with size 1."""

    keyword = "global_avgpool"
    group = "pooling"
    example = ("global_avgpool", "2048 x 7 x 7", "2048 x 1 x 1")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, (1,) * (x.rank - 1))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(f"nn.AdaptiveAvgPool{x.rank - 1}d", TorchArgument(1))

    def window(self, x: Shape) -> Window:
        return Window(x.spatial, x.spatial, (1,) * (x.rank - 1))


@final
class AdaptiveAvgPool(Layer):
    """The means of so many windows of about equal size."""

    keyword = "adaptive_avgpool"
    group = "pooling"
    example = ("adaptive_avgpool(7)", "512 x 14 x 14", "512 x 7 x 7")

    size: Axes = Field(description="sizes of the output")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, per_axis(self.size, x, "size"))

    def module(self, x: Shape) -> TorchCall:
        return _adaptive(f"nn.AdaptiveAvgPool{x.rank - 1}d", self.size, x)

    def window(self, x: Shape) -> Window:
        return _adaptive_window(self.size, x)


@final
class AdaptiveMaxPool(Layer):
    """The largest numbers of so many windows of about equal size."""

    keyword = "adaptive_maxpool"
    group = "pooling"
    example = ("adaptive_maxpool(1)", "512 x 14 x 14", "512 x 1 x 1")

    size: Axes = Field(description="sizes of the output")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, per_axis(self.size, x, "size"))

    def module(self, x: Shape) -> TorchCall:
        return _adaptive(f"nn.AdaptiveMaxPool{x.rank - 1}d", self.size, x)

    def window(self, x: Shape) -> Window:
        return _adaptive_window(self.size, x)


def _stride(sliding: Sliding) -> TorchArgument:
    """PyTorch's own default is the kernel."""
    return TorchArgument(compact(sliding.stride), "stride", "stride", compact(sliding.kernel))


def _adaptive(target: str, size: Axes, x: Shape) -> TorchCall:
    numbers = compact(per_axis(size, x, "size"))
    return TorchCall.of(target, TorchArgument(numbers, source="size"))


def _adaptive_window(size: Axes, x: Shape) -> Window:
    """The longest windows, and how far apart they are at least."""
    sizes = per_axis(size, x, "size")
    strides = tuple(max(n // parts, 1) for n, parts in zip(x.spatial, sizes, strict=True))
    return Window(tuple(map(_longest, x.spatial, sizes)), strides, (1,) * len(sizes))


def _longest(n: int, parts: int) -> int:
    """The longest of the ranges from `floor(i * n / parts)` to `ceil((i + 1) * n / parts)`.

    The remainder of `i * n` by `parts` is at most `parts - gcd`.
    """
    return 1 - (gcd(n, parts) - n) // parts
