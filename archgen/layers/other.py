"""Layers that belong to no other group."""

from typing import final

from pydantic import Field

from archgen.layers.base import Finite, Layer, TorchArgument, TorchCall
from archgen.shapes import Shape


@final
class Identity(Layer):
    """The input itself."""

    keyword = "identity"
    group = "other"
    fresh = False
    example = ("identity", "64 x 56 x 56", "64 x 56 x 56")

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall("nn.Identity")


@final
class Multiply(Layer):
    """The input times a constant."""

    keyword = "multiply"
    group = "other"
    example = ("multiply(0.5)", "64 x 56 x 56", "64 x 56 x 56")

    by: Finite = Field(description="the constant")

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("Multiply", TorchArgument(self.by, source="by"))
