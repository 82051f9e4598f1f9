"""Dense layers."""

from typing import final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Layer, Positive, TorchArgument, TorchCall
from archgen.layers.keeps import INPUT, Keeps
from archgen.layers.reads import Reads, pointwise, whole
from archgen.shapes import Shape


@final
class Linear(Layer):
    """A matrix applied to a vector, or to each token."""

    bare = True
    keyword = "linear"
    group = "dense"
    out_channels = "out"
    depth = 1
    also_called = ("fc",)
    weight_names = ("weight", "bias")
    example = ("linear(1000)", "2048", "1000")

    out: Positive = Field(description="features of the output")
    bias: bool = Field(True, description="whether a number is added to each feature")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        return x.with_channels(self.out)

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "nn.Linear",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.out, source="out"),
            TorchArgument(self.bias, "bias", "bias", True),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        weight: dict[str, tuple[int, ...]] = {"weight": (self.out, x.channels)}
        return weight | {"bias": (self.out,)} if self.bias else weight

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return INPUT

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return pointwise(x, {x.rank - 1: whole(x.channels)})

    def macs(self, x: Shape) -> int:
        return x.numel * self.out
