"""Layers that rearrange, cut or join axes and compute next to nothing."""

from math import prod
from typing import Annotated, Literal, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    Count,
    Layer,
    LayerFault,
    Positive,
    TorchArgument,
    TorchCall,
)
from archgen.layers.reads import (
    MOST_SPANS,
    Reads,
    Steps,
    at,
    moved,
    pointwise,
    reshaped,
    shuffled,
    whole,
)
from archgen.layers.signature import show
from archgen.shapes import Shape

MOST_AXES = 8
MOST_PARTS = 1024
Size = Positive | Literal[-1]
Part = Annotated[int, Field(ge=1, le=MOST_PARTS)]
Parts = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MOST_PARTS)]


@final
class Flatten(Layer):
    """All axes from `start` on as one."""

    keyword = "flatten"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    light = True
    example = ("flatten", "512 x 7 x 7", "25088")

    start: Count = Field(0, description="the first axis that is merged, counted without the batch")

    def shape(self, x: Shape) -> Shape:
        demands.axis_of(self.start, x, "start")
        merged = prod(x.sizes[self.start :])
        return Shape((*x.sizes[: self.start], merged), min(x.axis, self.start))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.Flatten", TorchArgument(self.start + 1, "start_dim", None, 1))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return reshaped(x.sizes, self.shape(x).sizes)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.start == x.rank - 1

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return "channels" if x.axis < self.start else None


@final
class Reshape(Layer):
    """Other sizes for the same numbers. Features stay first or last, as they were."""

    keyword = "reshape"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    example = ("reshape([512, 4, 4])", "8192", "512 x 4 x 4")

    sizes: Annotated[
        tuple[Positive | Literal[-1], ...], Field(min_length=1, max_length=MOST_AXES)
    ] = Field(description="the sizes without the batch; one may be -1: what is left")

    def shape(self, x: Shape) -> Shape:
        sizes = _filled(self.sizes, x)
        if x.channels_first:
            return Shape(sizes, 0)
        if x.channels_last:
            return Shape(sizes, len(sizes) - 1)
        others = [axis for axis in range(x.rank) if axis != x.axis]
        raise LayerFault(
            f"the features of {x} are on axis {x.axis}, neither first nor last",
            help=f"put `permute({[x.axis, *others]})` before it",
            before=f"permute({[x.axis, *others]})",
            features="first",
        )

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Reshape", TorchArgument(self.sizes, source="sizes"))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return reshaped(x.sizes, self.shape(x).sizes)


@final
class Permute(Layer):
    """The axes in another order."""

    keyword = "permute"
    group = "shape"
    fresh = False
    keeps_offset = True
    example = ("permute([1, 2, 0])", "96 x 56 x 56", "56 x 56 x 96")

    axes: Annotated[tuple[Count, ...], Field(min_length=1, max_length=MOST_AXES)] = Field(
        description="which axis of the input comes first, second, ..."
    )

    def shape(self, x: Shape) -> Shape:
        if sorted(self.axes) != list(range(x.rank)):
            raise LayerFault(
                f"needs each axis of {x} once: 0 to {x.rank - 1}, not {show(self.axes)}",
                argument="axes",
            )
        return Shape(tuple(x.sizes[axis] for axis in self.axes), self.axes.index(x.axis))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Permute", TorchArgument((0, *(axis + 1 for axis in self.axes))))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return tuple(moved(self.axes.index(axis)) for axis in range(x.rank))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.axes == tuple(range(x.rank))


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
    axis: Count = Field(description="the axis, counted without the batch")

    def shape(self, x: Shape) -> Shape:
        demands.axis_of(self.axis, x)
        size = x.sizes[self.axis]
        if not -size <= self.index < size:
            raise LayerFault(
                f"no index {self.index} on axis {self.axis} of {x}",
                argument="index",
                help=f"it has {size}: from 0 to {size - 1}",
            )
        return _without((self.axis,), x)

    def module(self, x: Shape) -> TorchCall:
        index = TorchArgument(self.index, "index", "index")
        return TorchCall.of("Select", TorchArgument(self.axis + 1, "dim"), index)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        left = [axis for axis in range(x.rank) if axis != self.axis]
        index = at(self.index % x.sizes[self.axis])
        axes = range(x.rank)
        return tuple(index if axis == self.axis else moved(left.index(axis)) for axis in axes)

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return None if self.axis == x.axis else "channels"


@final
class Mean(Layer):
    """The mean over an axis, or several."""

    keyword = "mean"
    group = "shape"
    out_channels = None
    keeps_offset = True
    example = ("mean(0)", "49 x 768", "768")

    axis: Count | Annotated[tuple[Count, ...], Field(min_length=1)] = Field(
        description="the axis or axes, counted without the batch"
    )
    keep: bool = Field(False, description="whether the axis stays, with size 1")

    def shape(self, x: Shape) -> Shape:
        axes = self._axes
        for axis in axes:
            demands.axis_of(axis, x)
        if len(set(axes)) < len(axes):
            raise LayerFault("an axis is named twice", argument="axis")
        if not self.keep:
            return _without(axes, x)
        return Shape(tuple(1 if i in axes else size for i, size in enumerate(x.sizes)), x.axis)

    def module(self, x: Shape) -> TorchCall:
        dims = tuple(axis + 1 for axis in self._axes)
        return TorchCall.of(
            "Mean",
            TorchArgument(dims[0] if len(dims) == 1 else dims, "dim"),
            TorchArgument(self.keep, "keepdim", "keep", False),
        )

    def reads(self, x: Shape, output: int = 0) -> Reads:
        left = [axis for axis in range(x.rank) if self.keep or axis not in self._axes]
        return tuple(
            whole(size) if axis in self._axes else moved(left.index(axis))
            for axis, size in enumerate(x.sizes)
        )

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return None if x.axis in self._axes else "channels"

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        # Not where it is over the places of an image, of which another input has more than one.
        return self.keep and self._axes == (x.axis,) and x.channels == 1

    def canonical(self, x: Shape) -> Self:
        if isinstance(self.axis, int):
            return self
        return self.model_copy(update={"axis": tuple(sorted(self.axis))})

    @property
    def _axes(self) -> tuple[int, ...]:
        return (self.axis,) if isinstance(self.axis, int) else self.axis


@final
class Split(Layer):
    """Several values: the features in so many equal parts, or in parts of these sizes."""

    keyword = "split"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    makes_module = False
    example = ("split(2)", "116 x 28 x 28", "58 x 28 x 28, 58 x 28 x 28")

    parts: Part | Parts = Field(description="how many parts, or their sizes")

    def shape(self, x: Shape) -> tuple[Shape, ...]:
        count = self.parts if isinstance(self.parts, int) else len(self.parts)
        if count < 2:
            message = "a `split` makes two parts or more"
            raise LayerFault(message, argument="parts", code="A109", ours=True)
        if isinstance(self.parts, int):
            demands.divides(self.parts, x.channels, argument="parts", ours=True)
            return (x.with_channels(x.channels // self.parts),) * self.parts
        if sum(self.parts) != x.channels:
            raise LayerFault(
                f"the parts {show(self.parts)} add up to {sum(self.parts)}, the input has "
                f"{x.channels} channels",
                argument="parts",
                code="A202",
            )
        return tuple(x.with_channels(size) for size in self.parts)

    def function(self, x: Shape) -> str:
        if isinstance(self.parts, int):
            return f"torch.chunk({{x}}, {self.parts}, dim={x.axis + 1})"
        return f"torch.split({{x}}, {list(self.parts)}, dim={x.axis + 1})"

    def reads(self, x: Shape, output: int = 0) -> Reads:
        before = sum(part.channels for part in self.shape(x)[:output])
        return pointwise(x, {x.axis: moved(x.axis, before)})

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return "channels // parts" if isinstance(self.parts, int) else f"parts[{output}]"


@final
class ChannelShuffle(Layer):
    """Channels of all groups in turn: the first of each, the second of each, ..."""

    keyword = "channel_shuffle"
    group = "shape"
    fresh = False
    keeps_shape = True
    keeps_offset = True
    example = ("channel_shuffle(2)", "116 x 28 x 28", "116 x 28 x 28")

    groups: Positive = Field(description="how many groups the channels are now in")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        demands.divides(self.groups, x.channels)
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.ChannelShuffle", TorchArgument(self.groups, source="groups"))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {0: shuffled(x.channels, self.groups)})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.groups in {1, x.channels}


@final
class PixelShuffle(Layer):
    """Channels become places: an image `by` times larger with `by ** 2` times fewer channels."""

    keyword = "pixel_shuffle"
    group = "shape"
    out_channels = "channels // by ** 2"
    fresh = False
    keeps_offset = True
    example = ("pixel_shuffle(2)", "64 x 32 x 32", "16 x 64 x 64")

    by: Positive = Field(description="how many times larger, each way")

    def shape(self, x: Shape) -> Shape:
        demands.image(x)
        if x.channels % self.by**2:
            raise LayerFault(
                f"{self.by} ** 2 = {self.by**2} does not divide {x.channels} channels",
                argument="by",
                code="A202",
            )
        larger = tuple(size * self.by for size in x.spatial)
        return x.with_spatial(x.channels // self.by**2, larger)

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.PixelShuffle", TorchArgument(self.by, source="by"))

    def reads(self, x: Shape, output: int = 0) -> Reads:
        """Feature `(c, i, j)` at `(h, w)` goes to feature `c` at `(h * by + i, w * by + j)`."""
        if self.by > MOST_SPANS:
            return (None, None, None)
        rows, columns = (
            Steps(tuple((i * weight, i * weight) for i in range(self.by)), 0)
            for weight in (self.by, 1)
        )
        features = (0, Steps(((0, 0),), self.by**2))
        held = Steps(((0, 0),) * self.by, 1)
        return (features, (1, rows), (2, columns)), ((1, held),), ((2, held),)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.by == 1


def _filled(sizes: tuple[int, ...], x: Shape) -> tuple[int, ...]:
    """The sizes with -1 computed, or a `LayerFault` if they do not hold the same numbers."""
    free = sizes.count(-1)
    known = prod(size for size in sizes if size != -1)
    if free > 1 or (x.numel % known if free else x.numel != known):
        raise LayerFault(
            f"{x} are {x.numel} numbers, which do not fill {show(sizes)}",
            argument="sizes",
            code="A202",
            help="one size may be -1" if free > 1 else None,
        )
    return tuple(x.numel // known if size == -1 else size for size in sizes)


def _without(axes: tuple[int, ...], x: Shape) -> Shape:
    """The shape without these axes. Were the features on one, they are last if they were last,
    else first."""
    kept = [axis for axis in range(x.rank) if axis not in axes]
    if not kept:
        message = f"nothing but one number would be left of {x}"
        raise LayerFault(message, argument="axis", ours=True)
    last = len(kept) - 1 if x.channels_last else 0
    axis = kept.index(x.axis) if x.axis in kept else last
    return Shape(tuple(x.sizes[axis] for axis in kept), axis)
