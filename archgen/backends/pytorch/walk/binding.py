"""For which values of its parameters a class is right: the `spoiled` ones are for its calls alone.

A parameter is spoiled where it decides what the text does not say again: a number that is printed
as a constant, a side of an `if` or the passes of a loop that are written down, an initialiser. A
parameter of the arch that is spoiled is no parameter of the class but folded. What the shape of a
value owes to parameters beyond what its `channels` say is its `taint`: who reads more of the shape
than the channels spoils these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Let, Value
from archgen.resolve.implicit import free_names

if TYPE_CHECKING:
    from archgen.backends.pytorch.walk.lanes import Lane
    from archgen.backends.pytorch.walk.state import Walk


class Kept:
    """The names that a class can be right for: `handed` are parameters of the arch, with the names
    that the author gave them; the others those of a block, and `x.sizes` for each input: its sizes
    but the channels. `closed` are handed parameters that turned out to be constants."""

    def __init__(self, close: Callable[[str], None]) -> None:
        self.handed: dict[str, str] = {}
        self.closed: dict[str, Expr] = {}
        self.constants: dict[str, Expr | None] = {}  # what each handed parameter is in all calls
        self.tracked: set[str] = set()
        self.spoiled: set[str] = set()
        self.assigned: dict[str, list[Expr]] = {}  # all that each local stands for
        self._close = close

    def hand_on(self, name: str, author: str, constant: Expr | None) -> None:
        """A parameter of the arch stays one until something is decided by it."""
        self.tracked.discard(name)
        self.handed[name] = author
        self.constants[name] = constant

    def spoil(self, names: Iterable[str]) -> None:
        """Something was decided by these: a parameter of the arch is a constant from here on."""
        found = set(names)
        for name in sorted(self.handed.keys() & found):
            self._close(self.handed.pop(name))
            constant = self.constants[name]
            if constant is None:
                self.tracked.add(name)
            else:
                self.closed[name] = constant
        self.spoiled |= found

    def close(self, expr: Expr) -> Expr:
        """The expression with the constants that parameters turned out to be."""
        if not self.closed or self.closed.keys().isdisjoint(algebra.names_in(expr)):
            return expr
        return algebra.substitute(expr, lambda name: self.closed.get(name, tree.Name((name,))))

    def refuse(self, expr: Expr | None) -> None:
        """What an expression is worth decides something."""
        if expr is not None:
            self.spoil(self.names_behind(expr))

    def names_behind(self, expr: Expr | None) -> set[str]:
        """The names that an expression reads, itself or by a local."""
        if expr is None or not (self.handed or self.tracked):
            return set()
        todo, seen = list(algebra.names_in(expr)), set[str]()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                for each in self.assigned.get(name, ()):
                    todo += algebra.names_in(each)
        return seen & (self.handed.keys() | self.tracked)

    def assign_local(self, name: str, expr: Expr) -> Let:
        """The statement `name = expr`."""
        self.assigned.setdefault(name, []).append(expr)
        return Let(name, expr)

    def shape_behind(self, value: Value) -> set[str]:
        """The names that the whole shape of a value hangs on."""
        return self.names_behind(value.channels) | self.taint_of(value)

    def taint_of(self, value: Value) -> set[str]:
        """The names that the shape hangs on beside what the channels say."""
        return value.taint - self.closed.keys()


def settle(walk: Walk, expr: Expr, lanes: Sequence[Lane]) -> None:
    """What an expression of the author's says is decided here."""
    for name in algebra.names_in(expr):
        if name in walk.scope.names:
            walk.refuse(walk.scope.names[name])
        elif name == "channels":
            walk.spoil(_channels_behind(walk, walk.join(lanes, [x.current for x in lanes])))
        elif name.rpartition(".")[2] in {"channels", "shape"}:  # of any value
            for value in lanes[0].values.values():
                walk.spoil(walk.shape_behind(value))


def _channels_behind(walk: Walk, value: Value) -> set[str]:
    return walk.names_behind(value.channels) if value.channels is not None else walk.taint_of(value)


def settle_text(walk: Walk, node: object, lanes: Sequence[Lane]) -> None:
    """What every expression in a text says is decided here: that of an initialiser."""
    for _, name in free_names(node):
        settle(walk, name, lanes)
