"""Expressions of a class: folded with what is known, and compared with what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from archgen.backends.pytorch.plan import algebra, kinds
from archgen.backends.pytorch.plan.algebra import Expr, Missing
from archgen.backends.pytorch.plan.ir import If, Value, Worth
from archgen.backends.pytorch.walk.binding import Binding
from archgen.backends.pytorch.walk.lanes import Lane, Lanes
from archgen.backends.pytorch.walk.scope import Classes, Decided, Home, Scope


class Expressions(Binding):
    """What is known at a place of the walk of the names of a class."""

    def __init__(self, classes: Classes, scope: Scope, lanes: list[Lane]) -> None:
        super().__init__(classes.close)
        self.classes = classes
        self.scope = scope
        self.lanes = lanes
        self.asked: dict[Expr, bool] = {}  # the conditions of the arms that the walk is in
        self.choices: list[Decided] = []
        self.homes: dict[Value | If, Home] = {}
        self.tables: dict[str, object] = {}  # locals that are lists of constants
        self.worth: dict[int, Worth] = {}

    def spend(self, steps: int) -> None:
        """Count work. Raises `ArchError` beyond the limit on it."""
        self.classes.work.spend(self.scope.definition.span, steps)

    def kinds_in(self, lanes: Sequence[Lane]) -> kinds.Names:
        """What each name of the class may be, in any call."""

        def kind(name: str) -> kinds.Kinds:
            self.spend(len(self.lanes) + len(lanes))
            found = (lane.env[name] for lane in (*self.lanes, *lanes) if name in lane.env)
            return kinds.union(map(kinds.kinds_of, {id(value): value for value in found}.values()))

        return cache(kind)

    def fold(self, expr: Expr, lanes: Sequence[Lane]) -> Expr:
        """The expression folded, with comparisons decided that the kinds of its names decide."""
        names = self.kinds_in(lanes)
        expr = kinds.settled(expr, names) if kinds.asks_for_kinds(expr) else expr
        return algebra.fold(expr, lambda part: kinds.is_integral(part, names))

    def closing(self, expr: Expr, lanes: Lanes) -> Expr:
        """The expression with closed parameters folded into it."""
        closed = self.close(expr)
        return expr if closed is expr else self.computed(self.fold(closed, lanes))

    def assuming(self, expr: Expr, lanes: Sequence[Lane]) -> Expr:
        """The expression in the arms that the walk is in."""
        if not self.asked:
            return expr
        names = self.kinds_in(lanes)
        return algebra.assuming(expr, self.asked, lambda part: kinds.is_integral(part, names))

    def computed(self, expr: Expr) -> Expr:
        """The expression with what constant lists alone decide computed: `sum(depths) - 1`."""
        return algebra.computed(expr, self.tables, self.classes.work)

    def value_of(self, expr: Expr, names: Mapping[str, object]) -> object:
        """What an expression is worth. Raises `Missing` if it is worth nothing."""
        return algebra.value_of(expr, names, self.classes.work)

    def holds(self, expr: Expr | None, lanes: Sequence[Lane], values: Sequence[object]) -> bool:
        """Whether an expression is worth these values, lane by lane, and in Python too."""
        if expr is None:
            return False
        if kinds.asks_for_kinds(expr) and not kinds.is_same_in_python(expr, self.kinds_in(lanes)):
            return False
        names = tuple(set(algebra.names_in(expr)))
        found: dict[tuple[object, ...], object] = {}  # lanes may agree on all that it reads
        try:
            for lane, value in zip(lanes, values, strict=True):
                known = tuple(_exact(lane.env.get(name, ...)) for name in names)
                if known not in found:
                    found[known] = self.value_of(expr, lane.env)
                if not algebra.same(found[known], value):
                    return False
        except Missing:
            return False
        return True

    def plainer(self, expr: Expr, lanes: Sequence[Lane], values: Sequence[object]) -> Expr:
        """In the arch's own text what is decided is not asked again."""
        if not self.classes.folds(self.scope.definition) or algebra.is_constant(expr):
            return expr
        straight = not any(lane.position for lane in lanes)
        if depends := self.depends_on(expr):
            if self.open_parameters.keys().isdisjoint(depends):
                return expr
            names = set(algebra.names_in(expr))
            known = [{name: lane.env[name] for name in names if name in lane.env} for lane in lanes]
            # The pass `fold` asks again, when it is known what is a constant. The expression is a
            # copy, since the same may stand elsewhere and be worth something else.
            here = replace(expr)
            self.worth[id(here)] = Worth(here, list(values), known, straight)
            return here
        return algebra.plainer(
            expr,
            algebra.common(values) if straight else None,
            lambda simpler: self.holds(simpler, lanes, values),
        )


def _exact(value: object) -> object:
    """A key of a value that tells `True`, `1` and `1.0` apart."""
    return (type(value), value) if isinstance(value, int | float) else repr(value)
