"""Layers that take parts of a value along an axis."""

from typing import Annotated, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Axis, Layer, LayerFault, Positive, TorchArgument, TorchCall
from archgen.layers.keeps import VIEW, Keeps
from archgen.layers.reads import Reads, Steps, at, moved, pointwise
from archgen.layers.signature import show
from archgen.shapes import Shape

MOST_PARTS = 1024
Part = Annotated[int, Field(ge=1, le=MOST_PARTS)]
Parts = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MOST_PARTS)]


@final
class Select(Layer):
    """One index of an axis; the axis is gone afterwards."""

    moves = True
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
class Slice(Layer):
    """The features from `start` to before `stop`, or the places of an axis, as Python slices."""

    moves = True
    keyword = "slice"
    reserved = False
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    makes_module = False
    example = ("slice(64)", "128 x 28 x 28", "64 x 28 x 28")

    start: Axis | None = Field(None, description="the first index; below 0 it counts from the end")
    stop: Axis | None = Field(None, description="the index after the last; below 0 from the end")
    step: Positive = Field(1, description="every so many")
    axis: Axis | None = Field(None, description="the axis; without it, the features")

    def shape(self, x: Shape) -> Shape:
        axis = self._axis(x)
        size = x.sizes[axis]
        first, end = self._bounds(size)
        if first >= end:
            what = "channels" if axis == x.axis else f"places on axis {axis}"
            raise LayerFault(
                f"nothing is left of {size} {what} from {self.start or 0} on"
                + ("" if self.stop is None else f" to before {self.stop}"),
                argument="start" if self.stop is None else "stop",
                code="A202",
                ours=True,  # an empty output
            )
        return x.with_size(axis, -((first - end) // self.step))

    def function(self, x: Shape) -> str:
        first, end = ("" if bound is None else str(bound) for bound in (self.start, self.stop))
        part = f"{first}:{end}" + ("" if self.step == 1 else f":{self.step}")
        dim = x.axis + 1 if self.axis is None else demands.in_torch(self.axis)
        if dim < 0:
            return f"{{x}}[..., {part}{', :' * (-dim - 1)}]"
        return f"{{x}}[{':, ' * dim}{part}]"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axis = self._axis(x)
        first = self._bounds(x.sizes[axis])[0]
        return pointwise(x, {axis: ((axis, Steps(((first, first),), self.step)),)})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return not self.start and self.stop is None and self.step == 1

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axis": self._axis(x), "start": self.start or None})

    def channels_out(self, x: Shape, output: int = 0) -> str:
        if self._axis(x) != x.axis:
            return "channels"
        first, end = self._bounds(x.channels)
        plain = self.step == 1 and (first, end) == self._said(x.channels)
        return "" if not plain else f"{self._text('stop', 'channels')} - {self._text('start', '0')}"

    def _text(self, name: str, absent: str) -> str:
        """A bound as an expression over fields, counted from the first index."""
        bound = getattr(self, name)
        if bound is None:
            return absent
        return name if bound >= 0 else f"(channels + {name})"

    def _said(self, size: int) -> tuple[int, int]:
        """The bounds counted from the first index, wherever they are."""
        start, stop = self.start or 0, self.stop
        first = start if start >= 0 else size + start
        end = size if stop is None else stop if stop >= 0 else size + stop
        return first, end

    def _bounds(self, size: int) -> tuple[int, int]:
        """The same, within the axis."""
        first, end = self._said(size)
        if first < 0:
            first = 0
        if end > size:
            end = size
        return first, end

    def _axis(self, x: Shape) -> int:
        return x.axis if self.axis is None else demands.axis_of(self.axis, x)


@final
class Split(Layer):
    """Several values: the features, or an axis, in equal parts or in parts of these sizes."""

    moves = True
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

    moves = True
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
