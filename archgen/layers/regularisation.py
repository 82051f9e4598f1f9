"""Layers that drop something in training and do nothing in evaluation."""

from typing import Annotated, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Layer, Probability, TorchArgument, TorchCall
from archgen.layers.keeps import VIEW, Keeps
from archgen.layers.reads import Reads, pointwise
from archgen.shapes import Shape


class Regularisation(Layer):
    """Hands on its input in evaluation."""

    group = "regularisation"
    fresh = False
    keeps_shape = True
    keeps_offset = True
    light = True

    p: float

    def shape(self, x: Shape) -> Shape:
        return x

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return VIEW if self.is_identity(x, training=training) else Keeps(numbers=self._mask(x))

    def _mask(self, x: Shape) -> int:
        """Of a sample, the numbers that are drawn."""
        return x.numel

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x)

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        return self.p == 0 or not training


@final
class Dropout(Regularisation):
    """Zeroes numbers at random."""

    bare = True
    keyword = "dropout"
    example = ("dropout(0.2)", "1280", "1280")

    p: Probability = Field(0.5, description="probability of a number to be zeroed")

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("nn.Dropout", _probability(self.p))


@final
class Dropout2d(Regularisation):
    """Zeroes whole channels at random."""

    keyword = "dropout2d"
    example = ("dropout2d(0.1)", "64 x 56 x 56", "64 x 56 x 56")

    p: Probability = Field(0.5, description="probability of a channel to be zeroed")

    def shape(self, x: Shape) -> Shape:
        demands.spatial(x)
        return x

    def _mask(self, x: Shape) -> int:
        return x.channels

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(f"nn.Dropout{x.rank - 1}d", _probability(self.p))


@final
class DropPath(Regularisation):
    """Stochastic depth: zeroes whole samples at random (Huang et al. 2016)."""

    counts_samples = True
    keyword = "drop_path"
    example = ("drop_path(0.1)", "256 x 28 x 28", "256 x 28 x 28")

    p: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="probability of a sample to be zeroed; the others are scaled up"
    )

    def _mask(self, x: Shape) -> int:
        return 1

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of("DropPath", TorchArgument(self.p, source="p"))


def _probability(p: float) -> TorchArgument:
    return TorchArgument(p, "p", "p", 0.5)
