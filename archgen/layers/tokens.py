"""Layers over tokens: what one token takes from the others."""

from typing import final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import (
    Layer,
    LayerFault,
    Positive,
    Probability,
    TorchArgument,
    TorchCall,
)
from archgen.layers.keeps import Keeps
from archgen.layers.reads import Reads, whole
from archgen.shapes import Shape

TOKEN_AXES = 2  # tokens and features


@final
class Attention(Layer):
    """Multi-head self-attention of tokens (Vaswani et al. 2017)."""

    keyword = "attention"
    group = "tokens"
    keeps_shape = True
    only_training = frozenset({"dropout"})
    depth = 2  # the projections before and after
    weight_names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    example = ("attention(12)", "197 x 768", "197 x 768")

    heads: Positive = Field(description="how many heads share the features")
    dropout: Probability = Field(0.0, description="probability of a weight to be zeroed")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        if x.rank != TOKEN_AXES:
            raise LayerFault(
                f"needs tokens, an axis of them and an axis of features, not {x}",
                help="`reshape` and `permute` make tokens of an image",
                ours=True,  # one token of a batch is taken for tokens without one
            )
        demands.divides(self.heads, x.channels, argument="heads")
        return x

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            "Attention",
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.heads, source="heads"),
            TorchArgument(self.dropout, "dropout", "dropout", 0.0),
        )

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        features = x.channels
        return {
            "in_proj_weight": (3 * features, features),
            "in_proj_bias": (3 * features,),
            "out_proj.weight": (features, features),
            "out_proj.bias": (features,),
        }

    def keeps(self, x: Shape, *, training: bool) -> Keeps | None:
        """A copy of the tokens, queries, keys, values, their mean, and a number for each head."""
        if training and self.dropout:
            return None
        return Keeps(numbers=5 * x.numel + self.heads * x.sizes[0])

    def reads(self, x: Shape, output: int = 0) -> Reads:
        return tuple(map(whole, x.sizes))

    def macs(self, x: Shape) -> int:
        """Four projections; the products of queries with keys, and of weights with values."""
        tokens, features = x.sizes
        return 4 * tokens * features**2 + 2 * tokens**2 * features
