"""Arithmetic of what indices read: `Steps` after `Steps`, sums and unions of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from math import gcd, lcm

from archgen.layers.reads import MOST_SPANS, Span, Steps

MOST_WORK = 2**15  # spans that are looked at for one step


class Unknown(Exception):
    """What is read cannot be said, or takes too long to say."""


def at(steps: Steps, index: int) -> Span:
    """What an index reads."""
    if steps.start is not None and index < steps.start:
        return None
    if steps.stop is not None and index >= steps.stop:
        return None
    periods, rest = divmod(index, steps.period)
    return moved(steps.spans[rest], periods * steps.shift)


def moved(span: Span, by: int) -> Span:
    return None if span is None else (span[0] + by, span[1] + by)


def hull(spans: Iterable[Span]) -> Span:
    """From the first to the last index of any."""
    known = [span for span in spans if span is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def over(steps: Steps, first: int, last: int, step: int) -> Span:
    """What every `step`-th index from `first` to `last` reads; 0: some of them, not known which."""
    if step == 0:
        if not _rises(steps):
            raise Unknown
        step = 1
    if steps.start is not None and first < steps.start:
        first += -(-(steps.start - first) // step) * step
    if steps.stop is not None and last >= steps.stop:
        last = steps.stop - 1
    if first > last:
        return None
    last = first + (last - first) // step * step
    # What comes a period later lies no lower: the ends are at the first and the last period.
    cycle = steps.period // gcd(steps.period, step)
    count = (last - first) // step + 1
    early = range(first, first + min(count, cycle) * step, step)
    late = range(last, last - min(count, cycle) * step, -step)
    return hull(at(steps, index) for index in (*early, *late))


def _rises(steps: Steps) -> bool:
    """Whether a later index reads nothing lower than an earlier one, and each reads something."""
    if steps.bounded or None in steps.spans:
        return False
    spans = [at(steps, index) for index in range(steps.period + 1)]
    known = [span for span in spans if span is not None]
    pairs = itertools.pairwise(known)
    return all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairs)


def after(inner: Steps, outer: Steps, size: int) -> Steps:
    """What the indices read through what they read: `inner` of the indices in `outer`.

    size: how many indices there are.
    """
    if (outer.shift, outer.period) == (1, 1) and outer.spans[0] is not None:
        first, last = outer.spans[0]
        if first == last:
            return _limited(_started_at(inner, first), outer)
    if inner.bounded or outer.bounded:
        return _listed(inner, outer, size)
    times = inner.period // gcd(inner.period, outer.shift) if outer.shift else 1
    if outer.period * times * inner.period > MOST_WORK:
        return _listed(inner, outer, size)
    spans = tuple(_through(inner, outer, index) for index in range(outer.period * times))
    shift = outer.shift * times // inner.period * inner.shift
    return reduced(Steps(spans, shift, _solid(inner, outer, spans)))


def _listed(inner: Steps, outer: Steps, size: int) -> Steps:
    """Index by index."""
    if size * min(inner.period, MOST_SPANS) > MOST_WORK:
        raise Unknown
    spans = tuple(_through(inner, outer, index) for index in range(size))
    return Steps(spans, 0, _solid(inner, outer, spans), 0, size)


def _through(inner: Steps, outer: Steps, index: int) -> Span:
    read = at(outer, index)
    return None if read is None else over(inner, *read, outer.step)


def _solid(inner: Steps, outer: Steps, spans: Iterable[Span]) -> int:
    """1 if no index is left out of the spans, as far as is easily seen; else 0."""
    if all(span is None or span[0] == span[1] for span in spans):
        return 1
    whole = outer.step == 1 or all(span is None or span[0] == span[1] for span in outer.spans)
    if not whole or inner.step != 1 or inner.bounded or None in inner.spans:
        return 0
    ends = [at(inner, index) for index in range(inner.period + 1)]
    pairs = itertools.pairwise(ends)
    close = all(a and b and a[0] <= b[0] <= a[1] + 1 for a, b in pairs)
    return int(close or all(span is None or span[0] == span[1] for span in outer.spans))


def _started_at(steps: Steps, first: int) -> Steps:
    """The same, counted from an index on."""
    free = replace(steps, start=None, stop=None)
    spans = tuple(at(free, index + first) for index in range(steps.period))
    start = None if steps.start is None else steps.start - first
    stop = None if steps.stop is None else steps.stop - first
    return Steps(spans, steps.shift, steps.step, start, stop)


def reduced(steps: Steps) -> Steps:
    """With the shortest period."""
    period = steps.period
    for shorter in range(1, period):
        if period % shorter or steps.shift * shorter % period:
            continue
        shift = steps.shift * shorter // period
        spans = steps.spans
        if all(spans[i] == moved(spans[i - shorter], shift) for i in range(shorter, period)):
            return replace(steps, spans=spans[:shorter], shift=shift)
    return steps


def _limited(steps: Steps, other: Steps) -> Steps:
    """The same where the other reads anything."""
    if other.start is None or other.stop is None:
        return steps
    return bounded(steps, other.start, other.stop)


def bounded(steps: Steps, start: int, stop: int) -> Steps:
    """The same between two indices."""
    first = start if steps.start is None else max(start, steps.start)
    last = stop if steps.stop is None else min(stop, steps.stop)
    return replace(steps, start=first, stop=last)


def added(one: Steps, other: Steps) -> Steps:
    """What both read of the same index, added up."""
    period = _common(one, other)
    free, rest = replace(one, start=None, stop=None), replace(other, start=None, stop=None)
    pairs = [(at(free, index), at(rest, index)) for index in range(period)]
    spans = tuple((a[0] + b[0], a[1] + b[1]) if a and b else None for a, b in pairs)
    shift = one.shift * period // one.period + other.shift * period // other.period
    total = reduced(Steps(spans, shift, int(one.step == other.step == 1)))
    return _limited(_limited(total, one), other)


def united(one: Steps, other: Steps) -> Steps:
    """What either reads; both go at one pace and have no bounds."""
    period = _common(one, other)
    pairs = [(at(one, index), at(other, index)) for index in range(period)]
    close = all(a and b and a[0] <= b[1] + 1 and b[0] <= a[1] + 1 for a, b in pairs)
    spans = tuple(map(hull, pairs))
    step = int(one.step == other.step == 1 and close)
    return reduced(Steps(spans, one.shift * period // one.period, step))


def _common(one: Steps, other: Steps) -> int:
    period = lcm(one.period, other.period)
    if period > MOST_SPANS:
        raise Unknown
    return period


def scaled(steps: Steps, by: int, to: int) -> Steps | None:
    """Each index that is read, `by` for every `to`; None if one is not so many whole times `to`."""
    spans = []
    for span in steps.spans:
        if steps.bounded or span is None or span[0] != span[1] or span[0] % to:
            return None
        spans.append((span[0] // to * by,) * 2)
    if steps.shift % to:
        return None
    return Steps(tuple(spans), steps.shift // to * by)


def widest(one: Steps, other: Steps, size: int) -> int | None:
    """How far the end of what one reads is behind the start of what the other reads, at most.

    Of the same index, of so many; None if no index reads of both.
    """
    if one.bounded or other.bounded:
        if size > MOST_SPANS:
            raise Unknown
        indices: Iterable[int] = range(size)
    else:  # a line and what repeats: largest in the first period or in the last
        period = min(_common(one, other), size)
        indices = (*range(period), *range(size - period, size))
    spans = ((at(one, index), at(other, index)) for index in indices)
    return max((a[1] - b[0] for a, b in spans if a and b), default=None)


def covers(steps: Steps, count: int, size: int) -> bool:
    """Whether so many indices read all of an axis together."""
    read: set[int] = set()
    for index in range(count):
        span = at(steps, index)
        if span is not None:
            read.update(range(max(span[0], 0), min(span[1] + 1, size)))
    return len(read) == size
