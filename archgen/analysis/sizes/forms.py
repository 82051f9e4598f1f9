"""Sizes as functions of one size of the input: `rise * (x // period) + table[x % period]`.

Strides, windows, pools and resizing by a number give only such functions, and so do sums,
multiples and `//` of them. Two are equal where their tables are: `2 * ceil(H / 32)` and
`ceil(H / 16)` are told apart by looking.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm

from archgen.analysis.sizes.sets import EVERY, NONE, SizeSet
from archgen.frozen import dataclass

LONGEST = 4_096


class NotKnown(Exception):
    """What these functions cannot say."""


@dataclass(frozen=True, slots=True)
class Form:
    """`table` has a number for each remainder of `x` by its length, the period."""

    rise: int
    table: tuple[int, ...]

    def __call__(self, x: int) -> int:
        return self.rise * (x // self.period) + self.table[x % self.period]

    @property
    def period(self) -> int:
        return len(self.table)

    @property
    def constant(self) -> int | None:
        """The number that it is for every `x`, if it is one."""
        return self.table[0] if not self.rise and self.period == 1 else None

    @property
    def least(self) -> int | None:
        """The smallest number that it is for an `x` from 1 on, if there is one."""
        return None if self.rise < 0 else min(self(x) for x in range(1, self.period + 1))

    def plus(self, other: Form | int, sign: int = 1) -> Form:
        """The sum, or the difference."""
        if isinstance(other, int):
            return Form(self.rise, tuple(each + sign * other for each in self.table))
        period = _period(lcm(self.period, other.period))
        one, two = self._over(period), other._over(period)
        table = tuple(a + sign * b for a, b in zip(one.table, two.table, strict=True))
        return _least(one.rise + sign * two.rise, table)

    def times(self, by: int) -> Form:
        return _least(self.rise * by, tuple(each * by for each in self.table))

    def floordiv(self, by: int) -> Form:
        if by < 1:
            raise NotKnown
        long = self._over(_period(self.period * (by // gcd(self.rise, by))))
        return _least(long.rise // by, tuple(each // by for each in long.table))

    def lesser(self, other: Form) -> Form:
        """The smaller of two that grow alike."""
        period = _period(lcm(self.period, other.period))
        one, two = self._over(period), other._over(period)
        if one.rise != two.rise:
            raise NotKnown
        return _least(one.rise, tuple(map(min, one.table, two.table)))

    def where(self, compare: Callable[[int, int], bool], number: int) -> SizeSet:
        """The sizes `x` for which `compare(f(x), number)`, where `compare` is an operator."""
        if not self.rise:
            return SizeSet.of(self.period, 0, lambda x: compare(self(x), number))
        # From the last crossing on the answer stays as it is.
        turns = (abs(number - each) // abs(self.rise) + 2 for each in self.table)
        return SizeSet.of(self.period, max(turns) * self.period, lambda x: compare(self(x), number))

    def _over(self, period: int) -> Form:
        """With a longer period."""
        times = period // self.period
        table = (self.rise * turn + each for turn in range(times) for each in self.table)
        return Form(self.rise * times, tuple(table))


def _period(period: int) -> int:
    if period > LONGEST:
        raise NotKnown
    return period


def _least(rise: int, table: tuple[int, ...]) -> Form:
    """With the shortest period that says the same."""
    period = len(table)
    for shorter in (each for each in range(1, period) if period % each == 0):
        step, rest = divmod(rise * shorter, period)
        if not rest and all(
            table[at] == table[at - shorter] + step for at in range(shorter, period)
        ):
            return Form(step, table[:shorter])
    return Form(rise, table)


SELF = Form(1, (0,))  # x itself
__all__ = ["EVERY", "NONE", "SELF", "Form", "NotKnown"]
