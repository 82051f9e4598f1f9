"""The one walk over the plan of a class: what stands inside an item, what it reads and makes.

A region is a list of items: the body of a class, an arm of an `If`, the body of a `For`, what a
`Gather` merges. The children of a container are a region of their own: their values are not
those of the class, and they are walked only where a function says so (`containers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import assert_never

from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Build,
    Child,
    Constant,
    Container,
    Either,
    For,
    Gather,
    Give,
    If,
    Item,
    Learned,
    Let,
    Merge,
    Module,
    Plan,
    Repeat,
    Value,
)

Region = list[Item]


def inner(item: Item) -> list[Region]:
    """The regions directly inside an item."""
    match item:
        case If(arms=arms):
            return [items for _, items in arms]
        case For(items=items) | Gather(items=items):
            return [items]
        case Apply() | Learned() | Constant() | Merge() | Give() | Let():
            return []
        case _:
            assert_never(item)


def everything(items: Sequence[Item], *, containers: bool = False) -> Iterator[Item]:
    """Items and all that is inside them, in the order of the text."""
    for item in items:
        yield item
        for region in inner(item):
            yield from everything(region, containers=containers)
        if containers:
            for container in contained(item):
                yield from everything(container.items, containers=True)


def all_items(plan: Plan) -> Iterator[Item]:
    """Every item of a class, those in containers and heads too."""
    return everything([*plan.items, *plan.own_heads], containers=True)


def change(
    items: Sequence[Item], rewrite: Callable[[Item], Sequence[Item]], *, containers: bool = False
) -> Region:
    """The items, each replaced by what `rewrite` makes of it, after all that is inside it."""
    go = partial(change, rewrite=rewrite, containers=containers)
    made: Region = []
    for item in items:
        if isinstance(item, If):
            item.arms = [(condition, go(arm)) for condition, arm in item.arms]
        elif isinstance(item, For | Gather):
            item.items = go(item.items)
        for container in contained(item) if containers else ():
            container.items = go(container.items)
        made += rewrite(item)
    return made


# --- modules ----------------------------------------------------------------------------------


def within(module: Module | None) -> Iterator[Module]:
    """A module and those that it is made of, the children of containers left out."""
    match module:
        case Build() | Container():
            yield module
        case Repeat(module=repeated):
            yield module
            yield from within(repeated)
        case Either(arms=arms):
            yield module
            for _, each in arms:
                yield from within(each)
        case None:
            return
        case _:
            assert_never(module)


def contained(item: Item) -> Iterator[Container]:
    """The containers that an item makes."""
    for module in modules(item):
        if isinstance(module, Container):
            yield module


def modules(item: Item) -> Iterator[Module]:
    """The modules that an item makes or applies again."""
    if isinstance(item, Apply) and item.child is not None:
        yield from within(item.child.module)


def children(items: Sequence[Item]) -> list[Child]:
    """Every submodule that items make, in order, those in containers left out."""
    return [
        item.child
        for item in everything(items)
        if isinstance(item, Apply) and item.child is not None and not item.reused
    ]


# --- values -----------------------------------------------------------------------------------


def reads(item: Item) -> Sequence[Value]:
    """What an item reads itself, as often as it does; a loop reads its current value again."""
    match item:
        case Apply(inputs=values) | Merge(operands=values):
            return values
        case Give(value=value):
            return [value]
        case If(phis=phis):
            return [side for phi in phis for side in phi.arms]
        case For(carry=carry) if carry is not None:
            return [carry.before, carry.start, carry.start, carry.end]
        case _:
            return []


def makes(item: Item) -> Sequence[Value]:
    """What an item makes itself."""
    match item:
        case Apply(outputs=values):
            return values
        case Merge(output=value) | Gather(output=value):
            return [value]
        case Learned(output=value) | Constant(output=value):
            return [value]
        case If(phis=phis):
            return [phi.value for phi in phis]
        case For(carry=carry) if carry is not None:
            return [carry.result]
        case _:
            return []


def given(items: Sequence[Item]) -> Iterator[Value]:
    """The operands that a region gives to the `Gather` around it."""
    for item in items:
        if isinstance(item, Give):
            yield item.value
        elif isinstance(item, If | For):
            for region in inner(item):
                yield from given(region)


def gives(item: Item) -> bool:
    """Whether an item gives operands to the `Gather` around it."""
    return next(given([item]), None) is not None


# --- expressions ------------------------------------------------------------------------------


def expressions(item: Item) -> Iterator[Expr]:
    """The expressions that an item says itself, that of a local left out."""
    match item:
        case Apply(child=Child(name=name), reused=reused):
            yield name
            if not reused:
                for module in modules(item):
                    yield from _of_module(module)
        case Learned(name=name, sizes=sizes):
            yield name
            yield from sizes
        case Constant(expr=expr):
            yield expr
        case If(arms=arms):
            yield from (condition for condition, _ in arms if condition is not None)
        case For(iterable=iterable):
            yield iterable
        case _:
            pass


def _of_module(module: Module) -> Iterator[Expr]:
    match module:
        case Build(arguments=arguments):
            yield from (value for _, value in arguments if not isinstance(value, str))
        case Repeat(count=count):
            yield count
        case Either(arms=arms):
            yield from (condition for condition, _ in arms if condition is not None)
        case _:
            pass


def revise(item: Item, change: Callable[[Expr], Expr]) -> None:
    """Change every expression that an item says itself, that of a local too."""
    match item:
        case Apply(child=Child() as child, reused=reused):
            child.name = change(child.name)
            for module in modules(item) if not reused else ():
                _revise_module(module, change)
        case Learned():
            item.name = change(item.name)
            item.sizes = [change(size) for size in item.sizes]
        case Constant():
            item.expr = change(item.expr)
        case If():
            item.arms = [(test and change(test), arm) for test, arm in item.arms]
        case For():
            item.iterable = change(item.iterable)
        case Let():
            item.expr = change(item.expr)
        case _:
            pass


def _revise_module(module: Module, change: Callable[[Expr], Expr]) -> None:
    match module:
        case Build():
            module.arguments = [
                (keyword, value if isinstance(value, str) else change(value))
                for keyword, value in module.arguments
            ]
        case Repeat():
            module.count = change(module.count)
        case Either():
            module.arms = [(test and change(test), each) for test, each in module.arms]
        case _:
            pass
