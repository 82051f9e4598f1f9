"""The functions of expressions: `range`, `len`, `divisible` and the like, as Python has them.

Each takes the place of its call and positional values; its docstring is the hint when the
arguments do not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from archgen.diagnostics import Fault, error
from archgen.resolve.values import Items, Numeric, is_integer, is_number, kind_of, show
from archgen.text import Span

MOST_DIGITS = 300  # a float has no more


def _numbers(span: Span, *values: object) -> tuple[Numeric, ...]:
    for value in values:
        if not is_number(value):
            raise Fault(
                error("A110", f"a number is needed here, not {kind_of(value)}", span, show(value))
            )
    return values  # type: ignore[return-value]


def _integers(span: Span, *values: object) -> tuple[int, ...]:
    for value in values:
        if not is_integer(value):
            raise Fault(
                error("A110", f"an integer is needed here, not {kind_of(value)}", span, show(value))
            )
    return values  # type: ignore[return-value]


def _items(span: Span, value: object) -> Items:
    if not isinstance(value, Items):
        raise Fault(
            error("A110", f"a list is needed here, not {kind_of(value)}", span, show(value))
        )
    return value


def _range(span: Span, first: object, /, *more: object) -> Items:
    """range(stop), range(start, stop) or range(start, stop, step)"""
    bounds = _integers(span, first, *more)
    if len(bounds) == 3 and bounds[2] == 0:
        raise Fault(error("A111", "a range with step 0", span))
    return Items.of(range(*bounds), span)


def _len(span: Span, items: object, /) -> int:
    """len(list)"""
    return len(items) if isinstance(items, str) else len(_items(span, items))


def _sum(span: Span, items: object, /) -> Numeric:
    """sum(list of numbers)"""
    return sum(_numbers(span, *_items(span, items)))


def _extreme(choose: Callable[[Sequence[Numeric]], Numeric]) -> Callable[..., Numeric]:
    def function(span: Span, first: object, /, *more: object) -> Numeric:
        values = _items(span, first) if not more and isinstance(first, Items) else (first, *more)
        return choose(_numbers(span, *values))

    function.__doc__ = f"{choose.__name__}(a, b, ...) or {choose.__name__}(list of numbers)"
    return function


def _abs(span: Span, value: object, /) -> Numeric:
    """abs(number)"""
    return abs(_numbers(span, value)[0])


def _round(span: Span, value: object, digits: object = None, /) -> Numeric:
    """round(number) or round(number, digits): half to even, as Python's"""
    if digits is None:
        return round(_numbers(span, value)[0])
    places = _integers(span, digits)[0]
    if abs(places) > MOST_DIGITS:
        raise Fault(error("A403", f"more than {MOST_DIGITS} digits", span))
    return round(_numbers(span, value)[0], places)


def _floor(span: Span, value: object, /) -> int:
    """floor(number)"""
    return math.floor(_numbers(span, value)[0])


def _ceil(span: Span, value: object, /) -> int:
    """ceil(number)"""
    return math.ceil(_numbers(span, value)[0])


def _int(span: Span, value: object, /) -> int:
    """int(number): towards zero, as Python's"""
    return int(_numbers(span, value)[0])


def _zip(span: Span, first: object, /, *more: object) -> Items:
    """zip(list, list, ...): lists of one length"""
    lists = [_items(span, item) for item in (first, *more)]
    if len({len(items) for items in lists}) > 1:
        lengths = ", ".join(str(len(items)) for items in lists)
        raise Fault(error("A111", f"`zip` of lists of different lengths: {lengths}", span))
    return Items.of((Items.of(row, span) for row in zip(*lists, strict=True)), span)


def _enumerate(span: Span, items: object, start: object = 0, /) -> Items:
    """enumerate(list) or enumerate(list, start)"""
    first = _integers(span, start)[0]
    pairs = enumerate(_items(span, items), first)
    return Items.of((Items.of(pair, span) for pair in pairs), span)


def _log(span: Span, value: object, /) -> float:
    """log(number): the natural logarithm"""
    return math.log(_numbers(span, value)[0])


def _log2(span: Span, value: object, /) -> float:
    """log2(number)"""
    return math.log2(_numbers(span, value)[0])


def _sqrt(span: Span, value: object, /) -> float:
    """sqrt(number)"""
    return math.sqrt(_numbers(span, value)[0])


def _sin(span: Span, value: object, /) -> float:
    """sin(number), of radians"""
    return math.sin(_numbers(span, value)[0])


def _cos(span: Span, value: object, /) -> float:
    """cos(number), of radians"""
    return math.cos(_numbers(span, value)[0])


def _exp(span: Span, value: object, /) -> float:
    """exp(number)"""
    return math.exp(_numbers(span, value)[0])


def _divisible(span: Span, v: object, by: object = 8) -> int:
    """divisible(v, by=8): the nearest multiple of `by`, not less than 0.9 v and at least `by`"""
    (value,), (step,) = _numbers(span, v), _integers(span, by)
    if step < 1:
        raise Fault(error("A111", "`by` must be at least 1", span))
    nearest = max(step, int(value + step / 2) // step * step)
    return nearest + step if nearest < 0.9 * value else nearest


FUNCTIONS: dict[str, Callable[..., object]] = {
    "range": _range,
    "len": _len,
    "sum": _sum,
    "min": _extreme(min),
    "max": _extreme(max),
    "abs": _abs,
    "round": _round,
    "floor": _floor,
    "ceil": _ceil,
    "int": _int,
    "zip": _zip,
    "enumerate": _enumerate,
    "log": _log,
    "log2": _log2,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "exp": _exp,
    "divisible": _divisible,
}


def is_function(name: str, scope: Mapping[str, object]) -> bool:
    """Whether a name that is called in an expression is a function: of a file that gives the name
    to a block or constant it is not. A layer of that name (`max`, `sqrt`) is one where applied."""
    return name in FUNCTIONS and (name not in scope or isinstance(scope[name], type))
