"""Binding times: for which values of its parameters a class is right.

A parameter is *fixed* where it decides what the text does not say again: a number that is printed
as a constant, a side of an `if` or the passes of a loop that are written down, an initialiser. The
class is then right for its calls alone. A block's fixed parameters fix the arguments of its calls;
a parameter of the arch that is fixed is a constant from there on, and no parameter of the class.

    arch net(width=64, depth=2) { for i in range(depth) { conv(width, 3) } }

has `depth` fixed by the loop, and becomes `class Net` with the parameter `width`. What the shape
of a value depends on beside what its `channels` say is `sizes_on`: what reads more of the shape
than the channels fixes these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Let, Value
from archgen.syntax import tree


class Binding:
    """The names that a class can be right for.

    `open_parameters` are those of the arch, with the author's names; `constants` what each is in
    all calls; `closed` those that are constants by now. `tracked` are parameters of a block, and
    `x.sizes` for each input: its sizes but the channels. `fixed` are names of either kind.
    """

    def __init__(self, close: Callable[[str], None]) -> None:
        self.open_parameters: dict[str, str] = {}
        self.constants: dict[str, Expr | None] = {}
        self.closed: dict[str, Expr] = {}
        self.tracked: set[str] = set()
        self.fixed: set[str] = set()
        self.assigned: dict[str, list[Expr]] = {}  # all that each local stands for
        self._close = close

    def leave_open(self, name: str, author: str, constant: Expr | None) -> None:
        """A parameter of the arch stays one until something is decided by it."""
        self.tracked.discard(name)
        self.open_parameters[name] = author
        self.constants[name] = constant

    def fix(self, names: Iterable[str]) -> None:
        """Something is decided by these: a parameter of the arch is a constant from here on."""
        found = set(names)
        for name in sorted(self.open_parameters.keys() & found):
            self._close(self.open_parameters.pop(name))
            constant = self.constants[name]
            if constant is None:
                self.tracked.add(name)
            else:
                self.closed[name] = constant
        self.fixed |= found

    def fix_by(self, expr: Expr | None) -> None:
        """What an expression is worth decides something."""
        self.fix(self.depends_on(expr))

    def close(self, expr: Expr) -> Expr:
        """The expression with the constants that parameters turned out to be."""
        if not self.closed or self.closed.keys().isdisjoint(algebra.names_in(expr)):
            return expr
        return algebra.substitute(expr, lambda name: self.closed.get(name, tree.Name((name,))))

    def depends_on(self, expr: Expr | None) -> set[str]:
        """The names that an expression reads, itself or by a local."""
        if expr is None or not (self.open_parameters or self.tracked):
            return set()
        todo, seen = algebra.names_in(expr), set[str]()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                for each in self.assigned.get(name, ()):
                    todo += algebra.names_in(each)
        return seen & (self.open_parameters.keys() | self.tracked)

    def assign_local(self, name: str, expr: Expr) -> Let:
        """The statement `name = expr`."""
        self.assigned.setdefault(name, []).append(expr)
        return Let(name, expr)

    def shape_depends_on(self, value: Value) -> set[str]:
        """The names that the whole shape of a value depends on."""
        return self.depends_on(value.channels) | self.sizes_depend_on(value)

    def sizes_depend_on(self, value: Value) -> set[str]:
        """The names that the shape depends on beside what the channels say."""
        return value.sizes_on - self.closed.keys()
