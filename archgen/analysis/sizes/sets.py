"""Sets of sizes (integers from 1 on) that are regular from some number on.

`H % 16 == 0`, `H >= 21`, `H in {28..31}` and all that `&`, `|` and `~` make of them. Exact; two
equal sets compare equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from math import lcm

from archgen.frozen import dataclass

LONGEST_PERIOD = 1 << 14
FARTHEST = 1 << 20  # sets are kept number by number up to here at most


class TooLarge(Exception):
    """A set that would be kept number by number for too long."""


@dataclass(frozen=True, slots=True)
class SizeSet:
    """`x` below `start` is in it if bit `x` of `head` is set, another if bit `x % period` of
    `tail` is. `start` is a multiple of `period`, and both are the least that say it."""

    period: int
    start: int
    head: int
    tail: int

    @classmethod
    def of(cls, period: int, start: int, holds: Callable[[int], bool]) -> SizeSet:
        """The sizes for which `holds`, if from `start` on it is periodic."""
        start = -(-start // period) * period
        if start > FARTHEST:
            raise TooLarge
        head = sum(1 << x for x in range(1, start) if holds(x))
        tail = sum(1 << each for each in range(period) if holds(start + each))
        return _least(period, start, head, tail)

    def __contains__(self, x: int) -> bool:
        if x < 1:
            return False
        if x < self.start:
            return bool(self.head >> x & 1)
        return bool(self.tail >> x % self.period & 1)

    def __and__(self, other: SizeSet) -> SizeSet:
        return self._with(other, lambda one, two: one & two)

    def __or__(self, other: SizeSet) -> SizeSet:
        return self._with(other, lambda one, two: one | two)

    def __invert__(self) -> SizeSet:
        whole = ((1 << self.start) - 1) & ~1
        return _least(
            self.period, self.start, whole & ~self.head, (1 << self.period) - 1 & ~self.tail
        )

    def __le__(self, other: SizeSet) -> bool:
        return (self & other) == self

    def __bool__(self) -> bool:
        return bool(self.head or self.tail)

    @property
    def is_finite(self) -> bool:
        return not self.tail

    @property
    def first(self) -> int | None:
        """The smallest size."""
        return next(iter(self), None)

    def __iter__(self) -> Iterator[int]:
        """All sizes, from the smallest on."""
        yield from (x for x in range(1, self.start) if x in self)
        if self.tail:
            yield from (x for x in count(max(self.start, 1)) if x in self)

    def near(self, x: int) -> list[int]:
        """The largest size below `x` and the smallest above, where there are such."""
        below = next((each for each in range(x - 1, 0, -1) if each in self), None)
        last = max(self.start, x) + self.period
        above = next((each for each in range(x + 1, last + 1) if each in self), None)
        return [each for each in (below, above) if each is not None]

    def _with(self, other: SizeSet, join: Callable[[int, int], int]) -> SizeSet:
        period = lcm(self.period, other.period)
        if period > LONGEST_PERIOD:
            raise TooLarge
        start = -(-max(self.start, other.start) // period) * period
        one, two = self._unrolled(period, start), other._unrolled(period, start)
        return _least(period, start, join(one[0], two[0]), join(one[1], two[1]))

    def _unrolled(self, period: int, start: int) -> tuple[int, int]:
        """Head and tail with a longer period and a later start."""
        tail = _repeated(self.tail, self.period, period // self.period)
        more = start - self.start
        head = self.head | _repeated(self.tail, self.period, more // self.period) << self.start
        return head & ~1, tail


def _repeated(bits: int, width: int, times: int) -> int:
    if not bits or not times:
        return 0
    ones = ((1 << width * times) - 1) // ((1 << width) - 1)
    return bits * ones


def _least(period: int, start: int, head: int, tail: int) -> SizeSet:
    """The shortest period, then the earliest start, that say the same."""
    for shorter in (each for each in range(1, period) if period % each == 0):
        if tail == _repeated(tail & (1 << shorter) - 1, shorter, period // shorter):
            period, tail = shorter, tail & (1 << shorter) - 1
            break
    while start:
        last = start - period
        block = head >> last
        if block != (tail if last else tail & ~1):
            break
        start, head = last, head & (1 << last) - 1
    return SizeSet(period, start, head, tail)


EVERY = SizeSet(1, 0, 0, 1)
NONE = SizeSet(1, 0, 0, 0)
