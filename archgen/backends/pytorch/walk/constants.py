"""`let` and the names of loops: what a name of the author means in the printed class."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.walk.lanes import Lanes, Steps
from archgen.backends.pytorch.walk.state import Walk
from archgen.network import Bound
from archgen.syntax import tree


def run_let(walk: Walk, lanes: Lanes, statement: tree.Let, steps: Steps) -> None:
    """A constant becomes a local, or is folded away."""
    values = [step.values for step in steps if isinstance(step, Bound)]
    deduced = walk.deduce(statement.value, lanes)
    for at, (place, name) in enumerate(tree.paths(statement.targets)):
        expr = None if deduced is None else part(deduced, place)
        bind_name(walk, lanes, name, expr, [each[at] for each in values], table=True)


def bind_name(
    walk: Walk,
    lanes: Lanes,
    name: str,
    expr: Expr | None,
    values: Sequence[object],
    *,
    table: bool = False,
) -> None:
    """Give an author's name its meaning: an expression that is worth these values, or none."""
    for lane, value in zip(lanes, values, strict=True):
        lane.names = {**lane.names, name: value}
    walk.scope.names[name] = None
    if not all(map(algebra.is_plain, values)):
        return
    if walk.holds(expr, lanes, values):
        assert expr is not None
        plainer = walk.plainer(expr, lanes, values)
        walk.scope.names[name] = walk.local(name, plainer, lanes, values=values, table=table)
        return
    walk.fix_by(expr)
    if all(algebra.same(value, values[0]) for value in values):
        walk.scope.names[name] = algebra.constant(values[0])


def part(expr: Expr, place: Sequence[int]) -> Expr:
    """What is at this place of a list, or of lists in lists."""
    for at in place:
        expr = algebra.fold(tree.Index(expr, tree.Number(at)))
    return expr
