"""Lists of constants: one that a single loop goes over stands in the loop, if it is short."""

from __future__ import annotations

from collections import Counter

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import For, Let, Plan
from archgen.backends.pytorch.plan.regions import all_items, expressions
from archgen.syntax import tree

LONGEST = 64  # columns of what a loop goes over


def inline(plan: Plan) -> None:
    """Put such lists into their loops; their locals are read no more."""
    items = list(all_items(plan))
    lets = [item for item in items if isinstance(item, Let)]
    said = [*(expr for item in items for expr in expressions(item)), *(let.expr for let in lets)]
    reads = Counter(name for expr in said for name in algebra.names_in(expr))
    lists = {
        item.name: item.expr
        for item in lets
        if isinstance(item.expr, tree.ListOf)
        and algebra.is_constant(item.expr)
        and reads[item.name] == 1
    }
    for item in items:
        if isinstance(item, For):
            inlined = algebra.substitute(
                item.iterable, lambda name: lists.get(name, tree.Name((name,)))
            )
            if _columns(inlined) <= LONGEST:
                item.iterable = inlined


def _columns(expr: Expr) -> int:
    """How wide a list of constants is on one line, what goes over it included."""
    match expr:
        case tree.Number(value) | tree.Boolean(value) | tree.String(value):
            return len(repr(value))
        case tree.ListOf(items):
            return sum(_columns(item) + 2 for item in items)
        case tree.Apply(function, arguments):
            strict = 13 if function.text == "zip" else 0  # `, strict=True`
            return len(function.text) + strict + sum(_columns(each.value) + 2 for each in arguments)
        case _:
            return 4 + sum(map(_columns, algebra.operands(expr)))
