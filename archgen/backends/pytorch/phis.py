"""What an `if` leaves: one value where each of its sides made its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archgen.backends.pytorch import algebra
from archgen.backends.pytorch.algebra import Expr, Missing
from archgen.backends.pytorch.lanes import Key, Lane
from archgen.backends.pytorch.plan import If, Phi, Value
from archgen.syntax import tree

if TYPE_CHECKING:
    from archgen.backends.pytorch.walk import Walk


def joined(walk: Walk, lanes: list[Lane], values: list[Value]) -> Value | None:
    """The one value that these are, made by an `if` where they are several."""
    if all(value is values[0] for value in values):
        return values[0]
    for item, arms in reversed(walk.choices):
        if all(lane.key in arms for lane in lanes):
            value = _phi(walk, item, arms, lanes, values)
            if value is not None:
                return value
    return None


def _phi(
    walk: Walk, item: If, arms: dict[Key, int], lanes: list[Lane], values: list[Value]
) -> Value | None:
    """A value that an `if` leaves: one for each of its arms."""
    sides: list[Value] = []
    for number in range(len(item.arms)):
        here = [at for at, lane in enumerate(lanes) if arms[lane.key] == number]
        if not here:
            return None
        side = joined(walk, [lanes[at] for at in here], [values[at] for at in here])
        if side is None:
            return None
        sides.append(side)
    if any(side.learned for side in sides):  # nothing would know how it is to be laid
        return None
    for known in item.phis:
        if known.arms == sides:
            return known.value
    value = Value(_phi_channels(walk, item, lanes, values, sides))
    value.taint.update(*(side.taint for side in sides), *_behind(walk, item))
    if value.channels is None:
        value.taint.update(*(walk.shape_behind(side) for side in sides))
    shapes = {side.shape for side in sides}
    value.shape = shapes.pop() if len(shapes) == 1 else ""
    item.phis.append(Phi(value, sides))
    return value


def _phi_channels(
    walk: Walk, item: If, lanes: list[Lane], values: list[Value], sides: list[Value]
) -> Expr | None:
    """An arm's expression that is right for all, else the choice between them."""
    exprs = [side.channels for side in sides]
    if any(expr is None for expr in exprs):
        return None
    try:
        worth = [
            algebra.value_of(value.channels, lane.env)  # type: ignore[arg-type]
            for lane, value in zip(lanes, values, strict=True)
        ]
    except Missing:
        return None
    for expr in exprs:
        if walk.holds(expr, lanes, worth):
            if not _compares(item, exprs):
                for each in exprs:
                    walk.refuse(each)
            return expr
    chosen = exprs[-1]
    for (condition, _), expr in zip(reversed(item.arms[:-1]), reversed(exprs[:-1]), strict=True):
        if condition is None or expr is None or chosen is None:
            return None
        chosen = tree.Choose(expr, condition, chosen)
    return chosen if walk.holds(chosen, lanes, worth) else None


def _behind(walk: Walk, item: If) -> Iterator[set[str]]:
    """The names that decide which side it is."""
    yield from (walk.names_behind(condition) for condition, _ in item.arms)


def _compares(item: If, exprs: Sequence[Expr | None]) -> bool:
    """Whether one expression is right on both sides: they are equal, or `if a != b` says so."""
    if all(expr == exprs[0] for expr in exprs):
        return True
    match item.arms[0][0]:
        case tree.Compare(first, (("!=", second),)):
            return len(exprs) == 2 and set(exprs) == {first, second}
        case _:
            return False
