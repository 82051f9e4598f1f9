"""Pools. The rank of the input chooses between 1, 2 and 3 dimensions."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    AUTO,
    Axes,
    Layer,
    LayerFault,
    Padding,
    TorchArgument,
    TorchCall,
    per_axis,
)
from archgen.layers.keeps import INPUT, NOTHING, Keeps
from archgen.layers.reads import Reads, moved, over_space, parts, whole
from archgen.layers.windows import (
    PADDED,
    Sliding,
    by_axis,
    compact,
    one_or_all,
    without_dilation,
)
from archgen.shapes import Shape


class Pool(Layer):
    """Makes one number of many."""

    group = "pooling"
    exchangeable = True


@final
class MaxPool(Pool):
    """The largest number of each window."""

    keyword = "maxpool"
    keeps_offset = True
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
        _check_ceil(sliding, ceil_mode=self.ceil_mode)
        return x.with_spatial(x.channels, sliding.sizes(x, ceil_mode=self.ceil_mode))

    def module(self, x: Shape) -> TorchCall:
        sliding = self._sliding(x)
        kernel, _, padding, dilation = sliding.arguments()
        return TorchCall.of(
            f"SameMaxPool{x.rank - 1}d" if sliding.same else f"nn.MaxPool{x.rank - 1}d",
            kernel,
            _stride(sliding),
            *(() if sliding.same else (padding,)),
            dilation,
            TorchArgument(self.ceil_mode, "ceil_mode", "ceil_mode", False),
        )

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        indices, sliding = self.shape(x).numel, self._sliding(x)
        if sliding.same:
            return Keeps(numbers=sliding.padded(x), indices=indices)
        return Keeps(input=True, indices=indices)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return over_space(self._sliding(x).reads, moved(0))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return _takes_single_numbers(self._sliding(x))

    def canonical(self, x: Shape) -> Self:
        return without_dilation(self, self._sliding(x))

    def caption(self, x: Shape) -> tuple[str, ...]:
        stride = self.kernel if self.stride is None else self.stride
        return f"{by_axis(self.kernel, x)} maxpool", f"stride {one_or_all(stride)}"

    def _sliding(self, x: Shape) -> Sliding:
        stride = self.kernel if self.stride is None else self.stride
        return Sliding.over(x, self.kernel, stride, self.padding, self.dilation)


@final
class AvgPool(Pool):
    """The mean of each window."""

    keyword = "avgpool"
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
        _check_ceil(sliding, ceil_mode=self.ceil_mode)
        if x.rank == 4 and not sliding.same:
            sliding.check_larger_input(x)
        return x.with_spatial(x.channels, sliding.sizes(x, ceil_mode=self.ceil_mode))

    def module(self, x: Shape) -> TorchCall:
        sliding = self._sliding(x)
        kernel, _, padding, _ = sliding.arguments()
        return TorchCall.of(
            f"SameAvgPool{x.rank - 1}d" if sliding.same else f"nn.AvgPool{x.rank - 1}d",
            kernel,
            _stride(sliding),
            *(() if sliding.same else (padding,)),
            TorchArgument(self.ceil_mode, "ceil_mode", "ceil_mode", False),
            TorchArgument(self.count_include_pad, "count_include_pad", "count_include_pad", True),
        )

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        sliding = self._sliding(x)
        if not sliding.same:
            return INPUT
        counts = 0 if self.count_include_pad else prod(sliding.sizes(x))
        return Keeps(numbers=sliding.padded(x), fixed=counts)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return over_space(self._sliding(x).reads, moved(0))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return _takes_single_numbers(self._sliding(x))

    def canonical(self, x: Shape) -> Self:
        if self.ceil_mode or any(self._sliding(x).added(x)):
            return self
        return self.model_copy(update={"count_include_pad": True})

    def caption(self, x: Shape) -> tuple[str, ...]:
        stride = self.kernel if self.stride is None else self.stride
        return f"{by_axis(self.kernel, x)} avgpool", f"stride {one_or_all(stride)}"

    def _sliding(self, x: Shape) -> Sliding:
        stride = self.kernel if self.stride is None else self.stride
        return Sliding.over(x, self.kernel, stride, self.padding)


@final
class GlobalAvgPool(Pool):
    """The mean of each channel; the spatial axes stay, with size 1."""

    keyword = "global_avgpool"
    keeps_offset = True
    fixes_size = True
    example = ("global_avgpool", "2048 x 7 x 7", "2048 x 1 x 1")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, (1,) * (x.rank - 1))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(f"nn.AdaptiveAvgPool{x.rank - 1}d", TorchArgument(1))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (moved(0), *map(whole, x.spatial))


@final
class GlobalMaxPool(Pool):
    """The largest number of each channel; the spatial axes stay, with size 1."""

    keyword = "global_maxpool"
    reserved = False
    keeps_offset = True
    fixes_size = True
    example = ("global_maxpool", "2048 x 7 x 7", "2048 x 1 x 1")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, (1,) * (x.rank - 1))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(f"nn.AdaptiveMaxPool{x.rank - 1}d", TorchArgument(1))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, indices=x.channels)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return (moved(0), *map(whole, x.spatial))


@final
class AdaptiveAvgPool(Pool):
    """The means of so many windows of about equal size."""

    keyword = "adaptive_avgpool"
    keeps_offset = True
    fixes_size = True
    example = ("adaptive_avgpool(7)", "512 x 14 x 14", "512 x 7 x 7")

    size: Axes = Field(description="sizes of the output")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, per_axis(self.size, x, "size"))

    def module(self, x: Shape) -> TorchCall:
        return _adaptive(f"nn.AdaptiveAvgPool{x.rank - 1}d", self.size, x)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING if {*per_axis(self.size, x, "size")} == {1} else INPUT

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return _adaptive_reads(self.size, x)


@final
class AdaptiveMaxPool(Pool):
    """The largest numbers of so many windows of about equal size."""

    keyword = "adaptive_maxpool"
    keeps_offset = True
    fixes_size = True
    example = ("adaptive_maxpool(1)", "512 x 14 x 14", "512 x 1 x 1")

    size: Axes = Field(description="sizes of the output")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x.with_spatial(x.channels, per_axis(self.size, x, "size"))

    def module(self, x: Shape) -> TorchCall:
        return _adaptive(f"nn.AdaptiveMaxPool{x.rank - 1}d", self.size, x)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, indices=self.shape(x).numel)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return _adaptive_reads(self.size, x)


def _check_ceil(sliding: Sliding, *, ceil_mode: bool) -> None:
    if sliding.same and ceil_mode:
        raise LayerFault(
            'with padding="same" no window reaches over the end',
            argument="ceil_mode",
            help="leave `ceil_mode` out",
            code="A205",
            ours=True,
        )


def _stride(sliding: Sliding) -> TorchArgument:
    """PyTorch's own default is the kernel."""
    return TorchArgument(compact(sliding.stride), "stride", "stride", compact(sliding.kernel))


def _takes_single_numbers(sliding: Sliding) -> bool:
    return {*sliding.kernel, *sliding.stride} == {1}


def _adaptive(target: str, size: Axes, x: Shape) -> TorchCall:
    numbers = compact(per_axis(size, x, "size"))
    return TorchCall.of(target, TorchArgument(numbers, source="size"))


def _adaptive_reads(size: Axes, x: Shape) -> Reads:
    axes = enumerate(zip(x.spatial, per_axis(size, x, "size"), strict=True), start=1)
    found = [(axis, before, after, parts(before, after)) for axis, (before, after) in axes]
    return (
        moved(0),
        *(
            whole(before) if after == 1 else ((axis, steps),) if steps else None
            for axis, before, after, steps in found
        ),
    )
