"""For which values of its parameters a class is right: the `spoiled` ones are for its calls alone.

A parameter is spoiled where it decides what the text does not say again: a number that is printed
as a constant, a side of an `if` or the passes of a loop that are written down, an initialiser. A
parameter of the arch that is spoiled is no parameter of the class but folded. What the shape of a
value owes to parameters beyond what its `channels` say is its `taint`: who reads more of the shape
than the channels spoils these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Let, Value
from archgen.resolve.implicit import free_names

if TYPE_CHECKING:
    from archgen.backends.pytorch.walk.lanes import Lane
    from archgen.backends.pytorch.walk.state import Walk


class Spoiled(Exception):
    """Parameters of the arch are used for more than a number to be handed on: fold them.

    `names` are the author's: the class may call them otherwise.
    """

    def __init__(self, names: set[str]) -> None:
        super().__init__(names)
        self.names = names


class Kept:
    """The names that a class can be right for: `handed` are parameters of the arch, with the names
    that the author gave them; the others those of a block, and `x.sizes` for each input: its sizes
    but the channels."""

    def __init__(self) -> None:
        self.handed: dict[str, str] = {}
        self.tracked: set[str] = set()
        self.spoiled: set[str] = set()
        self.assigned: dict[str, list[Expr]] = {}  # all that each local stands for

    def spoil(self, names: Iterable[str]) -> None:
        """Something was decided by these. Raises `Spoiled` for parameters of the arch."""
        found = set(names)
        if handed := self.handed.keys() & found:
            raise Spoiled({self.handed[name] for name in handed})
        self.spoiled |= found

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
        return self.names_behind(value.channels) | value.taint


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
    return walk.names_behind(value.channels) if value.channels is not None else value.taint


def settle_text(walk: Walk, node: object, lanes: Sequence[Lane]) -> None:
    """What every expression in a text says is decided here: that of an initialiser."""
    for _, name in free_names(node):
        settle(walk, name, lanes)
