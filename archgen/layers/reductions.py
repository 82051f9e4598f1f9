"""Layers that make one number of all numbers along an axis, or along several."""

from __future__ import annotations

from math import prod
from typing import Annotated, Self, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Axis, Count, Layer, LayerFault, Small, TorchArgument, TorchCall
from archgen.layers.keeps import INPUT, NOTHING, Keeps
from archgen.layers.parts import without
from archgen.layers.reads import Reads, moved, whole
from archgen.shapes import Shape

SeveralAxes = Axis | Annotated[tuple[Axis, ...], Field(min_length=1)]


class Reduction(Layer):
    """One number for all along `axis`."""

    group = "reductions"
    out_channels = None

    axis: SeveralAxes = Field(
        description="the axis or axes, counted without the batch; -1 is the last"
    )
    keep: bool = Field(False, description="whether the axis stays, with size 1")

    def shape(self, x: Shape) -> Shape:
        axes = demands.axes_of(self.axis, x)
        if not self.keep:
            return without(axes, x)
        return Shape(tuple(1 if i in axes else size for i, size in enumerate(x.sizes)), x.axis)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        axes = demands.axes_of(self.axis, x)
        left = [axis for axis in range(x.rank) if self.keep or axis not in axes]
        return tuple(
            whole(size) if axis in axes else moved(left.index(axis))
            for axis, size in enumerate(x.sizes)
        )

    def channels_out(self, x: Shape, output: int = 0) -> str | None:
        return None if x.axis in demands.axes_of(self.axis, x) else "channels"

    def canonical(self, x: Shape) -> Self:
        axes = tuple(sorted(demands.axes_of(self.axis, x)))
        return self.model_copy(update={"axis": axes[0] if isinstance(self.axis, int) else axes})

    @property
    def dims(self) -> int | tuple[int, ...]:
        """The axes as torch counts them."""
        several = (self.axis,) if isinstance(self.axis, int) else self.axis
        dims = tuple(map(demands.in_torch, several))
        return dims[0] if len(dims) == 1 else dims

    def of_one(self, x: Shape) -> bool:
        """Whether it is over a features' axis of size 1, which stays.

        Not over the places of an image, of which another input has more than one.
        """
        return self.keep and demands.axes_of(self.axis, x) == (x.axis,) and x.channels == 1


@final
class Mean(Reduction):
    """The mean over an axis, or several."""

    keyword = "mean"
    keeps_offset = True
    example = ("mean(0)", "49 x 768", "768")

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "Mean",
            TorchArgument(self.dims, "dim"),
            TorchArgument(self.keep, "keepdim", "keep", False),
        )

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.of_one(x)


class Expression(Reduction):
    """A reduction that is an expression of `forward`, `torch.<name>(x, dim=...)`."""

    reserved = False
    makes_module = False

    def called(self, name: str, *more: str) -> str:
        """The expression; `more` are its arguments beside the axes."""
        keep = ["keepdim=True"] if self.keep else []
        return f"{name}({', '.join(['{x}', f'dim={self.dims}', *more, *keep])})"


@final
class Max(Expression):
    """The largest number over an axis, or several. Equal ones share the gradient."""

    keyword = "max"
    keeps_offset = True
    saves_output = True
    example = ("max(0, keep=true)", "64 x 56 x 56", "1 x 56 x 56")

    def function(self, x: Shape) -> str:
        return self.called("torch.amax")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, output=True)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.of_one(x)


@final
class Min(Expression):
    """The smallest number over an axis, or several. Equal ones share the gradient."""

    keyword = "min"
    keeps_offset = True
    saves_output = True
    example = ("min(0, keep=true)", "64 x 56 x 56", "1 x 56 x 56")

    def function(self, x: Shape) -> str:
        return self.called("torch.amin")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, output=True)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.of_one(x)


@final
class Sum(Expression):
    """The sum over an axis, or several."""

    keyword = "sum"
    example = ("sum([1, 2])", "64 x 56 x 56", "64")

    def function(self, x: Shape) -> str:
        return self.called("torch.sum")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.of_one(x)


@final
class Var(Expression):
    """The variance over an axis, or several."""

    keyword = "var"
    nonnegative = True
    example = ("var([1, 2], keep=true)", "64 x 56 x 56", "64 x 1 x 1")

    correction: Count = Field(
        1, description="the sum of squares is divided by the number of values less this"
    )

    def shape(self, x: Shape) -> Shape:
        made = super().shape(x)
        values = prod(x.sizes[axis] for axis in demands.axes_of(self.axis, x))
        if values <= self.correction:
            raise LayerFault(
                f"the variance of {values} {'value' if values == 1 else 'values'} with "
                f"correction={self.correction} divides by 0",
                argument="correction",
                help="`correction=0` divides by the number of values",
                ours=True,  # torch gives nan
            )
        return made

    def function(self, x: Shape) -> str:
        more = [] if self.correction == 1 else [f"correction={self.correction}"]
        return self.called("torch.var", *more)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT

    def removes_offset(self, x: Shape) -> bool:
        return x.axis not in demands.axes_of(self.axis, x)


@final
class VectorNorm(Expression):
    """The length of the vectors along an axis, or several: the p-th root of the sum of |x|^p."""

    keyword = "vector_norm"
    helper = "vector_norm"
    nonnegative = True
    saves_output = True
    example = ("vector_norm([1, 2], keep=true)", "64 x 56 x 56", "64 x 1 x 1")

    p: Small = Field(2.0, description="the exponent: 2 is the Euclidean length, 1 the sum of |x|")

    def function(self, x: Shape) -> str:
        more = [] if self.p == 2 else [f"p={float(self.p)!r}"]
        return self.called("vector_norm", *more)

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return Keeps(input=True, output=True)
