"""Integers that carry their function of the input's sizes, and note what is asked of them.

`Layer.shape` computes with a `Size` as with any other integer. A comparison answers for the sizes
at hand, and notes for which others the answer is the same. What cannot be followed raises
`NotKnown`: nothing is guessed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import field
from functools import lru_cache, reduce
from itertools import product
from math import gcd, prod
from typing import Any, NoReturn

from archgen.analysis.sizes.forms import SELF, Form, NotKnown
from archgen.analysis.sizes.sets import EVERY, SizeSet
from archgen.frozen import dataclass

Compare = Callable[[int, int], bool]


Factors = tuple[tuple[int, Form], ...]  # a function for each axis, by axis


@dataclass(frozen=True, slots=True)
class Term:
    """`offset + 9 * f(H) + 16 * g(H) * h(W) + ...`: products of functions, each with a number.

    A product has one function of an axis at most. Products that have the same functions are one,
    and so are all functions of one axis alone.
    """

    products: tuple[tuple[Factors, int], ...]
    offset: int = 0

    @classmethod
    def of_axis(cls, axis: int, form: Form) -> Term:
        return _term([(((axis, form),), 1)], 0)

    def __call__(self, at: tuple[int, ...]) -> int:
        """The number at these sizes of the input's axes."""
        return self.offset + sum(
            scale * prod(form(at[axis]) for axis, form in factors)
            for factors, scale in self.products
        )

    @property
    def number(self) -> int | None:
        """The number that it is at all sizes, if it is one."""
        return None if self.products else self.offset

    @property
    def single(self) -> tuple[int, Form] | None:
        """The function of the one axis that it depends on, if it is one."""
        if len(self.products) != 1 or len(self.products[0][0]) != 1:
            return None
        (((axis, form),), _) = self.products[0]
        return axis, form.plus(self.offset) if self.offset else form

    def plus(self, other: Term, sign: int = 1) -> Term:
        if not other.products:
            return Term(self.products, self.offset + sign * other.offset)
        others = ((factors, sign * scale) for factors, scale in other.products)
        return _term([*self.products, *others], self.offset + sign * other.offset)

    def times(self, other: Term) -> Term:
        pairs = product(self._whole, other._whole)
        return _term([(_together(a, b), left * right) for (a, left), (b, right) in pairs], 0)

    @property
    def _whole(self) -> list[tuple[Factors, int]]:
        """The products, the offset as one of them."""
        if self.single:
            return [((self.single,), 1)]  # (H - 2) stays together
        return [*self.products, *([((), self.offset)] if self.offset else [])]

    def floordiv(self, by: int) -> Term:
        if by < 1:
            raise NotKnown
        if self.single:
            axis, form = self.single
            return Term.of_axis(axis, form.floordiv(by))
        if any(scale % by for _, scale in self.products):
            raise NotKnown
        products = tuple((factors, scale // by) for factors, scale in self.products)
        return Term(products, self.offset // by)

    @property
    def least(self) -> int | None:
        """A number that it is never below, where that is easily seen."""
        total = self.offset
        for factors, scale in self.products:
            lowest = [form.least for _, form in factors]
            if scale < 0 or not all(each is not None and each >= 0 for each in lowest):
                return None
            total += scale * prod(each or 0 for each in lowest)
        return total


def _together(one: Factors, two: Factors) -> Factors:
    if dict(one).keys() & dict(two).keys():
        raise NotKnown
    return tuple(sorted((*one, *two), key=lambda factor: factor[0]))


def _term(products: Iterable[tuple[Factors, int]], offset: int) -> Term:
    """The sum in its one way to be written."""
    alone: dict[int, Form] = {}
    joined: dict[Factors, int] = {}
    for factors, scale in products:
        if not factors:
            offset += scale
        elif len(factors) == 1:
            ((axis, form),) = factors
            form = form.times(scale)
            alone[axis] = alone[axis].plus(form) if axis in alone else form
        else:
            parts = [_content(form) for _, form in factors]
            pairs = zip(factors, parts, strict=True)
            least = tuple((axis, _divided(form, part)) for (axis, form), part in pairs)
            joined[least] = joined.get(least, 0) + scale * prod(parts)
    found: list[tuple[Factors, int]] = []
    for axis, form in sorted(alone.items()):
        offset += form.table[0]
        form = form.plus(-form.table[0])
        if form.constant is None:
            found.append((((axis, form),), 1))
    found.extend((factors, scale) for factors, scale in joined.items() if scale)
    return Term(tuple(found), offset)


def _content(form: Form) -> int:
    return reduce(gcd, form.table, form.rise)


def _divided(form: Form, by: int) -> Form:
    return Form(form.rise // by, tuple(each // by for each in form.table))


@dataclass(frozen=True, slots=True)
class Note:
    """The sizes of one axis for which an answer is as it was."""

    axis: int
    sizes: SizeSet


@dataclass(frozen=True, slots=True)
class Joint:
    """An answer about sizes of several axes: `compare(left, right)`."""

    left: Term
    compare: Compare
    right: Term
    answer: bool

    def holds(self, at: tuple[int, ...]) -> bool:
        """Whether the answer is the same at these sizes."""
        return self.compare(self.left(at), self.right(at)) is self.answer


@dataclass(slots=True)
class Trace:
    """What was asked in one run, at these sizes of the input's axes."""

    at: tuple[int, ...]
    notes: list[Note | Joint] = field(default_factory=list)
    forbidden: bool = False  # whether a size may be written as text

    def size(self, term: Term) -> int:
        """The integer of a term: a plain one where that is a number."""
        number = term.number
        return Size.made(term, self) if number is None else number

    def of_axis(self, axis: int) -> int:
        return self.size(Term.of_axis(axis, SELF))

    def ask(self, left: Term, compare: Compare, right: Term) -> bool:
        """The answer at the sizes at hand, noted."""
        answer = compare(left(self.at), right(self.at))
        difference = left.plus(right, -1)
        if difference.single:
            axis, form = difference.single
            same = where(form, compare, answer)
            if same != EVERY:
                self.notes.append(Note(axis, same))
        elif difference.products and not _is_plain(difference, compare):
            self.notes.append(Joint(left, compare, right, answer))
        return answer


@lru_cache(maxsize=1 << 12)
def where(form: Form, compare: Compare, answer: bool) -> SizeSet:
    """The sizes for which `compare(form(x), 0)` is the answer."""
    return form.where(lambda x, y: compare(x, y) is answer, 0)


def _is_plain(difference: Term, compare: Compare) -> bool:
    """Whether a difference compares with 0 in one way at all sizes, as is easily seen."""
    above, below = difference.least, difference.times(Term((), -1)).least
    if 0 in {above, below}:  # never negative, or never positive
        return compare in ({operator.lt, operator.ge} if above == 0 else {operator.gt, operator.le})
    return (above or 0) > 0 or (below or 0) > 0


class Size(int):
    """An integer with its term. Equal to another if they are at the sizes at hand: and noted."""

    term: Term
    trace: Trace

    @classmethod
    def made(cls, term: Term, trace: Trace) -> Size:
        size = cls(term(trace.at))
        size.term, size.trace = term, trace
        return size

    def __add__(self, other: object) -> Any:
        return self._joined(other, lambda one, two: one.plus(two))

    def __sub__(self, other: object) -> Any:
        return self._joined(other, lambda one, two: one.plus(two, -1))

    def __rsub__(self, other: object) -> Any:
        return self._joined(other, lambda one, two: two.plus(one, -1))

    def __mul__(self, other: object) -> Any:
        if isinstance(other, float):
            return _Scaled.of(self, other)
        return self._joined(other, lambda one, two: one.times(two))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Any:
        return self * -1

    def __floordiv__(self, by: object) -> Any:
        if type(by) is not int:
            raise NotKnown
        return self.trace.size(self.term.floordiv(by))

    def __mod__(self, by: object) -> Any:
        return self - self // by * by

    def __lt__(self, other: object) -> Any:
        return self._ask(operator.lt, other)

    def __le__(self, other: object) -> Any:
        return self._ask(operator.le, other)

    def __gt__(self, other: object) -> Any:
        return self._ask(operator.gt, other)

    def __ge__(self, other: object) -> Any:
        return self._ask(operator.ge, other)

    def __eq__(self, other: object) -> Any:
        return self._ask(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._ask(operator.ne, other)

    def lesser(self, other: int) -> int:
        """The smaller of two, as a function: nothing is asked."""
        one, two = self.term.single, term_of(other).single
        if one is None or two is None or one[0] != two[0]:
            raise NotKnown
        return self.trace.size(Term.of_axis(one[0], one[1].lesser(two[1])))

    def __bool__(self) -> bool:
        return self.trace.ask(self.term, operator.ne, Term((), 0))

    def __format__(self, spec: str) -> str:
        if self.trace.forbidden:
            raise NotKnown
        return int.__format__(int.__add__(self, 0), spec)

    def __str__(self) -> str:
        return format(self, "")

    __repr__ = __str__

    def _unfollowed(self, *_: object) -> NoReturn:
        raise NotKnown

    # Whatever would make a plain number of it, or look it up. (`range` and slices cannot be
    # caught: a layer that asks for them in `shape` is found by the law over all layers.)
    __hash__ = _unfollowed
    __int__ = __trunc__ = __index__ = __float__ = __round__ = _unfollowed
    __floor__ = __ceil__ = __truediv__ = __rtruediv__ = _unfollowed
    __pow__ = __rpow__ = __rfloordiv__ = __rmod__ = _unfollowed
    __divmod__ = __rdivmod__ = __abs__ = __invert__ = _unfollowed
    __and__ = __or__ = __xor__ = __lshift__ = __rshift__ = _unfollowed
    __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = _unfollowed

    def _joined(self, other: object, join: Callable[[Term, Term], Term]) -> Any:
        if not isinstance(other, int):
            raise NotKnown
        return self.trace.size(join(self.term, term_of(other)))

    def _ask(self, compare: Compare, other: object) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        return self.trace.ask(self.term, compare, term_of(other))


def term_of(number: int) -> Term:
    """The term of an integer, plain ones too."""
    return number.term if isinstance(number, Size) else Term((), number)


EXACT = 1 << 6  # denominators for which a float times a size is exact


class _Scaled(float):
    """A size times a float, to be rounded down: `floor(size * 0.5)`."""

    rounded: int

    @classmethod
    def of(cls, size: Size, by: float) -> _Scaled:
        above, below = by.as_integer_ratio()
        if below > EXACT:
            raise NotKnown
        made = cls(0)
        made.rounded = size * above // below
        return made

    def __floor__(self) -> int:
        return self.rounded

    def _unfollowed(self, *_: object) -> NoReturn:
        raise NotKnown

    __int__ = __trunc__ = __round__ = __ceil__ = __hash__ = _unfollowed
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _unfollowed
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _unfollowed
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unfollowed
