"""The numbers of a formula by their positions, computed as Python does. Knows no names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from archgen.formula import LOOPS, Formula
from archgen.resolve.expressions import ARITHMETIC, COMPARISONS
from archgen.resolve.values import LARGEST_NUMBER
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in

Number = int | float | bool
At = Sequence[int]  # the loops, from the outside in
Worth = Callable[[At], Number]


def leaves(expr: tree.Expr) -> Iterator[tree.Expr]:
    match expr:
        case tree.Comprehension(element=element):
            yield from leaves(element)
        case tree.ListOf(items):
            for item in items:
                yield from leaves(item)
        case _:
            yield expr


def over(iterable: tree.Expr) -> range:
    assert isinstance(iterable, tree.Apply)
    return range(*(int(worth_of(argument.value)([])) for argument in iterable.arguments))


def numbers_of(formula: Formula) -> object:
    """All its numbers, in nested lists."""
    return _numbers(formula.expr, [])


def _numbers(expr: tree.Expr, at: At) -> object:
    match expr:
        case tree.Comprehension(element=element, iterable=iterable):
            return [_numbers(element, [*at, each]) for each in over(iterable)]
        case tree.ListOf(items):
            return [_numbers(item, at) for item in items]
        case _:
            return worth_of(expr)(at)


@lru_cache(maxsize=256)
def bounds_of(expr: tree.Expr) -> tuple[int, int] | None:
    """The least and the largest number; each is computed, so that what has no result is met."""
    loops: list[range] = []
    inner = expr
    while isinstance(inner, tree.Comprehension):
        loops.append(over(inner.iterable))
        inner = inner.element
    least: Number | None = None
    most: Number | None = None
    for leaf in leaves(inner):
        worth = worth_of(leaf)
        for at in product(*loops):
            number = worth(at)
            if least is None or number < least:
                least = number
            if most is None or number > most:
                most = number
    assert least is not None
    assert most is not None
    for number in (least, most):
        if isinstance(number, float) and not math.isfinite(number):
            raise OverflowError
    return (int(least), int(most)) if isinstance(least, int) else None


_SAFE = {"abs", "min", "max", "sin", "cos"}
_SMALL, _SHORT = 1e6, 40  # of numbers so small, so few operations make no infinity


def is_safe(expr: tree.Expr) -> bool:
    """Whether it has a result at every position, as can be told without computing them."""
    nodes = list(nodes_in(expr))
    for node in nodes:
        match node:
            case tree.Number(value) if abs(value) > _SMALL:
                return False
            case tree.Binary("**"):
                return False
            case tree.Binary("/", _, by) if not isinstance(by, tree.Number) or not by.value:
                return False
            case tree.Apply(tree.Name((name,))) if name not in {*_SAFE, "range"}:
                return False
            case _:
                pass
    return len(nodes) <= 2 * _SHORT


def without_result(expr: tree.Expr) -> str:
    """Where a formula has no result: its first such position."""
    loops: list[range] = []
    while isinstance(expr, tree.Comprehension):
        loops.append(over(expr.iterable))
        expr = expr.element
    for leaf in leaves(expr):
        worth = worth_of(leaf)
        for at in product(*loops):
            try:
                worth(at)
            except (ZeroDivisionError, ValueError, OverflowError):
                return f"at {list(at)}"
    return ""


def worth_of(expr: tree.Expr) -> Worth:
    """A number of a formula as a function of the loops."""
    match expr:
        case tree.Number() | tree.Boolean():
            constant = expr.value
            return lambda at: constant
        case tree.Name((name,)):
            place = LOOPS.index(name)
            return lambda at: at[place]
        case tree.Unary("not", operand):
            inner = worth_of(operand)
            return lambda at: not inner(at)
        case tree.Unary(_, operand):
            inner = worth_of(operand)
            return lambda at: -inner(at)
        case tree.Binary(op, left, right):
            return _operation(op, worth_of(left), worth_of(right))
        case tree.Compare(first, rest):
            operands = [worth_of(first), *(worth_of(operand) for _, operand in rest)]
            return _comparison([op for op, _ in rest], operands)
        case tree.Logic(op, operands):
            parts = [worth_of(each) for each in operands]
            both = all if op == "and" else any
            return lambda at: both(part(at) for part in parts)
        case tree.Choose(value, condition, otherwise):
            one, test, other = worth_of(value), worth_of(condition), worth_of(otherwise)
            return lambda at: one(at) if test(at) else other(at)
        case tree.Apply(tree.Name((name,)), arguments):
            function = _FUNCTIONS[name]
            given = [worth_of(argument.value) for argument in arguments]
            return lambda at: function(*(each(at) for each in given))
        case _:
            raise AssertionError(expr)


def _operation(op: str, left: Worth, right: Worth) -> Worth:
    operate = ARITHMETIC[op]

    def worth(at: Sequence[int]) -> Number:
        made = operate(left(at), right(at))
        if isinstance(made, complex):
            raise ValueError
        if abs(made) > LARGEST_NUMBER and isinstance(made, int):
            raise OverflowError
        return made

    return worth


def _comparison(ops: Sequence[str], operands: Sequence[Worth]) -> Worth:
    tests = [COMPARISONS[op] for op in ops]

    def worth(at: Sequence[int]) -> bool:
        found = [each(at) for each in operands]
        pairs = zip(tests, found, found[1:], strict=False)
        return all(test(one, other) for test, one, other in pairs)

    return worth


_FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": int,
    "log": math.log,
    "log2": math.log2,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "exp": math.exp,
}
