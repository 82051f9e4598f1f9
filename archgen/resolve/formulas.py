"""A list in the text -> a formula: closed, its sizes known, each number computed once.

A comprehension is not expanded: what it comes to is computed number by number, to refuse what
has no result and to know the bounds of an index. What no expression of torch says (a list by a
condition, items of another list) is evaluated as any list is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import prod

from archgen.diagnostics import Fault, error
from archgen.formula import LOOPS, ROUNDING, SMOOTH, Formula, kind_in
from archgen.resolve.expressions import evaluate, sequence
from archgen.resolve.positions import bounds_of, is_safe, leaves, over, without_result
from archgen.resolve.values import (
    Environment,
    Items,
    is_integer,
    is_number,
    kind_of,
)
from archgen.shapes import Kind
from archgen.syntax import tree
from archgen.text import Span

MOST_NUMBERS = 1_000_000
A_STEP = 16  # numbers that count as one step of the work for a network


class _NoFormula(Exception):
    """Something that is no expression over rectangular loops."""


def formula_of(expr: tree.Expr, env: Environment) -> Formula:
    """The formula that a list is. Raises `Fault`."""
    try:
        closed = _closed(expr, env, {})
    except _NoFormula:
        closed = _literal(evaluate(expr, env), expr.span)
    sizes = _sizes(closed)
    kind = _kind(closed, expr.span)
    count = prod(sizes)
    if count > MOST_NUMBERS:
        message = f"a formula of {count:_} numbers"
        raise Fault(error("A402", message, expr.span, f"at most {MOST_NUMBERS:_}"))
    env.budget.spend(expr.span, count // A_STEP)
    try:
        bounds = None if kind != "index" and is_safe(closed) else bounds_of(closed)
    except (ZeroDivisionError, ValueError):
        message = "the result is not a real number"
        raise Fault(error("A111", message, expr.span, without_result(closed))) from None
    except OverflowError:
        raise Fault(
            error("A403", "a number is too large", expr.span, without_result(closed))
        ) from None
    from archgen.syntax.format import format_expression

    exact = bounds if kind == "index" and not _rounds(closed) else None
    return Formula(format_expression(closed), closed, sizes, kind, exact)


# --- closed ---------------------------------------------------------------------------------


def _closed(expr: tree.Expr, env: Environment, loops: Mapping[str, str]) -> tree.Expr:
    """The expression with everything but its loops computed. Raises `_NoFormula`, `Fault`."""
    env.budget.spend(expr.span)
    match expr:
        case tree.Comprehension(element, (str(name),), iterable, None):
            if len(loops) == len(LOOPS) or _reads(iterable, loops):
                raise _NoFormula
            over = _range(sequence(iterable, env))
            own = LOOPS[len(loops)]
            # Its own name is unknown outside of the loop; the value is that of none of them.
            inner = _closed(element, env.with_names({name: 0}), {**loops, name: own})
            return tree.Comprehension(inner, (own,), over, None)
        case tree.ListOf(items) if loops:
            return tree.ListOf(tuple(_scalar(item, env, loops) for item in items))
        case tree.ListOf() | tree.Comprehension():
            raise _NoFormula
        case _ if loops:
            return _scalar(expr, env, loops)
        case _:
            raise _NoFormula


def _reads(expr: tree.Expr, loops: Mapping[str, str]) -> bool:
    from archgen.syntax.walk import nodes_in

    names = (node for node in nodes_in(expr) if isinstance(node, tree.Name))
    return any(name.parts[0] in loops for name in names)


def _range(items: Items) -> tree.Expr:
    """The `range` of a list that is one."""
    numbers = [item for item in items if is_integer(item)]
    if not numbers or len(numbers) < len(items):
        raise _NoFormula
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    whole = range(numbers[0], numbers[0] + step * len(numbers), step or 1)
    if list(whole) != numbers:
        raise _NoFormula
    bounds = [whole.start, whole.stop, whole.step]
    if whole.step == 1:
        bounds = bounds[whole.start == 0 : 2]
    return _called("range", *map(_constant, bounds))


def _called(name: str, *arguments: tree.Expr) -> tree.Apply:
    return tree.Apply(tree.Name((name,)), tuple(tree.Argument(None, each) for each in arguments))


def _constant(value: object) -> tree.Expr:
    if isinstance(value, bool):
        return tree.Boolean(value)
    if not is_number(value):
        raise _NoFormula
    made = tree.Number(abs(value))
    return tree.Unary("-", made) if value < 0 or math.copysign(1, value) < 0 else made


def _scalar(expr: tree.Expr, env: Environment, loops: Mapping[str, str]) -> tree.Expr:
    """A number of a formula, with a fixed kind. Raises `_NoFormula`."""
    if not _reads(expr, loops):
        return _constant(evaluate(expr, env))

    def go(part: tree.Expr) -> tree.Expr:
        return _scalar(part, env, loops)

    match expr:
        case tree.Name((name,)):
            made: tree.Expr = tree.Name((loops[name],))
        case tree.Unary(op, operand):
            made = tree.Unary(op, go(operand))
        case tree.Binary(op, left, right):
            made = tree.Binary(op, go(left), go(right))
        case tree.Compare(first, rest):
            made = tree.Compare(go(first), tuple((op, go(operand)) for op, operand in rest))
        case tree.Logic(op, operands):
            made = tree.Logic(op, tuple(map(go, operands)))
        case tree.Choose(value, condition, otherwise):
            made = tree.Choose(go(value), go(condition), go(otherwise))
        case tree.Apply(tree.Name((name,)), arguments) if name not in env.names:
            made = _called(name, *(go(argument.value) for argument in arguments))
            if any(argument.name for argument in arguments):
                raise _NoFormula
        case _:
            raise _NoFormula
    if not _is_fit(made):
        raise _NoFormula
    return _added(made)


def _added(expr: tree.Expr) -> tree.Expr:
    """`a + 7 - 1` as `a + 6`, of integers."""
    signs = {"+": 1, "-": -1}
    match expr:
        case tree.Binary(
            op, tree.Binary(inner, left, tree.Number(int(one))), tree.Number(int(two))
        ):
            if op not in signs or inner not in signs or kind_in(left) != "index":
                return expr
            total = signs[inner] * one + signs[op] * two
            return tree.Binary("+" if total >= 0 else "-", left, tree.Number(abs(total)))
        case _:
            return expr


def _is_fit(expr: tree.Expr) -> bool:
    """Whether torch computes the same for all positions at once."""
    numbers = {"index", "float"}
    match expr:
        case tree.Unary("not", operand):
            return kind_in(operand) == "bool"
        case tree.Unary(_, operand):
            return kind_in(operand) in numbers
        case tree.Binary("//" | "%", left, right):
            return kind_in(left) in numbers and _is_divisor(right)
        case tree.Binary("**", left, right):
            whole = kind_in(left) == kind_in(right) == "index"
            return not whole or (isinstance(right, tree.Number) and right.value >= 0)
        case tree.Binary(_, left, right):
            return {kind_in(left), kind_in(right)} <= numbers
        case tree.Compare(first, rest):
            kinds = {kind_in(first), *(kind_in(operand) for _, operand in rest)}
            equal = all(op in {"==", "!="} for op, _ in rest)
            return kinds <= numbers or (kinds == {"bool"} and equal)
        case tree.Logic(_, operands):
            return all(kind_in(each) == "bool" for each in operands)
        case tree.Choose(value, condition, otherwise):
            sides = {kind_in(value), kind_in(otherwise)}
            return kind_in(condition) == "bool" and (sides <= numbers or sides == {"bool"})
        case tree.Apply(tree.Name((name,)), arguments):
            kinds = {kind_in(argument.value) for argument in arguments}
            several = name in {"min", "max"} and len(arguments) > 1
            alone = name in {"abs", *ROUNDING, *SMOOTH} and len(arguments) == 1
            return kinds <= numbers and (several or alone)
        case _:
            return True


def _is_divisor(expr: tree.Expr) -> bool:
    """A number that is there before, so that none of those that nobody asks for divides by 0."""
    plain = expr.operand if isinstance(expr, tree.Unary) else expr
    return isinstance(plain, tree.Number) and plain.value != 0


def _literal(value: object, span: Span) -> tree.Expr:
    """A list of numbers, written out."""
    if isinstance(value, Items):
        if not value:
            raise Fault(error("A109", "a list of values is not empty", span))
        return tree.ListOf(tuple(_literal(item, span) for item in value))
    if not (is_number(value) or isinstance(value, bool)):
        message = f"values are numbers in lists, not {kind_of(value)}"
        raise Fault(
            error("A109", message, span, help="[1.0, 0.5], or [[i + j for j in range(3)] ...]")
        )
    return _constant(value)


# --- sizes and numbers ------------------------------------------------------------------------


def _sizes(expr: tree.Expr) -> tuple[int, ...]:
    match expr:
        case tree.Comprehension(element=element, iterable=iterable):
            return (len(over(iterable)), *_sizes(element))
        case tree.ListOf(items):
            inner = {_sizes(item) for item in items}
            if len(inner) > 1:
                at = items[0].span
                message = "the rows of a list of values have one length"
                raise Fault(error("A109", message, at, " and ".join(map(str, sorted(inner)))))
            return (len(items), *inner.pop())
        case _:
            return ()


def _kind(expr: tree.Expr, span: Span) -> Kind:
    kinds = {kind_in(each) for each in leaves(expr)}
    if "bool" in kinds and len(kinds) > 1:
        raise Fault(error("A109", "numbers and booleans in one list of values", span))
    return kind_in(expr)


def _rounds(expr: tree.Expr) -> bool:
    """Whether an integer is rounded from what machines compute with another last digit."""
    from archgen.syntax.walk import nodes_in

    inexact = SMOOTH - {"sqrt"}
    return any(
        (isinstance(node, tree.Apply) and node.function.text in inexact)
        or (isinstance(node, tree.Binary) and node.op == "**" and kind_in(node) == "float")
        for node in nodes_in(expr)
    )
