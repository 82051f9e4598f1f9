"""Functions of each number by itself that are not activations: expressions of `forward`."""

from __future__ import annotations

from typing import Self, final

from pydantic import Field, model_validator

from archgen.layers.base import Finite, Layer
from archgen.layers.keeps import INPUT, OUTPUT, Keeps
from archgen.layers.reads import Reads, pointwise
from archgen.shapes import Shape


class Elementwise(Layer):
    """Keeps the shape; `torch.<keyword>` of each number."""

    bare = True
    group = "arithmetic"
    reserved = False
    keeps_shape = True
    makes_module = False
    light = True

    def shape(self, x: Shape) -> Shape:
        return x

    def function(self, x: Shape) -> str:
        return f"torch.{self.keyword}({{x}})"

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)


@final
class Abs(Elementwise):
    """The absolute value."""

    keyword = "abs"
    nonnegative = True
    example = ("abs", "64 x 56 x 56", "64 x 56 x 56")


@final
class Exp(Elementwise):
    """e to the power of x."""

    keyword = "exp"
    nonnegative = True
    saves_output = True
    example = ("exp", "64 x 56 x 56", "64 x 56 x 56")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Log(Elementwise):
    """The natural logarithm; nan below 0."""

    keyword = "log"
    example = ("log", "64 x 56 x 56", "64 x 56 x 56")


@final
class Sqrt(Elementwise):
    """The square root; nan below 0."""

    keyword = "sqrt"
    saves_output = True
    example = ("sqrt", "64 x 56 x 56", "64 x 56 x 56")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return OUTPUT


@final
class Square(Elementwise):
    """x * x."""

    keyword = "square"
    nonnegative = True
    example = ("square", "64 x 56 x 56", "64 x 56 x 56")


@final
class Sin(Elementwise):
    """The sine."""

    keyword = "sin"
    example = ("sin", "64 x 56 x 56", "64 x 56 x 56")


@final
class Cos(Elementwise):
    """The cosine."""

    keyword = "cos"
    example = ("cos", "64 x 56 x 56", "64 x 56 x 56")


@final
class Clamp(Elementwise):
    """x, or the bound that it is beyond."""

    keyword = "clamp"
    example = ("clamp(0, 6)", "64 x 56 x 56", "64 x 56 x 56")

    low: Finite | None = Field(None, description="the least value of the output")
    high: Finite | None = Field(None, description="the largest value of the output")

    @model_validator(mode="after")
    def bounded(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("give `low`, `high` or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}")
        return self

    def function(self, x: Shape) -> str:
        bounds = (("min", self.low), ("max", self.high))
        given = [f"{name}={bound!r}" for name, bound in bounds if bound is not None]
        return f"torch.clamp({{x}}, {', '.join(given)})"
