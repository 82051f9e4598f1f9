"""Layers that take parts of a value along an axis."""

from typing import Annotated, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Axis, Layer, LayerFault, Positive, TorchArgument, TorchCall
from archgen.layers.keeps import VIEW, Keeps
from archgen.layers.reads import Reads, at, moved, pointwise
from archgen.layers.signature import show
from archgen.shapes import Shape

MOST_PARTS = 1024
Part = Annotated[int, Field(ge=1, le=MOST_PARTS)]
Parts = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MOST_PARTS)]


@final
class Select(Layer):
    """One index of an axis; the axis is gone afterwards."""

    keyword = "select"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    example = ("select(0, 0)", "197 x 768", "768")

    index: int = Field(description="which one; -1 is the last")
    axis: Axis = Field(description="the axis, counted without the batch; -1 is the last")

    def shape(self, x: Shape) -> Shape:
        axis = demands.axis_of(self.axis, x)
        size = x.sizes[axis]
        if not -size <= self.index < size:
            raise LayerFault(
                f"no index {self.index} on axis {self.axis} of {x}",
                argument="index",
                help=f"it has {size}: from 0 to {size - 1}",
            )
        return without((axis,), x)

    def module(self, x: Shape) -> TorchCall:
        index = TorchArgument(self.index, "index", "index")
        return TorchCall.of("Select", TorchArgument(demands.in_torch(self.axis), "dim"), index)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        gone = demands.axis_of(self.axis, x)
        left = [axis for axis in range(x.rank) if axis != gone]
        index = at(self.index % x.sizes[gone])
        return tuple(index if axis == gone else moved(left.index(axis)) for axis in range(x.rank))

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return None if demands.axis_of(self.axis, x) == x.axis else "channels"

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": demands.axis_of(self.axis, x)})


@final
class Split(Layer):
    """Several values: the features, or an axis, in equal parts or in parts of these sizes."""

    keyword = "split"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    makes_module = False
    example = ("split(2)", "116 x 28 x 28", "58 x 28 x 28, 58 x 28 x 28")

    parts: Part | Parts = Field(description="how many parts, or their sizes")
    axis: Axis | None = Field(None, description="the axis; without it, the features")

    def shape(self, x: Shape) -> tuple[Shape, ...]:
        count = self.parts if isinstance(self.parts, int) else len(self.parts)
        if count < 2:
            message = "a `split` makes two parts or more"
            raise LayerFault(message, argument="parts", code="A109", ours=True)
        axis = self._axis(x)
        size, what = x.sizes[axis], "channels" if axis == x.axis else f"places on axis {axis}"
        if isinstance(self.parts, int):
            demands.divides(self.parts, size, what, argument="parts", ours=True)
            return (x.with_size(axis, size // self.parts),) * self.parts
        if sum(self.parts) != size:
            raise LayerFault(
                f"the parts {show(self.parts)} add up to {sum(self.parts)}, the input has "
                f"{size} {what}",
                argument="parts",
                code="A202",
            )
        return tuple(x.with_size(axis, part) for part in self.parts)

    def function(self, x: Shape) -> str:
        dim = x.axis + 1 if self.axis is None else demands.in_torch(self.axis)
        if not isinstance(self.parts, int):
            return f"torch.split({{x}}, {list(self.parts)}, dim={dim})"
        if self._axis(x) == x.axis:
            return f"torch.chunk({{x}}, {self.parts}, dim={dim})"
        # Another input may have places that do not divide, of which `chunk` makes unequal parts.
        parts = f"torch.unflatten({{x}}, {dim}, ({self.parts}, -1))"
        return f"torch.unbind({parts}, dim={dim if dim > 0 else dim - 1})"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axis = self._axis(x)
        before = sum(part.sizes[axis] for part in self.shape(x)[:output])
        return pointwise(x, {axis: moved(axis, before)})

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": self._axis(x)})

    def _axis(self, x: Shape) -> int:
        return x.axis if self.axis is None else demands.axis_of(self.axis, x)

    def channels_out(self, x: Shape, output: int = 0) -> str:
        if self._axis(x) != x.axis:
            return "channels"
        return "channels // parts" if isinstance(self.parts, int) else f"parts[{output}]"


@final
class Unbind(Layer):
    """Several values: one for each index of an axis, which is gone afterwards."""

    keyword = "unbind"
    reserved = False
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    makes_module = False
    example = ("unbind(0)", "3 x 49 x 96", "49 x 96, 49 x 96, 49 x 96")

    axis: Axis = Field(description="the axis, counted without the batch; -1 is the last")

    def shape(self, x: Shape) -> tuple[Shape, ...]:
        axis = demands.axis_of(self.axis, x)
        size = x.sizes[axis]
        if not 2 <= size <= MOST_PARTS:
            raise LayerFault(
                f"axis {axis} of {x} has {size}: `unbind` makes 2 to {MOST_PARTS} values",
                argument="axis",
                help="`select` takes one" if size < 2 else None,
                ours=True,
            )
        return (without((axis,), x),) * size

    def function(self, x: Shape) -> str:
        return f"torch.unbind({{x}}, dim={demands.in_torch(self.axis)})"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        gone = demands.axis_of(self.axis, x)
        left = [axis for axis in range(x.rank) if axis != gone]
        return tuple(
            at(output) if axis == gone else moved(left.index(axis)) for axis in range(x.rank)
        )

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return "" if demands.axis_of(self.axis, x) == x.axis else "channels"

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": demands.axis_of(self.axis, x)})


def without(axes: tuple[int, ...], x: Shape) -> Shape:
    """The shape without these axes. Were the features on one, they are last if they were last,
    else first."""
    kept = [axis for axis in range(x.rank) if axis not in axes]
    if not kept:
        message = f"nothing but one number would be left of {x}"
        raise LayerFault(message, argument="axis", ours=True)
    last = len(kept) - 1 if x.channels_last else 0
    axis = kept.index(x.axis) if x.axis in kept else last
    return Shape(tuple(x.sizes[axis] for axis in kept), axis)
