"""Locals and parameters that the finished text does not read are left out of it."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Build, Item, Let, Plan
from archgen.backends.pytorch.plan.regions import all_items, change, expressions, modules


def prune(plan: Plan) -> None:
    """Drop them from a class; the parameters are kept apart, since values may speak of them."""
    read = _live_names(plan)

    def rewrite(item: Item) -> list[Item]:
        return [] if isinstance(item, Let) and item.name not in read else [item]

    plan.items = change(plan.items, rewrite, containers=True)
    plan.dropped = [param for param in plan.params if param.name not in read]
    plan.params = [param for param in plan.params if param.name in read]


def _live_names(plan: Plan) -> set[str]:
    """Every name that is read, directly or by a local that is."""
    lets: dict[str, list[Expr]] = {}
    todo: list[str] = []
    for item in all_items(plan):
        if isinstance(item, Let):
            lets.setdefault(item.name, []).append(item.expr)
        todo += (name for expr in expressions(item) for name in algebra.names_in(expr))
        todo += _classes(item)
    live: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in live:
            live.add(name)
            todo += [inner for expr in lets.get(name, ()) for inner in algebra.names_in(expr)]
    return live


def _classes(item: Item) -> Iterator[str]:
    """Parameters that are classes are read where they are called or open_parameters on."""
    for build in modules(item):
        if isinstance(build, Build):
            yield build.target
            yield from (value for _, value in build.arguments if isinstance(value, str))
