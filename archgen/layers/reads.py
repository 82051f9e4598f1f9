"""Which indices of its input an index of a layer's output reads, axis by axis.

Borders are ignored: what lies in a padding is read as if the axis went on. Knows no single layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import floor, prod

from archgen.frozen import dataclass
from archgen.shapes import Shape

MOST_SPANS = 2**14  # what is read is written out for so many indices at most

Span = tuple[int, int] | None  # the first and the last index that is read; None: nothing


@dataclass(frozen=True, slots=True)
class Steps:
    """What each index of an axis reads, periodic: index `q * period + r` reads `spans[r]`, moved
    by `q * shift`.

    step: of a span every so manieth index is read; 0: some. start, stop: indices outside of these
    read nothing.
    """

    spans: tuple[Span, ...]
    shift: int
    step: int = 1
    start: int | None = None
    stop: int | None = None

    @property
    def period(self) -> int:
        return len(self.spans)

    @property
    def bounded(self) -> bool:
        return self.start is not None or self.stop is not None


# For an axis of the input, what an axis of the output says; the indices add up. None: what is
# read cannot be said so. An axis of the output that is -1 is none: the same for all indices.
Terms = tuple[tuple[int, Steps], ...]
Reads = tuple[Terms | None, ...]  # one for each axis of the input

NO_AXIS = -1
SAME = Steps(((0, 0),), 1)


def at(index: int) -> Terms:
    """One index, whatever is asked for."""
    return ((NO_AXIS, Steps(((index, index),), 0)),)


def whole(size: int) -> Terms:
    """All of an axis."""
    return ((NO_AXIS, Steps(((0, size - 1),), 0)),)


def moved(axis: int, by: int = 0) -> Terms:
    """The index itself, from `by` on."""
    return ((axis, Steps(((by, by),), 1)),)


def pointwise(x: Shape, other: Mapping[int, Terms | None] | None = None) -> Reads:
    """Each index reads itself; on the `other` axes something else."""
    known = other or {}
    return tuple(known.get(axis, moved(axis)) for axis in range(x.rank))


def broadcast(x: Shape, y: Shape) -> Reads:
    """Sizes of 1 that stand beside others."""
    return tuple(
        at(0) if size == 1 != y.sizes[axis] else moved(axis) for axis, size in enumerate(x.sizes)
    )


def over_space(space: Iterable[Steps | None], features: Terms | None) -> Reads:
    """Of an image (features first): what each spatial axis reads, and what the features do."""
    return features, *(((axis, steps),) if steps else None for axis, steps in enumerate(space, 1))


def window(kernel: int, stride: int, padding: int, dilation: int) -> Steps:
    """A window that slides."""
    first = -padding
    return Steps(((first, first + dilation * (kernel - 1)),), stride, dilation)


def spread(kernel: int, stride: int, padding: int) -> Steps | None:
    """The transpose of a window: where it would have to stand to meet an index."""
    if stride > MOST_SPANS:
        return None
    spans = []
    for index in range(stride):
        first, last = -((kernel - 1 - index - padding) // stride), (index + padding) // stride
        spans.append((first, last) if first <= last else None)
    return Steps(tuple(spans), 1)


def by_group(before: int, after: int, groups: int) -> Terms | None:
    """Features that read all features of their group."""
    if groups == 1:
        return whole(before)
    size = after // groups
    if size > MOST_SPANS:
        return None
    return ((0, Steps(((0, before // groups - 1),) * size, before // groups)),)


def parts(before: int, after: int) -> Steps | None:
    """Windows of about equal size that cover an axis (adaptive pools)."""
    ratio = Fraction(before, after)
    if ratio.denominator > MOST_SPANS:
        return None
    indices = range(ratio.denominator)
    spans = tuple((floor(i * ratio), -floor(-(i + 1) * ratio) - 1) for i in indices)
    return Steps(spans, ratio.numerator)


def points(ratio: Fraction, offset: Fraction, after: int, reach: int) -> Steps | None:
    """Interpolation: index `i` lies at `ratio * i + offset` and reads what is near.

    reach: 0 the index below, 1 also the one above unless it lies on one, 2 one more on both sides.
    """
    period, shift = ratio.denominator, ratio.numerator
    if period > MOST_SPANS:  # a scale that is hardly a fraction: index by index
        period, shift = after, floor(after * ratio)
    if period > MOST_SPANS:
        return None
    spans = tuple(_near(i * ratio + offset, reach) for i in range(period))
    return Steps(spans, shift)


def _near(place: Fraction, reach: int) -> Span:
    below = floor(place)
    if not reach or place == below:
        return below, below
    return below - (reach - 1), below + reach


def reshaped(before: tuple[int, ...], after: tuple[int, ...]) -> Reads:
    """The same numbers in order, under other sizes."""
    inner, outer = _strides(before), _strides(after)
    cuts = sorted({*inner, *outer, prod(before)})
    common = [cut for cut in cuts if cut in {*inner, prod(before)} and cut in {*outer, prod(after)}]
    torn = {
        low
        for first, last in pairwise(common)
        for low in cuts
        if first <= low < last
        and any(b % a for a, b in pairwise([cut for cut in cuts if first <= cut <= last]))
    }
    found: list[Terms | None] = []
    for size, stride in zip(before, inner, strict=True):
        pieces = [(a, b) for a, b in pairwise(cuts) if stride <= a < stride * size]
        if any(a in torn for a, _ in pieces):
            found.append(None)
            continue
        terms = [_piece(a, b, a // stride, after, outer) for a, b in pieces]
        found.append(
            None if None in terms else tuple(term for term in terms if term is not None) or at(0)
        )
    return tuple(found)


def _strides(sizes: tuple[int, ...]) -> list[int]:
    return [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]


def _piece(
    low: int, high: int, weight: int, after: tuple[int, ...], strides: list[int]
) -> tuple[int, Steps] | None:
    """A digit of the place of a number, between two strides, as an axis of the output has it."""
    axis = next(
        axis
        for axis, (size, stride) in enumerate(zip(after, strides, strict=True))
        if stride <= low < stride * size
    )
    hold, size = low // strides[axis], high // low
    if high == strides[axis] * after[axis]:  # the first digit: it goes on
        return None if hold > MOST_SPANS else (axis, Steps(((0, 0),) * hold, weight))
    if hold * size > MOST_SPANS:
        return None
    digits = (index // hold * weight for index in range(hold * size))
    return axis, Steps(tuple((digit, digit) for digit in digits), 0)


def shuffled(channels: int, groups: int) -> Terms | None:
    """The first of each group, the second of each, ..."""
    if groups > MOST_SPANS:
        return None
    size = channels // groups
    return ((0, Steps(tuple((group * size, group * size) for group in range(groups)), 1)),)
