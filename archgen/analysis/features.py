"""What is known of a network's features without torch: shape, channels, reduction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from archgen.analysis.numerals import plain
from archgen.analysis.receptive import ReceptiveFields
from archgen.analysis.views import Extent
from archgen.cutting.cut import cut, field_name
from archgen.cutting.places import known
from archgen.network import Body, Network, OutputValue
from archgen.shapes import Shape


@dataclass(frozen=True, slots=True)
class Feature:
    """A value that a backbone returns.

    field: its name in the `NamedTuple`. shape: its sizes, without the batch. channels: how many.
    reduction: size of the input over its size, for each spatial axis; nothing where it has
        other axes than the input (tokens, vectors).
    receptive_field: places of the input that one place of it can see, as in `Figures`.
    """

    field: str
    shape: tuple[int, ...]
    channels: int
    reduction: tuple[int | float, ...]
    receptive_field: tuple[Extent, ...]


def features(network: Network) -> dict[str, Feature]:
    """The features that a network was cut to, in order; of a whole one, all that it can give."""
    if network.asked:
        return dict(zip(network.asked, _features(network.body), strict=True))
    spots = list(known(network.body))
    whole, refs = cut(network.body, spots)
    outputs = tuple(
        OutputValue(field_name(spot.name), ref) for spot, ref in zip(spots, refs, strict=True)
    )
    found = _features(replace(whole, outputs=outputs))
    return {spot.name: feature for spot, feature in zip(spots, found, strict=True)}


def _features(body: Body) -> Iterator[Feature]:
    """One for each output of a body."""
    entry = body.values[body.inputs[0]]
    fields = ReceptiveFields(body)
    for output in body.outputs:
        shape = body.values[output.value]
        yield Feature(
            field=output.name,
            shape=shape.sizes,
            channels=shape.channels,
            reduction=tuple(map(plain, _reduction(entry, shape))),
            receptive_field=fields.of_value((), output.value),
        )


def _reduction(entry: Shape, shape: Shape) -> Iterator[Fraction]:
    if (shape.rank, shape.axis) == (entry.rank, entry.axis):
        yield from map(Fraction, entry.spatial, shape.spatial)
