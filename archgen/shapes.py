"""Shapes without the batch: sizes, and which axis holds the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from archgen.frozen import dataclass

# Whether a value has one item for each sample. "one": it is the same for all samples, and its
# tensor has a leading axis of 1 in the place of the batch; "none": its tensor has no such axis.
Batch = Literal["all", "one", "none"]
Kind = Literal["float", "index", "bool"]  # the numbers of a value: an index is an integer


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a value for one sample, and the axis of its features (channels).

    Axes count from 0 after the batch. Images and signals have their features first
    (`axis == 0`), tokens last; a vector has one axis, which is both. `bounds` are the least and the
    largest number of an index, if they are known.
    """

    sizes: tuple[int, ...]
    axis: int = 0
    batch: Batch = "all"
    kind: Kind = "float"
    bounds: tuple[int, int] | None = None

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def channels(self) -> int:
        return self.sizes[self.axis]

    @property
    def numel(self) -> int:
        total = 1
        for size in self.sizes:
            total *= size
        return total

    @property
    def is_plain(self) -> bool:
        """Whether it has a number, no index, for each sample."""
        return self.batch == "all" and self.kind == "float"

    @property
    def channels_first(self) -> bool:
        return self.axis == 0

    @property
    def channels_last(self) -> bool:
        return self.axis == self.rank - 1

    @property
    def spatial(self) -> tuple[int, ...]:
        """The sizes of the other axes, in order."""
        return self.sizes[: self.axis] + self.sizes[self.axis + 1 :]

    def with_channels(self, channels: int) -> Shape:
        return self.with_size(self.axis, channels)

    def with_size(self, axis: int, size: int) -> Shape:
        sizes = (*self.sizes[:axis], size, *self.sizes[axis + 1 :])
        return Shape(sizes, self.axis, self.batch, self.kind, self.bounds)

    def with_spatial(self, channels: int, spatial: tuple[int, ...]) -> Shape:
        """These channels and these other sizes, the features where they were."""
        sizes = (*spatial[: self.axis], channels, *spatial[self.axis :])
        return Shape(sizes, self.axis, self.batch, self.kind, self.bounds)

    def __str__(self) -> str:
        return " x ".join(map(str, self.sizes))


def lesser(one: int, two: int) -> int:
    """The smaller of two sizes. Sizes that carry their function of the input's have a function
    for it, where `min` would ask which is smaller at the sizes at hand."""
    join = getattr(one, "lesser", None)
    return min(one, two) if join is None else join(two)


# --- values without a batch -----------------------------------------------------------------


def common_batch(shapes: Sequence[Shape]) -> Batch:
    """What a value has that is computed of these."""
    batches = {shape.batch for shape in shapes}
    return next(batch for batch in ("all", "one", "none") if batch in batches)


def lifted(shape: Shape) -> Shape:
    """The same value with a leading axis of 1 in its tensor, where it had none."""
    return replace(shape, batch="one") if shape.batch == "none" else shape


def aligned(shapes: Sequence[Shape], *, joined: bool) -> list[Shape]:
    """Operands of a merge as they count beside each other; `joined`: they are concatenated."""
    if all(shape.batch == "all" for shape in shapes):
        return list(shapes)
    own = [shape for shape in shapes if shape.batch == "all"] or shapes
    like = max(own, key=lambda shape: shape.rank)
    return [
        shape if shape.batch == "all" else _beside(shape, like, joined=joined) for shape in shapes
    ]


def _beside(shape: Shape, like: Shape, *, joined: bool) -> Shape:
    """How a value without a batch counts beside another: without the batch's size, 1, if it is
    written with it; else along the features, if it has one axis, or aligned to the right."""
    missing = like.rank - shape.rank
    if shape.batch == "none" and missing == -1 and shape.sizes[0] == 1 and like.batch == "all":
        return Shape(shape.sizes[1:], like.axis)
    if joined or missing <= 0:
        return Shape(shape.sizes, like.axis) if like.axis < shape.rank else shape
    if shape.rank == 1:
        return Shape((1,) * like.rank, like.axis).with_channels(shape.channels)
    return Shape((*(1,) * missing, *shape.sizes), like.axis)
