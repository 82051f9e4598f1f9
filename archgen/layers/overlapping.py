"""Windows that overlap: taken from an axis, and laid over it again."""

from __future__ import annotations

from typing import Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Axis, Layer, LayerFault, Positive
from archgen.layers.keeps import VIEW, Keeps
from archgen.layers.reads import Reads, Steps, moved, spread
from archgen.shapes import Shape


class Windows(Layer):
    """An expression of `forward`."""

    group = "shape"
    reserved = False
    makes_module = False
    out_channels = None

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return ""


@final
class Unfold(Windows):
    """Windows along an axis: the axis counts them, a new last axis has what is in each."""

    keyword = "unfold"
    fresh = False
    keeps_offset = True
    example = ("unfold(7, 4, 1)", "64 x 31 x 56", "64 x 7 x 56 x 7")

    size: Positive = Field(description="places in a window")
    step: Positive = Field(description="from one window to the next")
    axis: Axis = Field(description="the axis, counted without the batch; -1 is the last")

    def shape(self, x: Shape) -> Shape:
        axis = demands.axis_of(self.axis, x)
        places = x.sizes[axis]
        if places < self.size:
            raise LayerFault(
                f"a window of {self.size} does not fit into {places} places on axis {axis}",
                argument="size",
                code="A205",
            )
        counted = x.with_size(axis, (places - self.size) // self.step + 1)
        return Shape((*counted.sizes, self.size), x.axis)

    def function(self, x: Shape) -> str:
        return f"{{x}}.unfold({demands.in_torch(self.axis)}, {self.size}, {self.step})"

    def channels_out(self, x: Shape, output: int = 0) -> str:
        features = demands.axis_of(self.axis, x) == x.axis
        return "(channels - size) // step + 1" if features else "channels"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axis = demands.axis_of(self.axis, x)
        within = (x.rank, Steps(((0, 0),), 1))
        windows = (axis, Steps(((0, 0),), self.step))
        return tuple((windows, within) if each == axis else moved(each) for each in range(x.rank))

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": demands.axis_of(self.axis, x)})


@final
class Fold(Windows):
    """The windows of `unfold` laid over the axis again: where they overlap they add up."""

    keyword = "fold"
    helper = "fold"
    example = ("fold(4, 1, like=from input)", "64 x 7 x 7", "64 x 31")

    step: Positive = Field(description="from one window to the next")
    axis: Axis = Field(description="the axis that counts them, of the result too")
    like: Shape = Field(description="a value with the size of the axis: what was unfolded")

    def shape(self, x: Shape) -> Shape:
        if x.rank == 1:
            message = f"needs windows, their places on the last axis, not a vector of {x}"
            raise LayerFault(message, ours=True)
        without = Shape(x.sizes[:-1], 0)
        axis = demands.axis_of(self.axis, without)
        if x.axis == x.rank - 1:
            raise LayerFault(
                f"the features of {x} are its last axis, which are the places of a window",
                help="say with `features=` of the `rearrange` before it which axis has them",
                ours=True,
            )
        if self.like.rank != without.rank:
            raise LayerFault(
                f"the value of like= is {self.like}, and the result has {without.rank} axes",
                argument="like",
                ours=True,
            )
        size, place = x.sizes[-1], self.like.sizes[axis]
        if place < size or (place - size) // self.step + 1 != x.sizes[axis]:
            raise LayerFault(
                f"{x.sizes[axis]} windows of {size} are not those of {place} places, "
                f"{self.step} apart",
                argument="like",
                code="A202",
                ours=True,
            )
        return Shape(without.with_size(axis, place).sizes, x.axis)

    def function(self, x: Shape) -> str:
        axis = demands.axis_of(self.axis, Shape(x.sizes[:-1], 0))
        return f"fold({{x}}, {{like}}.shape[{axis + 1}], {self.step}, {axis + 1})"

    def reads(self, x: Shape, output: int = 0) -> Reads:
        """The place within a window goes with the window: no axis says it alone."""
        axis = demands.axis_of(self.axis, Shape(x.sizes[:-1], 0))
        windows = spread(x.sizes[-1], self.step, 0)
        terms = None if windows is None else ((axis, windows),)
        return (*(terms if at == axis else moved(at) for at in range(x.rank - 1)), None)

    def canonical(self, x: Shape) -> Self:
        axis = demands.axis_of(self.axis, Shape(x.sizes[:-1], 0))
        return self.model_copy(update={"axis": axis})
