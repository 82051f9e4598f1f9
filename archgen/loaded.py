"""A resolved network as its users hold it: its figures, and how it shows itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING

from archgen import network as resolved
from archgen.diagnostics import ArchError
from archgen.frozen import dataclass

if TYPE_CHECKING:
    from archgen.analysis.features import Feature
    from archgen.analysis.figures import Figures
    from archgen.analysis.memory.amounts import Memory
    from archgen.analysis.sizes.words import InputSizes

__all__ = ["Network"]

Sizes = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Network(resolved.Network):
    """A resolved network: its name, its parameters, and what it costs. Needs no torch.

    The facts are those of the network in evaluation, for one sample; `archgen.summary` says
    what is counted and how. Networks are equal if they are resolved from the same texts with
    the same arguments; for equality by meaning there is `archgen.diff(a, b).same`.
    """

    @classmethod
    def of(cls, network: resolved.Network) -> Network:
        """A resolved network with its figures at hand."""
        return cls(**{each.name: getattr(network, each.name) for each in fields(network)})

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, Network):
            return self is other
        from archgen.backends.json import data

        return (self.name, self.digest) == (other.name, other.digest) and data(self) == data(other)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @cached_property
    def figures(self) -> Figures:
        """All that is known: parameters, MACs, activations, depth, receptive field..."""
        from archgen.analysis.figures import figures

        return figures(self)

    @cached_property
    def sizes(self) -> InputSizes:
        """The heights, widths and other sizes of the input that the built model takes."""
        from archgen.analysis.sizes.words import InputSizes

        return InputSizes.of(self)

    def memory(self, depth: int = 1) -> Memory:
        """What a training step keeps of it in memory, and how much an evaluation holds at once;
        `rows` by path of the rows down to `depth` levels. `net.memory().kept.bytes(batch=32)`."""
        from archgen.analysis.memory.training import memory

        return memory(self, depth)

    @property
    def params(self) -> int:
        """How many numbers are learned, those of auxiliary heads included."""
        return self.figures.params

    @property
    def macs(self) -> int:
        """Multiply-adds, as PyTorch's own counter counts: half its FLOPs."""
        return self.figures.macs

    @property
    def depth(self) -> int:
        """Convolutions and linear layers on the longest path."""
        return self.figures.depth

    @property
    def input(self) -> Sizes | dict[str, Sizes]:
        """The shape of the input without the batch; by name where there are several."""
        body = self.body
        shapes = (body.values[ref].sizes for ref in body.inputs)
        return _one_or_named(list(zip(body.input_names, shapes, strict=True)))

    @property
    def output(self) -> Sizes | dict[str, Sizes]:
        """The shape of the result without the batch; by name where it is a `NamedTuple`."""
        body = self.body
        shapes = [(each.name, body.values[each.value].sizes) for each in body.outputs]
        return dict(shapes) if body.named else _one_or_named(shapes)

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Shape, channels and reduction of the features that it was cut to, by name; of a whole
        network, those of every value that can be asked for."""
        from archgen.analysis.features import features

        return features(self)

    def rows(self, depth: int | None = None) -> list[dict[str, object]]:
        """One row a layer, ready for pandas or polars: path, level, layer, count, role, outputs,
        params, macs, as `archgen summary --format json` has them.

        The parameters of all rows add up to `params`. depth: as `archgen.summary` shows them
        instead, with rows for blocks that hold the figures of those below. Raises `ValueError` for
        more than 10,000 rows.
        """
        from archgen.analysis.summary import layers, summarise

        found = layers(self) if depth is None else summarise(self, depth)
        if found.cut:
            raise ValueError(f"more than {len(found.rows):,} rows: give a depth")
        return [row.data for row in found.rows]

    def __repr__(self) -> str:
        figures = self.figures
        costs = f"{figures.params:,} parameters, {figures.macs:,} MACs"
        return f"<Network {self.name}: {self._flow}, {costs}>"

    def __str__(self) -> str:
        from archgen.analysis.numerals import short

        figures = self.figures
        costs = f"{figures.params:,} parameters, {short(figures.macs)} MACs, depth {figures.depth}"
        doc = self.doc.strip().partition("\n")[0]
        given = ", ".join(
            f"{name}={value}"
            for name, value in self.parameters.items()
            if name in self.settable and isinstance(value, bool | int | float | str)
        )
        lines = (f"{self.name}: {self._flow}", doc, costs, given, f"from {self.spec}")
        return "\n  ".join(filter(None, lines))

    @property
    def _flow(self) -> str:
        from archgen.analysis.numerals import shapes

        body = self.body
        return (
            f"{shapes([body.values[ref] for ref in body.inputs])} -> {shapes(self.figures.outputs)}"
        )

    def _repr_mimebundle_(self, **_: object) -> Mapping[str, str]:
        """What a notebook shows: the drawing; without Graphviz its Mermaid text; and the text."""
        from archgen.backends.drawing import draw

        try:
            picture = dict(draw(self)._repr_mimebundle_())
        except ArchError:  # too large to be read
            picture = {}
        return {**picture, "text/plain": str(self)}


def _one_or_named(shapes: list[tuple[str, Sizes]]) -> Sizes | dict[str, Sizes]:
    return shapes[0][1] if len(shapes) == 1 else dict(shapes)
