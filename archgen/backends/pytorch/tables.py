"""Lists of constants: one that a single loop goes over stands in the loop, if it is short."""

from __future__ import annotations

from collections import Counter

from archgen.backends.pytorch import algebra
from archgen.backends.pytorch.plan import For, Let, Plan
from archgen.backends.pytorch.prune import all_items, expressions
from archgen.backends.pytorch.python import iterated
from archgen.backends.pytorch.text import flat
from archgen.syntax import tree

LONGEST = 64  # columns of what a loop goes over


def inline(plan: Plan) -> None:
    """Put such lists into their loops; their locals are read no more."""
    reads = Counter(name for expr in expressions(plan) for name in algebra.names_in(expr))
    lets = [item for item in all_items(plan) if isinstance(item, Let)]
    reads.update(name for item in lets for name in algebra.names_in(item.expr))
    lists = {
        item.name: item.expr
        for item in lets
        if isinstance(item.expr, tree.ListOf)
        and algebra.is_constant(item.expr)
        and reads[item.name] == 1
    }
    for item in all_items(plan):
        if isinstance(item, For):
            inlined = algebra.substitute(
                item.iterable, lambda name: lists.get(name, tree.Name((name,)))
            )
            if len(flat(iterated(inlined))) <= LONGEST:
                item.iterable = inlined
