"""Containers whose children depend on decisions: a list that is filled step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Apply, For, If, Item, Module
from archgen.backends.pytorch.plan.regions import children
from archgen.backends.pytorch.text import modules
from archgen.backends.pytorch.text.expressions import written
from archgen.backends.pytorch.text.layout import Call, Layout, Prefixed

Write = Callable[[], None]


class Lines(Protocol):
    """What writes the rest of the constructor."""

    def line(self, text: str) -> None: ...
    def write(self, prefix: str, layout: Layout, suffix: str = "") -> None: ...
    def layout(self, module: Module) -> Layout: ...
    def item(self, item: Item) -> None: ...
    def decide(self, item: If, arms: Sequence[tuple[Expr | None, Write]]) -> None: ...
    def loop(self, item: For, write: Write) -> None: ...


class Filler:
    """Fills the list of a container's children."""

    def __init__(self, writer: Lines, name: str, *, named: bool) -> None:
        self.writer = writer
        self.name = name
        self.named = named

    def fill(self, items: Sequence[Item]) -> None:
        """Begin the list, with the children that stand first if they are simple."""
        if self.named:
            self.writer.line(f"{self.name} = OrderedDict[str, nn.Module]()")
            self.items(items)
            return
        first = next(_grouped(items))
        run = modules.positional(first) if isinstance(first, list) else ()
        begun = Call("", run, "[]", forced=len(run) > 1)
        self.writer.write(f"{self.name}: list[nn.Module] = ", begun)
        self.items(items[len(first) :] if run and isinstance(first, list) else items)

    def items(self, items: Sequence[Item]) -> None:
        for each in _grouped(items):
            if isinstance(each, list):
                self.children(each)
            else:
                self.item(each)

    def item(self, item: Item) -> None:
        match item:
            case If(arms=arms):
                sides = [(test, partial(self.items, inner)) for test, inner in arms]
                self.writer.decide(item, sides)
            case For():
                self.writer.loop(item, partial(self.items, item.items))
            case _:
                self.writer.item(item)

    def children(self, run: list[Apply]) -> None:
        """Children that follow one another: appended, together if there are several."""
        if self.named:
            for child in children(run):
                key = f"str(len({self.name}))" if child.position else written(child.name)
                self.writer.write(f"{self.name}[{key}] = ", self.writer.layout(child.module))
            return
        items = modules.positional(run) or tuple(
            self.writer.layout(child.module) for child in children(run)
        )
        if len(items) > 1:
            self.writer.write(f"{self.name} += ", Call("", items, "[]", forced=True))
        elif isinstance(items[0], Prefixed):
            generator = items[0].doc
            assert isinstance(generator, Call)
            self.writer.write("", Call(f"{self.name}.extend", generator.items))
        else:
            self.writer.write("", Call(f"{self.name}.append", items))


def _grouped(items: Sequence[Item]) -> Iterator[Item | list[Apply]]:
    """The items, simple children that follow one another as one."""
    run: list[Apply] = []
    for item in items:
        if isinstance(item, Apply) and modules.is_simple_item(item):
            run.append(item)
            continue
        if run:
            yield run
        run = []
        yield [item] if isinstance(item, Apply) else item
    if run:
        yield run
