"""Layers whose weights are values: a weight that is computed, shared or scaled before its use."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import AUTO, Axes, Count, LayerFault, Positive, Sides, per_axis
from archgen.layers.convolution import enlarged
from archgen.layers.products import Operation
from archgen.layers.reads import Reads, by_group, over_space, pointwise, spread, whole
from archgen.layers.windows import Sliding, compact
from archgen.shapes import Shape


class Given(Operation):
    """A function of torch.nn.functional that is handed its weight, and perhaps a bias."""

    reserved = False
    operands = ("weight", "bias")
    bare_operands = frozenset({"weight", "bias"})
    depth = 1

    weight: Shape
    bias: Shape | None

    def _check(self, out: int) -> None:
        """Weight and bias are the same for all samples, the bias has a number for each feature."""
        for name, value in (("weight", self.weight), ("bias", self.bias)):
            if value is not None and value.batch == "all":
                raise LayerFault(
                    f"the {name} is another one for each sample",
                    argument=name,
                    help="scale the input and the output in its place: "
                    "`mul { from x; from scale }`, the layer, and `mul` again",
                    ours=True,
                )
        if self.bias is not None and self.bias.sizes != (out,):
            raise LayerFault(
                f"the bias is {self.bias}, the output has {out} features",
                argument="bias",
                code="A202",
            )

    def _check_rank(self, axes: int, form: str) -> None:
        if self.weight.rank != axes:
            raise LayerFault(
                f"the weight is {self.weight}, it must be {form}", argument="weight", code="A202"
            )

    def _called(self, name: str, *given: str) -> str:
        texts = [f"{{{at}}}{'.squeeze(0)' * (value.batch == 'one')}" for at, value in self._read()]
        return f"F.{name}({', '.join(('{x}', *texts, *filter(None, given)))})"

    def _read(self) -> list[tuple[int, Shape]]:
        return list(enumerate([y for y in (self.weight, self.bias) if y is not None], start=1))


@final
class LinearWith(Given):
    """`linear` with a weight that is a value: out x in."""

    keyword = "linear_with"
    example = ("linear_with(from weight)", "512", "10")

    weight: Shape = Field(description="the matrix: features of the output x of the input")
    bias: Shape | None = Field(None, description="added to each feature of the output")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        self._check_rank(2, "out x in")
        out, entering = self.weight.sizes
        self._check(out)
        if entering != x.channels:
            raise LayerFault(
                f"the weight is for {entering} features, {x} has {x.channels}",
                argument="weight",
                code="A202",
            )
        return x.with_channels(out)

    def function(self, x: Shape) -> str:
        return self._called("linear")

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {x.rank - 1: whole(x.channels)})

    def macs(self, x: Shape) -> int:
        return x.numel * self.weight.sizes[0]


@final
class ConvWith(Given):
    """`conv` with a weight that is a value: out x in / groups x kernel."""

    keyword = "conv_with"
    example = ("conv_with(from weight, stride=2)", "3 x 32 x 32", "64 x 16 x 16")

    weight: Shape = Field(description="out x in / groups x the sizes of the kernel")
    bias: Shape | None = Field(None, description="added to each channel of the output")
    stride: Axes = Field(1, description="step of the window")
    padding: Sides = Field(AUTO, description="zeros on both sides of each axis")
    dilation: Axes = Field(1, description="distance of the elements of the window")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        self._check_rank(x.rank + 1, "out x in / groups x kernel")
        out, part, *_ = self.weight.sizes
        self._check(out)
        demands.divides(self.groups, out, "channels of the output")
        _check_channels(part * self.groups, x)
        return x.with_spatial(out, self._sliding(x).sizes(x))

    def function(self, x: Shape) -> str:
        sliding = self._sliding(x)
        given = [
            _said("stride", compact(sliding.stride), 1),
            _said("padding", compact(sliding.padding), 0),
            _said("dilation", compact(sliding.dilation), 1),
            _said("groups", self.groups, 1),
        ]
        return self._called(f"conv{x.rank - 1}d", *given)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        features = by_group(x.channels, self.weight.sizes[0], self.groups)
        return over_space(self._sliding(x).reads, features)

    def macs(self, x: Shape) -> int:
        return self.weight.numel * prod(self.shape(x).spatial)

    def _sliding(self, x: Shape) -> Sliding:
        kernel = self.weight.sizes[2:]
        return Sliding.over(x, kernel, self.stride, self.padding, self.dilation)


@final
class ConvTransposeWith(Given):
    """`conv_transpose` with a weight that is a value: in x out / groups x kernel."""

    keyword = "conv_transpose_with"
    example = ("conv_transpose_with(from weight, stride=2)", "32 x 8 x 8", "16 x 16 x 16")

    weight: Shape = Field(description="in x out / groups x the sizes of the kernel")
    bias: Shape | None = Field(None, description="added to each channel of the output")
    stride: Axes = Field(1, description="how many times larger the output is, roughly")
    padding: Count | tuple[Count, ...] = Field(0, description="cut off both sides of each axis")
    output_padding: Count | tuple[Count, ...] = Field(0, description="added at the end of an axis")
    groups: Positive = Field(1, description="parts of the channels that do not see each other")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        self._check_rank(x.rank + 1, "in x out / groups x kernel")
        entering, part, *_ = self.weight.sizes
        out = part * self.groups
        self._check(out)
        _check_channels(entering, x)
        demands.divides(self.groups, x.channels, "channels of the input")
        sliding = self._sliding(x)
        extra = per_axis(self.output_padding, x, "output_padding")
        sizes = map(enlarged, x.spatial, sliding.kernel, sliding.stride, sliding.padding, extra)
        return x.with_spatial(out, tuple(sizes))

    def function(self, x: Shape) -> str:
        sliding = self._sliding(x)
        given = [
            _said("stride", compact(sliding.stride), 1),
            _said("padding", compact(sliding.padding), 0),
            _said("output_padding", compact(per_axis(self.output_padding, x, "output_padding")), 0),
            _said("groups", self.groups, 1),
        ]
        return self._called(f"conv_transpose{x.rank - 1}d", *given)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        sliding = self._sliding(x)
        space = map(spread, sliding.kernel, sliding.stride, sliding.padding)
        out = self.weight.sizes[1] * self.groups
        return over_space(space, by_group(x.channels, out, self.groups))

    def macs(self, x: Shape) -> int:
        return self.weight.numel * prod(x.spatial)

    def _sliding(self, x: Shape) -> Sliding:
        return Sliding.over(x, self.weight.sizes[2:], self.stride, self.padding)


def _check_channels(entering: int, x: Shape) -> None:
    if entering != x.channels:
        raise LayerFault(
            f"the weight is for {entering} channels, {x} has {x.channels}",
            argument="weight",
            code="A202",
        )


def _said(name: str, value: object, default: object) -> str:
    return "" if value == default else f"{name}={value}"
