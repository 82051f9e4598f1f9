"""Layers that belong to no other group."""

from typing import final

from pydantic import Field

from archgen.layers.base import Finite, Layer, TorchArgument, TorchCall
from archgen.layers.keeps import NOTHING, VIEW, Keeps
from archgen.layers.reads import Reads, pointwise
from archgen.shapes import Shape


@final
class Identity(Layer):
    """The input itself."""

    moves = True
    bare = True
    keyword = "identity"
    group = "other"
    fresh = False
    keeps_shape = True
    keeps_offset = True
    makes_module = False
    skipped = True
    light = True
    example = ("identity", "64 x 56 x 56", "64 x 56 x 56")

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall("nn.Identity")

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return True


@final
class Multiply(Layer):
    """The input times a constant."""

    bare = True
    keyword = "multiply"
    group = "other"
    keeps_shape = True
    light = True
    example = ("multiply(0.5)", "64 x 56 x 56", "64 x 56 x 56")

    by: Finite = Field(description="the constant")

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Multiply", TorchArgument(self.by, source="by"))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.by == 1
