"""Conditions over sizes that carry their function of the input's: what `sizes` promises."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

from archgen.analysis.sizes.forms import NotKnown
from archgen.diagnostics import Fault, error
from archgen.resolve.expressions import ARITHMETIC, COMPARISONS, evaluate
from archgen.resolve.implicit import free_names
from archgen.resolve.values import Environment
from archgen.syntax import tree

FOLLOWED = frozenset({"+", "-", "*", "//", "%"})  # what a size is still a function of it after


def value(expr: tree.Expr, env: Environment, known: Mapping[str, object]) -> object:
    """An expression over sizes. Raises `NotKnown` for what their functions cannot say."""
    if not any(name in known for name, _ in free_names(expr)):
        return evaluate(expr, env)

    def inner(part: tree.Expr) -> object:
        return value(part, env, known)

    match expr:
        case tree.Name(parts=(name,)) if name in known:
            return known[name]
        case tree.ListOf(items):
            return tuple(map(inner, items))
        case tree.Index(base, index):
            found, at = inner(base), evaluate(index, env)
            if isinstance(found, tuple) and isinstance(at, int) and -len(found) <= at < len(found):
                return found[at]
            raise Fault(error("A111", "there is no such item", expr.span))
        case tree.Unary("not", operand):
            return not inner(operand)
        case tree.Unary("-", operand):
            return operator.neg(_integer(inner(operand)))
        case tree.Binary(op, left, right) if op in FOLLOWED:
            two = _integer(inner(right))
            if op in {"//", "%"} and two == 0:
                raise Fault(error("A111", "division by zero", expr.span))
            return ARITHMETIC[op](_integer(inner(left)), two)
        case tree.Compare(first, rest):
            return _compared(inner(first), [(op, inner(each)) for op, each in rest])
        case tree.Logic(op, operands):
            answers = (bool(inner(each)) for each in operands)
            return all(answers) if op == "and" else any(answers)
        case tree.Apply(
            tree.Name(("ceil",)), (tree.Argument(None, tree.Binary("/", left, right)),)
        ):
            one, by = _integer(inner(left)), _integer(inner(right))
            return (one + by - 1) // by
        case _:
            raise NotKnown


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotKnown
    return value


def _compared(first: object, rest: Sequence[tuple[str, object]]) -> bool:
    for op, other in rest:
        if op in {"==", "!="}:
            holds = _equal(first, other) is (op == "==")
        else:
            holds = COMPARISONS[op](_integer(first), _integer(other))
        if not holds:
            return False
        first = other
    return True


def _equal(one: object, two: object) -> bool:
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(map(_equal, one, two))
    if isinstance(one, tuple) or isinstance(two, tuple):
        return False
    return bool(one == two)
