"""Plan -> list[str]: what is wrong with the plan of a class, whoever made it.

Every value is made once, where its readers can see it; every name that an expression reads is a
parameter, a local before it or bound by a loop around it; operands stand in merges, repeats in
containers. An empty list is the law. With `ARCHGEN_VALIDATE=1` in the environment, as in all
tests, every step that makes or changes a plan has it validated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Build,
    Container,
    Either,
    For,
    Gather,
    Give,
    If,
    Item,
    Let,
    Merge,
    Module,
    Plan,
    Repeat,
    Value,
)
from archgen.backends.pytorch.plan.regions import (
    all_items,
    contained,
    everything,
    expressions,
    given,
    gives,
    inner,
    makes,
    modules,
    reads,
)


def validated(plan: Plan, step: str) -> None:
    """Raise `AssertionError` if `ARCHGEN_VALIDATE` is set and a step made a plan that is wrong."""
    if os.environ.get("ARCHGEN_VALIDATE") == "1" and (faults := validate(plan)):
        raise AssertionError(
            f"{step} made a plan of {plan.name} that is wrong: {'; '.join(faults)}"
        )


def validate(plan: Plan) -> list[str]:
    """What is wrong with a plan, in the order of its items."""
    return [*_Values().plan(plan), *_Names().plan(plan), *_forms(plan)]


# --- values -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Values:
    """What can be read at a place, and what is made anywhere."""

    seen: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    names: set[algebra.Expr] = field(default_factory=set)  # of submodules

    sequential: bool = False

    def plan(self, plan: Plan) -> Iterator[str]:
        self.sequential = plan.sequential
        self.seen.update(id(value) for _, value in plan.inputs)
        self.seen.update(id(aux.value) for aux in plan.aux)
        yield from self.items(plan.items)
        yield from self.read("the result", [value for _, value in plan.outputs])
        yield from self.items(plan.own_heads)

    def items(self, items: Sequence[Item]) -> Iterator[str]:
        for item in items:
            yield from self.item(item)

    def item(self, item: Item) -> Iterator[str]:
        what = type(item).__name__
        match item:
            case If(arms=arms, phis=phis):
                for number, (_, arm) in enumerate(arms):
                    before = set(self.seen)
                    yield from self.items(arm)
                    sides = [phi.arms[number] for phi in phis if len(phi.arms) == len(arms)]
                    yield from self.read("a phi", sides)
                    self.seen = before
                if any(len(phi.arms) != len(arms) for phi in phis):
                    yield "a phi has not one value for each arm"
            case For(carry=carry):
                before = set(self.seen)
                if carry is not None:
                    yield from self.read(what, [carry.before])
                    self.seen.add(id(carry.start))
                yield from self.items(item.items)
                yield from self.read(what, [] if carry is None else [carry.end])
                self.seen = before
            case Gather():
                yield from self.items(item.items)
            case _:
                yield from self.read(what, reads(item))
                yield from self.apply(item)
        for value in makes(item):
            if id(value) in self.made:
                yield f"{what} makes a value again"
            self.made.add(id(value))
            self.seen.add(id(value))

    def apply(self, item: Item) -> Iterator[str]:
        """The values of a container are seen there alone; what is applied again was made."""
        if not isinstance(item, Apply) or item.child is None:
            return
        if item.reused and item.child.name not in self.names:
            yield "a submodule is applied again that is not made"
        self.names.add(item.child.name)
        for container in contained(item) if not item.reused else ():
            before, self.seen = self.seen, {id(container.start)}
            yield from self.items(container.items)
            yield from self.read("a container", [container.result, *container.taps])
            self.seen = before
            if self.sequential:  # the class is the container, and its result is that
                self.made.discard(id(container.result))

    def read(self, what: str, values: Sequence[Value]) -> Iterator[str]:
        if any(id(value) not in self.seen for value in values):
            yield f"{what} reads a value that is not there"


# --- names ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Names:
    """The names that an expression may read at a place."""

    known: set[str] = field(default_factory=set)

    def plan(self, plan: Plan) -> Iterator[str]:
        self.known.update(param.name for param in plan.params)
        yield from self.items(plan.items)
        yield from self.items(plan.own_heads)

    def items(self, items: Sequence[Item]) -> Iterator[str]:
        for item in items:
            yield from self.read(expressions(item))
            bound: set[str] = set()
            match item:
                case Let(name, expr):
                    yield from self.read([expr])
                    self.known.add(name)
                case For(names=names, index=index):
                    bound = {*names, index} - self.known
                case _:
                    pass
            self.known |= bound
            for region in inner(item):
                yield from self.items(region)
            for container in contained(item):
                yield from self.items(container.items)
            self.known -= bound

    def read(self, exprs: Iterator[algebra.Expr] | Sequence[algebra.Expr]) -> Iterator[str]:
        for expr in exprs:
            for name in algebra.names_in(expr):
                if name not in self.known:
                    yield f"`{name}` is read and not known"


# --- forms ------------------------------------------------------------------------------------


def _forms(plan: Plan) -> Iterator[str]:
    yield from _operands(plan.items, gathered=False)
    for item in all_items(plan):
        if isinstance(item, If):
            yield from _last_is_otherwise([test is None for test, _ in item.arms])
        if isinstance(item, Merge) and len(item.operands) < 2:
            yield "a merge has one operand"
        if isinstance(item, Gather) and next(given(item.items), None) is None:
            yield "a merge has no operand"
        for module in modules(item):
            yield from _module(item, module)
    if not plan.sequential:
        for item in everything(plan.items):
            child = item.child if isinstance(item, Apply) else None
            if child is not None and (child.position or isinstance(child.module, Repeat)):
                yield "a repeat or a numbered child stands in no container"


def _operands(items: Sequence[Item], *, gathered: bool) -> Iterator[str]:
    """Operands stand in a merge, and what gives them leaves no value otherwise."""
    for item in items:
        match item:
            case Give():
                if not gathered:
                    yield "an operand stands in no merge"
            case Gather():
                yield from _operands(item.items, gathered=True)
            case If() | For():
                if gives(item) and (item.phis if isinstance(item, If) else item.carry):
                    yield "what gives operands leaves a value too"
                if isinstance(item, For) and item.carry is None and not gives(item):
                    yield "a loop carries no value"
                for region in inner(item):
                    yield from _operands(region, gathered=gathered)
            case _:
                pass


def _module(item: Item, module: Module) -> Iterator[str]:
    match module:
        case Build(arguments=arguments):
            keywords = [keyword for keyword, _ in arguments if keyword is not None]
            positional = [keyword is None for keyword, _ in arguments]
            if len(set(keywords)) < len(keywords) or sorted(positional, reverse=True) != positional:
                yield f"{module.target} is called with arguments out of order"
            if module.inplace and not module.takes_inplace:
                yield f"{module.target} does not work in place"
        case Either(arms=arms):
            yield from _last_is_otherwise([test is None for test, _ in arms])
        case Container(taps=taps):
            if taps and isinstance(item, Apply) and not item.piece:
                yield "a container with several results is not applied in pieces"
        case Repeat():
            pass


def _last_is_otherwise(missing: Sequence[bool]) -> Iterator[str]:
    if any(missing[:-1]) or missing[-1:] != [True]:
        yield "the last arm, and no other, has no condition"
