"""What a value sees of an axis of a source: a few views, each a sum over the axes of the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Literal

from archgen.analysis import steps as arithmetic
from archgen.analysis.steps import Unknown
from archgen.frozen import dataclass
from archgen.layers.reads import MOST_SPANS, NO_AXIS, SAME, Reads, Steps, Terms
from archgen.shapes import Shape

MOST_VIEWS = 64
FEW_VIEWS = 8  # above that many, it is not told apart which parts of an axis see what


@dataclass(frozen=True, slots=True)
class View:
    """The indices of an axis that one of a value sees: from `low` to `high`, moved by each term.

    terms: by the axis of the value, in order. step: 1 if none in between is left out, else 0.
    parts: axes of the value of which not all indices need see so much.
    """

    low: int
    high: int
    terms: tuple[tuple[int, Steps], ...] = ()
    step: int = 1
    parts: frozenset[int] = frozenset()

    @property
    def axes(self) -> set[int]:
        """The axes of the value that it matters where on them one stands."""
        return {axis for axis, _ in self.terms} | self.parts

    @property
    def fixed(self) -> bool:
        """Whether all places see the same."""
        return all(_is_flat(steps) for _, steps in self.terms)


# Of one axis; None: not known. Where nothing is seen there is no view.
Views = tuple[View, ...] | None


def itself(axis: int) -> Views:
    """An axis of a source, seen by the source."""
    return (View(0, 0, ((axis, SAME),)),)


@dataclass(frozen=True, slots=True)
class Step:
    """From a value to another one. size: of the axis of the source that is looked at."""

    x: Shape
    y: Shape
    size: int


def through(views: Views, reads: Reads, step: Step) -> Views:
    """What is seen of an axis of a source through a layer that reads a value."""
    if views is None:
        return None
    try:
        return joined(each for view in views for each in _seen(view, reads, step))
    except Unknown:
        return None


def through_any(views: Views, inner: Sequence[Views], step: Step) -> Views:
    """The same through a body, `inner` being what its result sees of each axis of its input."""
    if views is None:
        return None
    used = set().union(*(view.axes for view in views))
    if any(inner[axis] is None for axis in used):
        return None
    if any(not inner[axis] for axis in used):
        return ()
    try:
        return joined(
            replace(each, parts=each.parts.union(*(one.parts for one in picked.values())))
            for view in views
            for picked in _picked(view, inner)
            for each in _seen(view, _as_reads(picked, len(inner)), step)
        )
    except Unknown:
        return None


def _picked(view: View, inner: Sequence[Views]) -> Iterator[dict[int, View]]:
    """For each axis that the view uses, one of the views of it; those that go together.

    Of several, only parts of an axis tell which do: what is joined there came one way.
    """
    axes = sorted(view.axes)
    choices = [inner[axis] or () for axis in axes]
    if prod(map(len, choices)) > MOST_VIEWS**2:
        raise Unknown
    found = [picked for picked in product(*choices) if _meet(picked)]
    if len(found) > max(map(len, choices), default=1):
        raise Unknown
    yield from (dict(zip(axes, picked, strict=True)) for picked in found)


def _meet(views: Sequence[View]) -> bool:
    """Whether some index sees all of them."""
    bounds: dict[int, tuple[int, int]] = {}
    for axis, steps in (term for view in views for term in view.terms):
        if steps.start is not None and steps.stop is not None:
            start, stop = bounds.get(axis, (steps.start, steps.stop))
            bounds[axis] = max(start, steps.start), min(stop, steps.stop)
    return all(start < stop for start, stop in bounds.values())


def _as_reads(picked: Mapping[int, View], rank: int) -> Reads:
    return tuple(_as_terms(picked.get(axis)) for axis in range(rank))


def _as_terms(view: View | None) -> Terms | None:
    if view is None:
        return None
    return ((NO_AXIS, Steps(((view.low, view.high),), 0, view.step)), *view.terms)


def _seen(view: View, reads: Reads, step: Step) -> Iterator[View]:
    """The view through one more step; none if nothing is seen."""
    parts = frozenset().union(
        *(_parts(reads[axis], step.x.sizes[axis], step.y) for axis in view.parts)
    )
    made = replace(view, terms=(), parts=parts)
    for axis, inner in view.terms:
        terms = reads[axis]
        if terms is None:
            raise Unknown
        for term in _composed(inner, terms, step.y):
            if term is None:
                return
            made = _with(made, *term)
    if _is_there(made, step.y):
        yield _settled(made, step.size)


def _is_there(view: View, y: Shape) -> bool:
    """Whether it is one of indices that the value has: a chunk of a concat has a part of them."""
    for axis, steps in view.terms:
        start = max(steps.start or 0, 0)
        stop = y.sizes[axis] if steps.stop is None else min(steps.stop, y.sizes[axis])
        within = range(start, min(stop, start + steps.period))
        if all(arithmetic.at(steps, index) is None for index in within):
            return False
    return True


def _parts(terms: Terms | None, size: int, y: Shape) -> frozenset[int]:
    """Where an axis goes of which not all indices see the same; nowhere if all are read at once."""
    free = [term for term in terms or () if term[0] != NO_AXIS and not _is_mark(term[1])]
    fixed = [steps for axis, steps in terms or () if axis == NO_AXIS]
    if terms is None or len(free) > 1 or any(each.step != 1 for _, each in terms):
        raise Unknown
    total = Steps(((0, 0),), 0)
    for steps in (*fixed, *(steps for _, steps in free)):
        total = arithmetic.added(total, steps)
    indices = y.sizes[free[0][0]] if free else 1
    if max(indices, size) > MOST_SPANS or not arithmetic.covers(total, indices, size):
        raise Unknown
    return frozenset(axis for axis, _ in free)


def _composed(inner: Steps, terms: Terms, y: Shape) -> Iterator[tuple[int, Steps] | None]:
    """A term of what `inner` gives for indices that are a sum; None: nothing is read."""
    free = [(axis, steps) for axis, steps in terms if axis != NO_AXIS]
    fixed = [steps for axis, steps in terms if axis == NO_AXIS]
    first, last, step = 0, 0, 1
    for steps in fixed:
        low, high = steps.spans[0] or (0, 0)
        wide = low != high
        step = min(step, steps.step) if not wide or first == last else 0
        step = steps.step if wide and first == last else step
        first, last = first + low, last + high
    rest = []
    yield from (term for term in free if _is_mark(term[1]))
    free = [term for term in free if not _is_mark(term[1])]
    for axis, steps in free:
        multiple = None
        if len(free) > 1 and not inner.bounded:
            multiple = arithmetic.scaled(steps, inner.shift, inner.period)
        if multiple is None:
            rest.append((axis, steps))
        else:
            yield axis, multiple
    if len(rest) > 1:
        raise Unknown
    if not rest:
        span = arithmetic.over(inner, first, last, step)
        solid = int(inner.step == 1 and step == 1)
        yield None if span is None else (NO_AXIS, Steps((span,), 0, solid))
        return
    ((axis, outer),) = rest
    if (first, last) != (0, 0):
        outer = arithmetic.added(outer, Steps(((first, last),), 0, step))
    yield axis, arithmetic.after(inner, outer, y.sizes[axis])


def _with(view: View, axis: int, steps: Steps) -> View:
    """A view with one more term."""
    if axis == NO_AXIS or (not steps.bounded and _is_flat(steps)):
        low, high = steps.spans[0] or (0, 0)
        step = view.step if low == high else min(view.step, steps.step)
        return replace(view, low=view.low + low, high=view.high + high, step=step)
    if _is_flat(steps) and not _is_mark(steps):
        zero = replace(steps, spans=((0, 0),))
        return _with(_with(view, NO_AXIS, replace(steps, start=None, stop=None)), axis, zero)
    known = dict(view.terms)
    known[axis] = arithmetic.added(known[axis], steps) if axis in known else steps
    return replace(view, terms=tuple(sorted(known.items(), key=lambda term: term[0])))


def _is_mark(steps: Steps) -> bool:
    """Whether it only says for which indices of an axis a view is."""
    return _is_flat(steps) and steps.spans[0] == (0, 0)


def _is_flat(steps: Steps) -> bool:
    return steps.shift == 0 and len(set(steps.spans)) == 1 and steps.spans[0] is not None


def _settled(view: View, size: int) -> View:
    """What all places see alike ends with the axis."""
    if not view.fixed:
        return view
    return replace(view, low=min(max(view.low, 0), size - 1), high=max(min(view.high, size - 1), 0))


def as_part(views: Views, axis: int, start: int, stop: int) -> Views:
    """Seen by what a value became a part of: its indices are those from `start` to `stop`."""
    if views is None:
        return None
    found = []
    for view in views:
        if axis in view.parts:
            return None
        known = dict(view.terms)
        steps = known.get(axis, Steps(((0, 0),), 0))
        part = arithmetic.after(steps, Steps(((-start, -start),), 1), stop)
        known[axis] = arithmetic.bounded(part, start, stop)
        found.append(replace(view, terms=tuple(sorted(known.items(), key=lambda term: term[0]))))
    return joined(found)


def joined(views: Iterable[View]) -> Views:
    """Few views that see the same as many."""
    left = _merged(views)
    if len(left) > FEW_VIEWS:
        left = _merged(map(_without_parts, left))
    if len(left) > MOST_VIEWS:
        raise Unknown
    return tuple(left)


def _without_parts(view: View) -> View:
    """The view as if all of an axis saw what a part of it sees."""
    parts = {axis for axis, steps in view.terms if _is_mark(steps)}
    terms = tuple((axis, steps) for axis, steps in view.terms if axis not in parts)
    return replace(view, terms=terms, parts=view.parts | parts)


def _merged(views: Iterable[View]) -> list[View]:
    by_terms: dict[tuple[tuple[int, Steps], ...], View] = {}
    for view in views:
        other = by_terms.get(view.terms)
        by_terms[view.terms] = view if other is None else _hull(view, other)
    left: list[View] = []
    alike: dict[tuple[int, Fraction], View] = {}
    for view in by_terms.values():
        pace = _pace(view)
        if pace is None:
            left.append(view)
        else:
            alike[pace] = _united(alike[pace], view) if pace in alike else view
    return [*left, *alike.values()]


def _united(one: View, other: View) -> View:
    """Two views that move along one axis at one pace."""
    axis = one.terms[0][0]
    pair = [
        arithmetic.added(view.terms[0][1], Steps(((view.low, view.high),), 0, view.step))
        for view in (one, other)
    ]
    union = arithmetic.united(*pair)
    return View(0, 0, ((axis, union),), parts=one.parts | other.parts)


def _pace(view: View) -> tuple[int, Fraction] | None:
    """The one axis along which a view moves, and how fast, if it can be united with such."""
    if len(view.terms) != 1 or view.terms[0][1].bounded:
        return None
    ((axis, steps),) = view.terms
    return axis, Fraction(steps.shift, steps.period)


def _hull(one: View, other: View) -> View:
    low, high = min(one.low, other.low), max(one.high, other.high)
    close = one.low <= other.high + 1 and other.low <= one.high + 1
    step = int(one.step == other.step == 1 and close)
    return View(low, high, one.terms, step, one.parts | other.parts)


Extent = int | Literal["all", "unknown"]


def extent(views: Views, y: Shape, size: int) -> Extent:
    """How many indices a place sees, from the first to the last, of an axis of this size.

    The axes of `y` but its features make its place. "all": each, however large the axis were.
    """
    if views is None:
        return "unknown"
    try:
        places = [of_a_place(view, y) for view in views]
        pairs = [(one, other, _width(one, other, y)) for one, other in product(places, repeat=2)]
    except Unknown:
        return "unknown"
    if any(view.fixed for view in places):
        wide = max(_within(one, other, width, size) for one, other, width in pairs)
        return "all" if wide >= size else wide
    return max((width for _, _, width in pairs if width is not None), default=0)


def _within(one: View, other: View, width: int | None, size: int) -> int:
    """The same of an axis that ends: what all places see does."""
    if width is None:
        return 0
    last = one.high if one.fixed else size - 1
    first = other.low if other.fixed else 0
    return min(width, last - first + 1)


def of_a_place(view: View, y: Shape) -> View:
    """The view of all features together."""
    made = replace(view, terms=(), parts=view.parts - {y.axis})
    if made.parts:
        raise Unknown
    for axis, steps in view.terms:
        if axis == y.axis and y.rank > 1:
            span = arithmetic.over(steps, 0, y.channels - 1, 1)
            made = made if span is None else _with(made, NO_AXIS, Steps((span,), 0, 0))
        else:
            made = _with(made, axis, steps)
    return made


def _width(one: View, other: View, y: Shape) -> int | None:
    """From where the other starts to where the one ends, at most, both counted."""
    nothing = Steps(((0, 0),), 0)
    ends: Mapping[int, Steps] = dict(one.terms)
    starts: Mapping[int, Steps] = dict(other.terms)
    total = one.high - other.low + 1
    for axis in ends.keys() | starts.keys():
        most = arithmetic.widest(ends.get(axis, nothing), starts.get(axis, nothing), y.sizes[axis])
        if most is None:
            return None
        total += most
    return total
