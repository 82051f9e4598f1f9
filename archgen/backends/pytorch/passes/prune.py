"""Locals and parameters that the finished text does not read are left out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Branch,
    Build,
    Child,
    Choice,
    Container,
    Either,
    For,
    If,
    Item,
    Learned,
    Let,
    Loop,
    Merge,
    Module,
    One,
    Plan,
    Repeat,
)


def prune(plan: Plan) -> None:
    """Drop them from a class; the parameters are kept apart, since values may speak of them."""
    read = live_names(plan)
    plan.items = _pruned(plan.items, read)
    plan.dropped = [param for param in plan.params if param.name not in read]
    plan.params = [param for param in plan.params if param.name in read]


def live_names(plan: Plan) -> set[str]:
    """Every name that is read, directly or by a local that is."""
    lets: dict[str, list[Expr]] = {}
    for item in all_items(plan):
        if isinstance(item, Let):
            lets.setdefault(item.name, []).append(item.expr)
    todo = [name for expr in expressions(plan) for name in algebra.names_in(expr)]
    todo += _targets(plan)
    live: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in live:
            live.add(name)
            todo += [inner for expr in lets.get(name, ()) for inner in algebra.names_in(expr)]
    return live


def expressions(plan: Plan) -> Iterator[Expr]:
    """Every expression of the text, those of locals left out."""
    for item in all_items(plan):
        yield from _of_item(item)


def _targets(plan: Plan) -> list[str]:
    """Parameters that are classes are read where they are called or handed on."""
    texts: list[str] = []
    for item in all_items(plan):
        if isinstance(item, Apply) and item.child is not None:
            for build in builds(item.child.module):
                texts.append(build.target)
                texts += [value for _, value in build.arguments if isinstance(value, str)]
    return texts


def builds(module: Module | None) -> Iterator[Build]:
    """Every module that a module is made of, containers' children left out."""
    match module:
        case Build():
            yield module
        case Repeat(module=inner):
            yield from builds(inner)
        case Either(arms=arms):
            for _, each in arms:
                yield from builds(each)
        case _:
            pass


def all_items(plan: Plan) -> Iterator[Item]:
    """Every item of the text, in order."""
    yield from flattened([*plan.items, *plan.own_heads])


def flattened(items: Sequence[Item]) -> Iterator[Item]:
    """Items and those inside them, in order."""
    for item in items:
        yield item
        match item:
            case Apply(child=Child(module=module)):
                yield from _inside(module)
            case If(arms=arms):
                for _, inner in arms:
                    yield from flattened(inner)
            case For(items=inner):
                yield from flattened(inner)
            case Merge(branches=list() as branches):
                yield from _branch_items(branches)


def _inside(module: Module | None) -> Iterator[Item]:
    match module:
        case Container(items=items):
            yield from flattened(items)
        case Repeat(module=inner):
            yield from _inside(inner)
        case Either(arms=arms):
            for _, each in arms:
                yield from _inside(each)
        case _:
            pass


def _branch_items(branches: Sequence[Branch]) -> Iterator[Item]:
    for branch in branches:
        match branch:
            case One(items=items):
                yield from flattened(items)
            case Choice(arms=arms):
                for _, inner in arms:
                    yield from _branch_items(inner)
            case Loop(branches=inner):
                yield from _branch_items(inner)


def _of_item(item: Item) -> Iterator[Expr]:
    match item:
        case Apply(child=Child(name=name, module=module), reused=reused):
            yield name
            if not reused:
                yield from _of_module(module)
        case Learned(name=name, sizes=sizes):
            yield name
            yield from sizes
        case If(arms=arms):
            yield from (condition for condition, _ in arms if condition is not None)
        case For(iterable=iterable):
            yield iterable
        case Merge(branches=list() as branches):
            yield from _of_branches(branches)


def _of_module(module: Module | None) -> Iterator[Expr]:
    for build in builds(module):
        yield from (value for _, value in build.arguments if not isinstance(value, str))
    match module:
        case Repeat(count=count):
            yield count
        case Either(arms=arms):
            yield from (condition for condition, _ in arms if condition is not None)


def _of_branches(branches: Sequence[Branch]) -> Iterator[Expr]:
    for branch in branches:
        match branch:
            case Choice(arms=arms):
                for condition, inner in arms:
                    if condition is not None:
                        yield condition
                    yield from _of_branches(inner)
            case Loop(iterable=iterable, branches=inner):
                yield iterable
                yield from _of_branches(inner)
            case One():
                pass


def _pruned(items: Sequence[Item], read: set[str]) -> list[Item]:
    kept: list[Item] = []
    for item in items:
        match item:
            case Let(name=name) if name not in read:
                continue
            case If():
                item.arms = [(condition, _pruned(inner, read)) for condition, inner in item.arms]
            case For():
                item.items = _pruned(item.items, read)
            case Merge(branches=list() as branches):
                _prune_branches(branches, read)
            case Apply(child=Child(module=module)):
                _prune_module(module, read)
        kept.append(item)
    return kept


def _prune_module(module: Module | None, read: set[str]) -> None:
    match module:
        case Container():
            module.items = _pruned(module.items, read)
        case Repeat(module=inner):
            _prune_module(inner, read)
        case Either(arms=arms):
            for _, each in arms:
                _prune_module(each, read)
        case _:
            pass


def _prune_branches(branches: Sequence[Branch], read: set[str]) -> None:
    for branch in branches:
        match branch:
            case One():
                branch.items = _pruned(branch.items, read)
            case Choice(arms=arms):
                for _, inner in arms:
                    _prune_branches(inner, read)
            case Loop(branches=inner):
                _prune_branches(inner, read)
