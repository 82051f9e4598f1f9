"""Layers that drop something in training and do nothing in evaluation."""

from typing import Annotated, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Layer, Probability, TorchArgument, TorchCall
from archgen.shapes import Shape


@final
class Dropout(Layer):
    """Zeroes numbers at random."""

    keyword = "dropout"
    group = "regularisation"
    fresh = False
    example = ("dropout(0.2)", "1280", "1280")

    p: Probability = Field(0.5, description="probability of a number to be zeroed")

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.Dropout", _probability(self.p))


@final
class Dropout2d(Layer):
    """Zeroes whole channels at random."""

    keyword = "dropout2d"
    group = "regularisation"
    fresh = False
    example = ("dropout2d(0.1)", "64 x 56 x 56", "64 x 56 x 56")

    p: Probability = Field(0.5, description="probability of a channel to be zeroed")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(f"nn.Dropout{x.rank - 1}d", _probability(self.p))


@final
class DropPath(Layer):
    """Stochastic depth: zeroes whole samples at random (Huang et al. 2016)."""

    keyword = "drop_path"
    group = "regularisation"
    fresh = False
    example = ("drop_path(0.1)", "256 x 28 x 28", "256 x 28 x 28")

    p: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="probability of a sample to be zeroed; the others are scaled up"
    )

    def shape(self, x: Shape) -> Shape:
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("DropPath", TorchArgument(self.p, source="p"))


def _probability(p: float) -> TorchArgument:
    return TorchArgument(p, "p", "p", 0.5)
