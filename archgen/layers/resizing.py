"""Layers that make an image larger or smaller without weights: pads, crops, upsampling."""

from fractions import Fraction
from math import floor
from typing import Literal, Self, final

from pydantic import Field, model_validator

from archgen.layers import demands
from archgen.layers.base import (
    Axes,
    Count,
    Finite,
    Layer,
    LayerFault,
    Positive,
    Small,
    TorchArgument,
    TorchCall,
    per_axis,
)
from archgen.layers.keeps import INPUT, NOTHING, VIEW, Keeps
from archgen.layers.reads import MOST_SPANS, Reads, Steps, moved, points, pointwise
from archgen.layers.windows import compact
from archgen.shapes import Shape

MODULES = {
    "constant": "Constant",
    "reflect": "Reflection",
    "replicate": "Replication",
    "circular": "Circular",
}
# The mode of `upsample` that interpolates linearly, by the number of spatial axes.
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@final
class Pad(Layer):
    """More places around a signal, an image or a volume."""

    keyword = "pad"
    group = "shape"
    example = ("pad([[0, 1], [0, 1]])", "3 x 224 x 224", "3 x 225 x 225")

    by: Count | tuple[Count | tuple[Count, Count], ...] = Field(
        description="on all sides; or for each axis one number, or [before, after]"
    )
    value: Finite = Field(0.0, description="what a constant pad is filled with")
    mode: Literal["constant", "reflect", "replicate", "circular"] = Field(
        "constant", description="what it is filled with"
    )

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        sides = self._sides(x)
        for size, both in zip(x.spatial, sides, strict=True):
            demands.room(self.mode, size, max(both), "mode")
        padded = tuple(size + sum(both) for size, both in zip(x.spatial, sides, strict=True))
        return x.with_spatial(x.channels, padded)

    def module(self, x: Shape) -> TorchCall:
        # torch counts from the last axis to the first
        numbers = compact(tuple(side for both in reversed(self._sides(x)) for side in both))
        by = TorchArgument(numbers, source="by" if isinstance(self.by, int) else None)
        axes = f"{x.rank - 1}d"
        if self.mode != "constant":
            return TorchCall.of(f"nn.{MODULES[self.mode]}Pad{axes}", by)
        if self.value == 0:
            return TorchCall.of(f"nn.ZeroPad{axes}", by)
        return TorchCall.of(f"nn.ConstantPad{axes}", by, TorchArgument(self.value, source="value"))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT if self.mode in {"reflect", "replicate"} else NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        before = enumerate((first for first, _ in self._sides(x)), start=1)
        return pointwise(x, {axis: moved(axis, -first) for axis, first in before})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return not any(side for both in self._sides(x) for side in both)

    def _sides(self, x: Shape) -> tuple[tuple[int, int], ...]:
        if isinstance(self.by, int):
            return ((self.by, self.by),) * (x.rank - 1)
        if len(self.by) != x.rank - 1:
            raise LayerFault(
                f"by has {len(self.by)} entries, the input has {x.rank - 1} spatial axes",
                argument="by",
            )
        return tuple((side, side) if isinstance(side, int) else side for side in self.by)


MOST_PADDED = 3  # axes, in torch's names of layers


@final
class PadChannels(Layer):
    """More channels, filled with zeros (ResNet, shortcut option A)."""

    keyword = "pad_channels"
    group = "shape"
    out_channels = "out"
    example = ("pad_channels(32)", "16 x 16 x 16", "32 x 16 x 16")

    out: Positive = Field(description="channels of the output")
    both: bool = Field(False, description="half of the zeros before the channels, not all after")

    def shape(self, x: Shape) -> Shape:
        demands.features_first(x)
        if self.out < x.channels:
            raise LayerFault(
                f"the input has {x.channels} channels already, more than {self.out}",
                argument="out",
                ours=True,  # a negative pad cuts off
            )
        return x.with_channels(self.out)

    def module(self, x: Shape) -> TorchCall:
        added = self.out - x.channels
        before, first = (added // 2, "(out - channels) // 2") if self.both else (0, "0")
        if x.rank > MOST_PADDED:
            return TorchCall.of(
                "PadChannels",
                TorchArgument(before, source=first),
                TorchArgument(added - before, source=f"out - channels - {first}"),
            )
        # torch pads from the last axis on and does not ask which of them are channels.
        axes = 2 * (x.rank - 1)
        source = f"[{'0, ' * axes}{first}, out - channels - {first}]"
        value = (*(0,) * axes, before, added - before)
        return TorchCall.of(f"nn.ZeroPad{x.rank}d", TorchArgument(value, source=source))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        before = (self.out - x.channels) // 2 if self.both else 0
        return pointwise(x, {0: moved(0, -before)})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.out == x.channels


@final
class Crop(Layer):
    """The middle of a signal, an image or a volume."""

    keyword = "crop"
    group = "shape"
    fresh = False
    keeps_offset = True
    helper = "center_crop"
    example = ("crop(56)", "64 x 64 x 64", "64 x 56 x 56")

    size: Axes | None = Field(None, description="spatial sizes of the output")
    like: Shape | None = Field(None, description="a value whose spatial sizes to take")

    @model_validator(mode="after")
    def one_target(self) -> Self:
        _exactly_one(size=self.size, like=self.like)
        return self

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        sizes = _target(self.size, self.like, x)
        for size, wanted in zip(x.spatial, sizes, strict=True):
            if wanted > size:
                raise LayerFault(
                    f"{wanted} is larger than {size}",
                    argument="size" if self.like is None else "like",
                )
        return x.with_spatial(x.channels, sizes)

    def module(self, x: Shape) -> TorchCall:
        sizes = _target(self.size, self.like, x)
        source = "size" if isinstance(self.size, tuple) else None
        return TorchCall.of("Crop", TorchArgument(sizes, source=source))

    def function(self, x: Shape) -> str | None:
        return None if self.like is None else "center_crop({x}, {like}.shape[2:])"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        sizes = zip(x.spatial, _target(self.size, self.like, x), strict=True)
        cut = enumerate(((size - wanted) // 2 for size, wanted in sizes), start=1)
        return pointwise(x, {axis: moved(axis, first) for axis, first in cut})


@final
class Upsample(Layer):
    """A larger (or smaller) signal, image or volume by interpolation."""

    keyword = "upsample"
    group = "shape"
    keeps_offset = True
    example = ("upsample(2)", "256 x 14 x 14", "256 x 28 x 28")

    scale: Axes | Small | None = Field(None, description="how many times larger")
    size: Axes | None = Field(None, description="spatial sizes of the output")
    like: Shape | None = Field(None, description="a value whose spatial sizes to take")
    mode: Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"] = Field(
        "nearest", description="how numbers between the places are found"
    )
    align_corners: bool = Field(False, description="whether the corners' centres stay in place")

    @model_validator(mode="after")
    def one_target(self) -> Self:
        _exactly_one(scale=self.scale, size=self.size, like=self.like)
        if self.align_corners and self.mode.startswith("nearest"):
            raise ValueError(f'align_corners has no meaning with mode="{self.mode}"')
        return self

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        self._check_mode(x)
        return x.with_spatial(x.channels, self._sizes(x))

    def module(self, x: Shape) -> TorchCall:
        align = (TorchArgument(True, "align_corners"),) if self.align_corners else ()
        return TorchCall.of(
            "nn.Upsample",
            TorchArgument(_numbers(self.size), "size", "size", None),
            TorchArgument(_numbers(self.scale), "scale_factor", "scale", None),
            TorchArgument(self.mode, "mode", "mode", "nearest"),
            *align,
        )

    def function(self, x: Shape) -> str | None:
        if self.like is None:
            return None
        mode = f', mode="{self.mode}"' if self.mode != "nearest" else ""
        align = ", align_corners=True" if self.align_corners else ""
        return f"F.interpolate({{x}}, size={{like}}.shape[2:]{mode}{align})"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        sizes = zip(x.spatial, self._sizes(x), self._ratios(x), strict=True)
        found = [self._steps(before, after, ratio) for before, after, ratio in sizes]
        terms = ((((axis, steps),) if steps else None) for axis, steps in enumerate(found, start=1))
        return (moved(0), *terms)

    def _steps(self, before: int, after: int, ratio: Fraction) -> Steps | None:
        """What torch's interpolation reads along an axis."""
        if self.mode == "nearest":
            return points(ratio, Fraction(0), after, 0)
        if self.mode == "nearest-exact":
            return points(ratio, ratio / 2, after, 0)
        reach = 2 if self.mode == "bicubic" else 1
        if self.align_corners:
            return points(Fraction(before - 1, max(after - 1, 1)), Fraction(0), after, reach)
        return points(ratio, (ratio - 1) / 2, after, reach)

    def _ratios(self, x: Shape) -> list[Fraction]:
        """How far apart in the input two neighbours of the output lie."""
        if isinstance(self.scale, float):
            return [1 / Fraction(self.scale).limit_denominator(MOST_SPANS)] * (x.rank - 1)
        return list(map(Fraction, x.spatial, self._sizes(x)))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        ones = set(self.scale) if isinstance(self.scale, tuple) else {self.scale}
        return ones == {1}

    def _sizes(self, x: Shape) -> tuple[int, ...]:
        if self.scale is None:
            return _target(self.size, self.like, x)
        if not isinstance(self.scale, float):
            scales = per_axis(self.scale, x, "scale")
            return tuple(size * by for size, by in zip(x.spatial, scales, strict=True))
        sizes = tuple(floor(size * self.scale) for size in x.spatial)
        if 0 in sizes:
            raise LayerFault(f"{self.scale} of {x} leaves nothing", argument="scale")
        return sizes

    def _check_mode(self, x: Shape) -> None:
        axes = x.rank - 1
        if self.mode.startswith("nearest") or self.mode == LINEAR[axes]:
            return
        if self.mode == "bicubic" and axes == 2:
            return
        raise LayerFault(
            f'mode="{self.mode}" is not for an input with {axes} spatial '
            f"{'axis' if axes == 1 else 'axes'}",
            argument="mode",
            help=f'here it is called "{LINEAR[axes]}"' if "linear" in self.mode else None,
        )


def _exactly_one(**given: object) -> None:
    names = list(given)
    if sum(value is not None for value in given.values()) != 1:
        raise ValueError(f"give one of {', '.join(names[:-1])} and {names[-1]}, and only one")


def _target(size: Axes | None, like: Shape | None, x: Shape) -> tuple[int, ...]:
    """The spatial sizes that `size` or `like` ask for, whichever is given."""
    if size is not None:
        return per_axis(size, x, "size")
    if like is None or like.rank != x.rank or not like.channels_first:
        raise LayerFault(
            f"the value of like= is {like}, which has not the axes of {x}", argument="like"
        )
    return like.spatial


def _numbers(value: object) -> object:
    return compact(value) if isinstance(value, tuple) else value
