"""Shapes without the batch: sizes, and which axis holds the features."""

from __future__ import annotations

from archgen.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a value for one sample, and the axis of its features (channels).

    Axes count from 0 after the batch. Images and signals have their features first
    (`axis == 0`), tokens last; a vector has one axis, which is both.
    """

    sizes: tuple[int, ...]
    axis: int = 0

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
        return Shape((*self.sizes[:axis], size, *self.sizes[axis + 1 :]), self.axis)

    def with_spatial(self, channels: int, spatial: tuple[int, ...]) -> Shape:
        """These channels and these other sizes, the features where they were."""
        return Shape((*spatial[: self.axis], channels, *spatial[self.axis :]), self.axis)

    def __str__(self) -> str:
        return " x ".join(map(str, self.sizes))


def lesser(one: int, two: int) -> int:
    """The smaller of two sizes. Sizes that carry their function of the input's have a function
    for it, where `min` would ask which is smaller at the sizes at hand."""
    join = getattr(one, "lesser", None)
    return min(one, two) if join is None else join(two)
