"""Recurrent layers: over the axis before the features, from the first token to the last."""

from __future__ import annotations

from typing import ClassVar, final

from pydantic import Field

from archgen.layers import demands
from archgen.layers.base import Layer, LayerFault, Positive, TorchArgument, TorchCall
from archgen.layers.reads import Reads, moved, whole
from archgen.shapes import Shape

MATRIX = 2
NAMES = tuple(
    f"{name}_l0{direction}"
    for direction in ("", "_reverse")
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
)


class Recurrent(Layer):
    """One layer of gates over tokens: each result is that of its token and of those before."""

    group = "tokens"
    reserved = False
    weight_names = NAMES
    target: ClassVar[str]
    gates: ClassVar[int]

    hidden: Positive = Field(description="features of the output, of each direction")
    bidirectional: bool = Field(
        False, description="whether it also goes backwards, its features after those of forwards"
    )
    bias: bool = Field(True, description="whether numbers are added to each gate")

    def shape(self, x: Shape) -> Shape:
        demands.features_last(x)
        if x.rank < MATRIX:
            raise LayerFault(
                f"needs tokens x features, not a vector of {x}",
                help="`rearrange` or `permute` makes tokens of an image",
                ours=True,
            )
        return x.with_channels(self.hidden * self._directions)

    def module(self, x: Shape) -> TorchCall:
        return TorchCall.of(
            self.target,
            TorchArgument(x.channels, source="channels"),
            TorchArgument(self.hidden, source="hidden"),
            TorchArgument(self.bidirectional, "bidirectional", "bidirectional", False),
            TorchArgument(self.bias, "bias", "bias", True),
        )

    def channels_out(self, x: Shape, output: int = 0) -> str:
        return "2 * hidden" if self.bidirectional else "hidden"

    def weights(self, x: Shape) -> dict[str, tuple[int, ...]]:
        rows = self.gates * self.hidden
        sizes = {
            "weight_ih": (rows, x.channels),
            "weight_hh": (rows, self.hidden),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        return {
            name: sizes[name.partition("_l0")[0]]
            for name in NAMES[: 4 * self._directions]
            if self.bias or not name.startswith("bias")
        }

    def macs(self, x: Shape) -> int:
        tokens = x.numel // x.channels
        gates = self.gates * self.hidden * self._directions
        return tokens * gates * (x.channels + self.hidden)

    def reads(self, x: Shape, output: int = 0) -> Reads:
        """Tokens see those before, the farther the less: no window that slides."""
        return (*map(moved, range(x.rank - 2)), None, whole(x.channels))

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1


@final
class Lstm(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997): the results of all tokens."""

    keyword = "lstm"
    target = "LSTM"
    gates = 4
    saves_output = True
    example = ("lstm(256)", "24 x 512", "24 x 256")


@final
class Gru(Recurrent):
    """Gated recurrent unit (Cho et al. 2014): the results of all tokens."""

    keyword = "gru"
    target = "GRU"
    gates = 3
    example = ("gru(256)", "24 x 512", "24 x 256")
