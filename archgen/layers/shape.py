"""Layers that rearrange, cut or join axes and compute next to nothing."""

from math import prod
from typing import Annotated, Literal, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    Axis,
    Layer,
    LayerFault,
    Positive,
    TorchArgument,
    TorchCall,
)
from archgen.layers.keeps import NOTHING, REGROUPED, VIEW, Keeps
from archgen.layers.reads import (
    MOST_SPANS,
    Reads,
    Steps,
    Terms,
    moved,
    pointwise,
    reshaped,
    shuffled,
)
from archgen.layers.signature import show
from archgen.shapes import Shape

MOST_AXES = 8
Size = Positive | Literal[-1]


@final
class Flatten(Layer):
    """All axes from `start` on as one."""

    moves = True
    keyword = "flatten"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    light = True
    example = ("flatten", "512 x 7 x 7", "25088")

    start: Axis = Field(0, description="the first axis that is merged, counted without the batch")

    def shape(self, x: Shape) -> Shape:
        start = demands.axis_of(self.start, x, "start")
        merged = prod(x.sizes[start:])
        return Shape((*x.sizes[:start], merged), min(x.axis, start))

    def module(self, x: Shape) -> TorchCall:
        start = demands.in_torch(self.start)
        return TorchCall.of("nn.Flatten", TorchArgument(start, "start_dim", None, 1))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return REGROUPED

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return reshaped(x.sizes, self.shape(x).sizes)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return demands.axis_of(self.start, x, "start") == x.rank - 1

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"start": demands.axis_of(self.start, x, "start")})

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return "channels" if x.axis < demands.axis_of(self.start, x, "start") else None


@final
class Reshape(Layer):
    """Other sizes for the same numbers. Features stay first or last, as they were, unless said."""

    moves = True
    keyword = "reshape"
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    example = ("reshape([512, 4, 4])", "8192", "512 x 4 x 4")

    sizes: Annotated[
        tuple[Positive | Literal[-1], ...], Field(min_length=1, max_length=MOST_AXES)
    ] = Field(description="the sizes without the batch; one may be -1: what is left")
    features: Axis | None = Field(None, description="the axis of the output that holds features")

    def shape(self, x: Shape) -> Shape:
        sizes = _filled(self.sizes, x)
        if self.features is not None:
            return _with_features(self.features, sizes)
        if x.channels_first:
            return Shape(sizes, 0)
        if x.channels_last:
            return Shape(sizes, len(sizes) - 1)
        others = [axis for axis in range(x.rank) if axis != x.axis]
        raise LayerFault(
            f"the features of {x} are on axis {x.axis}, neither first nor last",
            help=f"say with `features=` which axis holds them, or put "
            f"`permute({[x.axis, *others]})` before it",
            before=f"permute({[x.axis, *others]})",
            features="first",
        )

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Reshape", TorchArgument(self.sizes, source="sizes"))

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return None if self.features is None else ""

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return REGROUPED

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return reshaped(x.sizes, self.shape(x).sizes)


@final
class Permute(Layer):
    """The axes in another order."""

    moves = True
    keyword = "permute"
    group = "shape"
    fresh = False
    keeps_offset = True
    example = ("permute([1, 2, 0])", "96 x 56 x 56", "56 x 56 x 96")

    axes: Annotated[tuple[Axis, ...], Field(min_length=1, max_length=MOST_AXES)] = Field(
        description="which axis of the input comes first, second, ..."
    )
    features: Axis | None = Field(None, description="the axis of the output that holds features")

    def shape(self, x: Shape) -> Shape:
        order = self.order(x)
        if sorted(order) != list(range(x.rank)):
            raise LayerFault(
                f"needs each axis of {x} once: 0 to {x.rank - 1}, not {show(self.axes)}",
                argument="axes",
            )
        sizes = tuple(x.sizes[axis] for axis in order)
        if self.features is not None:
            return _with_features(self.features, sizes)
        return Shape(sizes, order.index(x.axis))

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Permute", TorchArgument((0, *(axis + 1 for axis in self.order(x)))))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return tuple(moved(self.order(x).index(axis)) for axis in range(x.rank))

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        kept = self.features is None or self.order(x)[self.shape(x).axis] == x.axis
        return "channels" if kept else ""

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.order(x) == tuple(range(x.rank))

    def canonical(self, x: Shape) -> Self:
        return self.model_copy(update={"axes": self.order(x), "features": self.shape(x).axis})

    def order(self, x: Shape) -> tuple[int, ...]:
        """The axes counted from 0, those that `x` has not as they are."""
        return tuple(axis + x.rank if -x.rank <= axis < 0 else axis for axis in self.axes)


@final
class ChannelShuffle(Layer):
    """Channels of all groups in turn: the first of each, the second of each, ..."""

    moves = True
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

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {0: shuffled(x.channels, self.groups)})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.groups in {1, x.channels}


@final
class PixelShuffle(Layer):
    """Channels become places: an image `by` times larger with `by ** 2` times fewer channels."""

    moves = True
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

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

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


@final
class PixelUnshuffle(Layer):
    """Places become channels: an image `by` times smaller with `by ** 2` times more channels."""

    keyword = "pixel_unshuffle"
    reserved = False
    group = "shape"
    out_channels = "channels * by ** 2"
    fresh = False
    keeps_offset = True
    example = ("pixel_unshuffle(2)", "3 x 32 x 32", "12 x 16 x 16")

    by: Positive = Field(description="how many times smaller, each way")

    def shape(self, x: Shape) -> Shape:
        demands.image(x)
        for size in x.spatial:
            demands.divides(self.by, size, f"places of {x}", argument="by")
        smaller = tuple(size // self.by for size in x.spatial)
        return x.with_spatial(x.channels * self.by**2, smaller)

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.PixelUnshuffle", TorchArgument(self.by, source="by"))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        """Feature `(c, i, j)` at `(h, w)` reads feature `c` at `(h * by + i, w * by + j)`."""
        if self.by**2 > MOST_SPANS:
            return (None, None, None)
        within = range(self.by)
        channels = Steps(((0, 0),) * self.by**2, 1)
        rows = Steps(tuple((i, i) for i in within for _ in within), 0)
        columns = Steps(tuple((i, i) for _ in within for i in within), 0)
        step = Steps(((0, 0),), self.by)
        return ((0, channels),), ((1, step), (0, rows)), ((2, step), (0, columns))

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.by == 1


@final
class Roll(Layer):
    """Everything moved along an axis, or several; what leaves at the end comes in at the start."""

    moves = True
    keyword = "roll"
    reserved = False
    group = "shape"
    keeps_shape = True
    keeps_offset = True
    makes_module = False
    example = ("roll([-3, -3], [1, 2])", "96 x 56 x 56", "96 x 56 x 56")

    by: Axis | Annotated[tuple[Axis, ...], Field(min_length=1)] = Field(
        description="how far; a number for each axis"
    )
    axis: Axis | Annotated[tuple[Axis, ...], Field(min_length=1)] = Field(
        description="the axis or axes, counted without the batch; -1 is the last"
    )

    def shape(self, x: Shape) -> Shape:
        axes = demands.axes_of(self.axis, x, ours=True)
        if len(axes) != len(self._moves):
            raise LayerFault(
                f"the numbers of by and axis differ: {len(self._moves)} and {len(axes)}",
                argument="by",
                ours=True,  # torch looks at neither, where nothing is moved
            )
        return x

    def function(self, x: Shape) -> str:
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis
        dims = tuple(map(demands.in_torch, axes))
        if len(dims) == 1:
            return f"torch.roll({{x}}, {self._moves[0]}, {dims[0]})"
        return f"torch.roll({{x}}, {self._moves}, {dims})"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        moves = zip(demands.axes_of(self.axis, x), self._moves, strict=True)
        return pointwise(x, {axis: self._read(axis, by, x) for axis, by in moves})

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return not any(self._moves)

    def canonical(self, x: Shape) -> Self:
        axes = demands.axes_of(self.axis, x)
        return self.model_copy(update={"axis": axes[0] if len(axes) == 1 else axes})

    @property
    def _moves(self) -> tuple[int, ...]:
        return (self.by,) if isinstance(self.by, int) else self.by

    @staticmethod
    def _read(axis: int, by: int, x: Shape) -> Terms | None:
        """Of features each one, exactly; of places what lies beside, as if the axis went on."""
        if axis != x.axis:
            return moved(axis, -by)
        size = x.channels
        if size > MOST_SPANS:
            return None
        origins = ((index - by) % size for index in range(size))
        return ((axis, Steps(tuple((origin, origin) for origin in origins), 0)),)


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


def _with_features(axis: int, sizes: tuple[int, ...]) -> Shape:
    """The sizes with the features on the axis that `features=` names."""
    if not -len(sizes) <= axis < len(sizes):
        message = f"no axis {axis} in {Shape(sizes)}"
        raise LayerFault(message, argument="features", ours=True)
    return Shape(sizes, axis % len(sizes))
