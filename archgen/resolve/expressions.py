"""Expressions -> values: Python's arithmetic, bounded in size and time.

A mistake of the spec raises `Fault`; what depends on an unknown shape raises `Unknown`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from archgen.diagnostics import Diagnostic, Fault, error
from archgen.layers.base import AUTO
from archgen.resolve.arguments import match_arguments, parameters_of, takes_others
from archgen.resolve.functions import FUNCTIONS, is_function
from archgen.resolve.lookup import lookup
from archgen.resolve.values import (
    LARGEST_NUMBER,
    LONGEST_LIST,
    LONGEST_STRING,
    Environment,
    Items,
    LayerValue,
    Numeric,
    Several,
    TensorValue,
    holds_tensors,
    is_integer,
    is_number,
    kind_of,
    show,
    weigh,
)
from archgen.syntax import tree
from archgen.text import Span


def evaluate(expr: tree.Expr, env: Environment) -> object:
    """The value of an expression. Raises `Fault` (a mistake) or `Unknown`."""
    env.budget.spend(expr.span)
    match expr:
        case tree.Number() | tree.String() | tree.Boolean():
            return expr.value
        case tree.Nothing():
            return None
        case tree.Auto():
            return AUTO
        case tree.Template():
            return render(expr, env)
        case tree.Name():
            return lookup(expr, env)
        case tree.Apply():
            return _apply(expr, env)
        case tree.ListOf():
            return Items.of((evaluate(item, env) for item in expr.items), expr.span)
        case tree.Comprehension():
            return Items.of(_comprehension(expr, env), expr.span)
        case tree.Index():
            return _index(expr, env)
        case tree.Slice():
            return _slice(expr, env)
        case tree.Unary():
            return _unary(expr, env)
        case tree.Binary():
            return _binary(expr, env)
        case tree.Compare():
            return _compare(expr, env)
        case tree.Logic():
            return _logic(expr, env)
        case tree.Choose():
            taken = expr.value if truth(expr.condition, env) else expr.otherwise
            return evaluate(taken, env)
        case tree.Value():
            return _value(expr, env)
        case tree.Member():
            return _value(tree.Value(expr, span=expr.span), env)
        case _:
            assert_never(expr)


def truth(expr: tree.Expr, env: Environment) -> bool:
    """Whether a condition holds: Python's rule for booleans, numbers, strings, lists, none."""
    value = evaluate(expr, env)
    if isinstance(value, LayerValue | TensorValue | Several) or value is AUTO:
        message = f"{kind_of(value)} is not a condition"
        raise Fault(error("A110", message, expr.span, help="compare it: `x != none`, `x == auto`"))
    return bool(value)


def integer(expr: tree.Expr, env: Environment, what: str) -> int:
    """An expression that must be worth an integer."""
    value = evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int):
        hint = "say `int(...)`" if isinstance(value, float) else None
        message = f"{what} must be an integer, not {kind_of(value)}"
        raise Fault(error("A109", message, expr.span, show(value), help=hint))
    return value


def sequence(expr: tree.Expr, env: Environment) -> Items:
    """An expression that must be worth a list: what a `for` goes over."""
    value = evaluate(expr, env)
    if not isinstance(value, Items):
        hint = "`range(n)` counts from 0 to n - 1" if isinstance(value, int) else None
        message = f"a list is needed here, not {kind_of(value)}"
        raise Fault(error("A110", message, expr.span, show(value), help=hint))
    return value


def render(template: tree.Template, env: Environment) -> str:
    """The text of a quoted name."""
    parts = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        value = evaluate(part, env)
        if isinstance(value, bool) or not isinstance(value, int | str):
            message = f"a name is made of integers and strings, not of {kind_of(value)}"
            raise Fault(error("A110", message, part.span, show(value)))
        parts.append(str(value))
    return "".join(parts)


def unpack(targets: Sequence[tree.Target], value: object, span: Span) -> dict[str, object]:
    """`a, b` of a `let`, `for` or comprehension with their values."""
    return _parts(targets[0] if len(targets) == 1 else tuple(targets), value, span)


def _parts(target: tree.Target, value: object, span: Span) -> dict[str, object]:
    if isinstance(target, str):
        return {target: value}
    if not isinstance(value, Items) or len(value) != len(target):
        got = f"a list of {len(value)}" if isinstance(value, Items) else kind_of(value)
        names = "one name" if len(target) == 1 else f"{len(target)} names"
        raise Fault(error("A116", f"{names} for {got}", span, show(value)))
    found: dict[str, object] = {}
    for inner, item in zip(target, value, strict=True):
        found |= _parts(inner, item, span)
    return found


def _value(expr: tree.Value, env: Environment) -> object:
    if env.value is None:
        message = "`from` has no meaning here"
        raise Fault(error("A113", message, expr.span, help="only a body has values"))
    return env.value(expr.place, env)


# --- operators ------------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[[Numeric, Numeric], Numeric]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
COMPARISONS: dict[str, Callable[..., bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _binary(expr: tree.Binary, env: Environment) -> object:
    left, right = evaluate(expr.left, env), evaluate(expr.right, env)
    if expr.op == "+" and isinstance(left, str) and isinstance(right, str):
        return _text(left + right, expr.span)
    if expr.op == "+" and isinstance(left, Items) and isinstance(right, Items):
        _charge(env, expr.span, left, right)
        return Items.of((*left, *right), expr.span)
    if expr.op == "*" and isinstance(left, Items) and is_integer(right):
        return _repeated(left, right, env, expr.span)
    for side, value in ((expr.left, left), (expr.right, right)):
        if not is_number(value):
            message = f"`{expr.op}` takes numbers, not {kind_of(value)}"
            raise Fault(error("A110", message, side.span, show(value)))
    return arithmetic(expr.op, left, right, expr.span)  # type: ignore[arg-type]


def arithmetic(op: str, left: Numeric, right: Numeric, span: Span) -> Numeric:
    """A number from two. Raises `Fault` for what has no result or too large a one."""
    if op == "**" and _power_too_large(left, right):
        raise Fault(_too_large(span))
    try:
        result = ARITHMETIC[op](left, right)
    except ZeroDivisionError:
        raise Fault(error("A111", "division by zero", span)) from None
    except OverflowError:
        raise Fault(_too_large(span)) from None
    return number(result, span)


def number(value: object, span: Span) -> Numeric:
    """A result of arithmetic, if it is one that a spec can use."""
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise Fault(error("A111", "the result is not a real number", span))
    assert isinstance(value, int | float)
    if abs(value) > LARGEST_NUMBER and isinstance(value, int):
        raise Fault(_too_large(span))
    return value


def _power_too_large(base: Numeric, exponent: Numeric) -> bool:
    if not isinstance(base, int) or not isinstance(exponent, int) or abs(base) < 2:
        return False
    return abs(exponent) > 64 or base.bit_length() * abs(exponent) > 256


def _too_large(span: Span) -> Diagnostic:
    return error("A403", "the number is too large", span, "more than 2 ** 63 - 1")


def _text(text: str, span: Span) -> str:
    if len(text) > LONGEST_STRING:
        raise Fault(error("A402", f"a string of more than {LONGEST_STRING:_} characters", span))
    return text


def _charge(env: Environment, span: Span, *values: object) -> None:
    """Looking at long lists or copying them is work."""
    env.budget.spend(span, sum(map(weigh, values)) // 4)


def _repeated(items: Items, times: int, env: Environment, span: Span) -> Items:
    def endlessly() -> Iterator[object]:
        for _ in range(times):
            yield from items

    made = Items.of(endlessly() if items else (), span)
    _charge(env, span, made)
    return made


def _unary(expr: tree.Unary, env: Environment) -> object:
    if expr.op == "not":
        return not truth(expr.operand, env)
    value = evaluate(expr.operand, env)
    if not is_number(value):
        message = f"`-` takes a number, not {kind_of(value)}"
        raise Fault(error("A110", message, expr.operand.span, show(value)))
    return number(-value, expr.span)


def _compare(expr: tree.Compare, env: Environment) -> bool:
    left = evaluate(expr.first, env)
    for op, operand in expr.rest:
        right = evaluate(operand, env)
        _charge(env, expr.span, left, right)
        if not _compares(op, left, right, expr.span):
            return False
        left = right
    return True


def _compares(op: str, left: object, right: object, span: Span) -> bool:
    if op in {"==", "!="}:
        return (equal(left, right)) is (op == "==")
    both_numbers = is_number(left) and is_number(right)
    if not both_numbers and not (isinstance(left, str) and isinstance(right, str)):
        message = f"`{op}` cannot compare {kind_of(left)} with {kind_of(right)}"
        raise Fault(error("A110", message, span))
    return COMPARISONS[op](left, right)


def equal(left: object, right: object) -> bool:
    """Equality of the language: numbers by value, a boolean equals no number."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, Items) and isinstance(right, Items):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, LayerValue) and isinstance(right, LayerValue):
        one, other = dict(left.arguments), dict(right.arguments)
        alike = left.target is right.target and one.keys() == other.keys()
        return alike and all(equal(value, other[name]) for name, value in one.items())
    return bool(left == right)


def _logic(expr: tree.Logic, env: Environment) -> bool:
    holds = (truth(operand, env) for operand in expr.operands)
    return all(holds) if expr.op == "and" else any(holds)


# --- lists ----------------------------------------------------------------------------------


def _comprehension(expr: tree.Comprehension, env: Environment) -> Iterator[object]:
    for item in sequence(expr.iterable, env):
        inner = env.with_names(unpack(expr.targets, item, expr.iterable.span))
        if expr.condition is None or truth(expr.condition, inner):
            yield evaluate(expr.element, inner)


def _index(expr: tree.Index, env: Environment) -> object:
    base = evaluate(expr.base, env)
    if not isinstance(base, Items | str):
        message = f"{kind_of(base)} has no items"
        raise Fault(error("A110", message, expr.base.span, show(base)))
    at = integer(expr.index, env, "an index")
    if not -len(base) <= at < len(base):
        message = f"index {at} of a list of {len(base)}"
        raise Fault(error("A111", message, expr.index.span))
    return base[at]


def _slice(expr: tree.Slice, env: Environment) -> object:
    base = evaluate(expr.base, env)
    if not isinstance(base, Items | str):
        message = f"{kind_of(base)} has no items"
        raise Fault(error("A110", message, expr.base.span, show(base)))
    part = base[bounds(expr, env)]
    _charge(env, expr.span, base)
    return part if isinstance(part, str) else Items.of(part, expr.span)


def bounds(expr: tree.Slice, env: Environment) -> slice:
    """Where a slice begins and ends."""
    start = None if expr.start is None else integer(expr.start, env, "a slice's start")
    stop = None if expr.stop is None else integer(expr.stop, env, "a slice's end")
    return slice(start, stop)


# --- functions and layer values ---------------------------------------------------------------


def _apply(expr: tree.Apply, env: Environment) -> object:
    name = expr.function
    if name.parts[0] not in env.names and is_function(name.text, env.scope):
        return _function(expr, env)
    known = name.parts[0] in env.names or name.text in env.scope
    if not known:
        from archgen.resolve.unknown import unknown_function

        raise Fault(unknown_function(name, env))
    value = lookup(name, env)
    if not isinstance(value, LayerValue):
        raise Fault(
            error("A112", f"`{name.text}` is {kind_of(value)}, it cannot be called", name.span)
        )
    given = bind(value, expr.arguments, env)
    weight = 1 + sum(map(weigh, given.values()))
    if weight > LONGEST_LIST:
        raise Fault(error("A402", f"a layer with more than {LONGEST_LIST:_} arguments", expr.span))
    env.budget.spend(expr.span, weight // 32)
    for argument, item in given.items():
        if holds_tensors(item):
            message = f"`{value.name}` as a value cannot bring a value of the network"
            hint = f"give `{argument}` where it is applied"
            raise Fault(error("A109", message, expr.span, help=hint))
    return LayerValue(value.target, tuple(given.items()), weight)


def bind(
    value: LayerValue, arguments: Sequence[tree.Argument], env: Environment
) -> dict[str, object]:
    """Arguments by the parameters' names: those that the layer value brings, then those given."""
    names = parameters_of(value.target)
    others = takes_others(value.target)
    matched = match_arguments(value.name, names, arguments, others=others)
    given = {name: evaluate(argument.value, env) for name, argument in matched.items()}
    merged = {**dict(value.arguments), **given}
    named = {name: merged[name] for name in names if name in merged}
    return named | {name: merged[name] for name in merged if name not in named}


def _function(expr: tree.Apply, env: Environment) -> object:
    function = FUNCTIONS[expr.function.text]
    positional = [evaluate(item.value, env) for item in expr.arguments if item.name is None]
    named = {item.name: evaluate(item.value, env) for item in expr.arguments if item.name}
    _charge(env, expr.span, *positional)
    try:
        result = function(expr.span, *positional, **named)
    except TypeError:
        message = f"`{expr.function.text}` does not take these arguments"
        help_ = f"{function.__doc__}"
        raise Fault(error("A108", message, expr.span, help=help_)) from None
    except (ValueError, OverflowError, ZeroDivisionError):
        raise Fault(error("A111", "the result is not a real number", expr.span)) from None
    if isinstance(result, int | float) and not isinstance(result, bool):
        return number(result, expr.span)
    _charge(env, expr.span, result)
    return result
