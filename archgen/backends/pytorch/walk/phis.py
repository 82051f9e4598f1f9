"""What an `if` leaves: one value where each of its sides made its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archgen.backends.pytorch.plan.algebra import Expr, Missing
from archgen.backends.pytorch.plan.ir import If, Phi, Value
from archgen.backends.pytorch.plan.regions import everything, gives, makes
from archgen.backends.pytorch.walk.expressions import Expressions
from archgen.backends.pytorch.walk.lanes import Key, Lane, agree
from archgen.backends.pytorch.walk.scope import Decided, Home
from archgen.syntax import tree


def close(walk: Expressions, item: If, lanes: Sequence[Lane], arms: dict[Key, int]) -> None:
    """Note what is inside of a decision, now that the walk leaves it."""
    decided = Decided(item, len(walk.choices), arms, list(lanes), [lane.current for lane in lanes])
    for number in range(len(item.arms)):
        for inside in _inside(item, number):
            walk.homes.setdefault(inside, (decided, number))
    walk.choices.append(decided)


def _inside(item: If, number: int) -> Iterator[Value | If]:
    for each in everything(item.arms[number][1]):
        yield from makes(each)
        if isinstance(each, If):
            yield each


def joined(
    walk: Expressions, lanes: list[Lane], values: list[Value], within: Home | None = None
) -> Value | None:
    """The one value that these are at the place of the walk, or at the end of an arm; made by an
    `if` where they are several."""
    if all(value is values[0] for value in values):
        return _surfaced(walk, values[0], within)
    known = walk.choices[: within[0].earlier] if within else walk.choices
    for decided in reversed(known):
        if all(lane.key in decided.arms for lane in lanes):
            value = _phi(walk, decided, lanes, values)
            if value is not None:
                return _surfaced(walk, value, within)
    return None


def _surfaced(walk: Expressions, value: Value, within: Home | None) -> Value:
    """A value as it can be read here: by the phi of each decision that it is inside of."""
    around = list(_around(walk, within))
    while value in walk.homes and walk.homes[value] not in around:
        decided, number = walk.homes[value]
        phi = _phi_with(walk, decided, number, value)
        if phi is None:  # other lanes have nothing in its place
            agree(decided.lanes, [decided.arms[lane.key] for lane in decided.lanes])
            raise AssertionError("lanes agree")
        value = phi
    return value


def _around(walk: Expressions, within: Home | None) -> Iterator[Home]:
    """The arms that a place is in, from the inside out, of those decisions that were left."""
    while within:
        yield within
        within = walk.homes.get(within[0].item)


def _phi_with(walk: Expressions, decided: Decided, number: int, value: Value) -> Value | None:
    """What a decision leaves that is this value after one of its arms."""
    if gives(decided.item):
        return None
    for known in decided.item.phis:
        if known.arms[number] is value:
            return known.value
    pairs = zip(decided.lanes, decided.currents, strict=True)
    currents = [lane.values[ref] for lane, ref in pairs]
    sides = _sides(walk, decided, decided.lanes, currents)
    if sides is None or sides[number] is not value:
        return None
    return _phi(walk, decided, decided.lanes, currents)


def _sides(
    walk: Expressions, decided: Decided, lanes: Sequence[Lane], values: Sequence[Value]
) -> list[Value] | None:
    """The value after each arm; None where some arm has none, or several."""
    sides: list[Value] = []
    taken = [decided.arms[lane.key] for lane in lanes]
    if len(set(taken)) < len(decided.item.arms):
        return None
    for number in range(len(decided.item.arms)):
        here = [at for at, arm in enumerate(taken) if arm == number]
        own = [lanes[at] for at in here], [values[at] for at in here]
        side = joined(walk, *own, within=(decided, number))
        if side is None:
            return None
        sides.append(side)
    return sides


def _phi(
    walk: Expressions, decided: Decided, lanes: list[Lane], values: list[Value]
) -> Value | None:
    """A value that an `if` leaves: one for each of its arms."""
    item = decided.item
    sides = _sides(walk, decided, lanes, values)
    if gives(item) or sides is None:
        return None
    first = sides[0]
    if any((side.batch, side.axes) != (first.batch, first.axes) for side in sides):
        return None  # nothing would know how it is to be laid
    for known in item.phis:
        if known.arms == sides:
            return known.value
    value = Value(_phi_channels(walk, item, lanes, values, sides))
    value.batch, value.axes = first.batch, first.axes
    value.sizes_on.update(*(side.sizes_on for side in sides), *_decided_by(walk, item))
    if value.channels is None:
        value.sizes_on.update(*(walk.shape_depends_on(side) for side in sides))
    shapes = {side.shape for side in sides}
    value.shape = shapes.pop() if len(shapes) == 1 else ""
    item.phis.append(Phi(value, sides))
    if item in walk.homes:
        walk.homes[value] = walk.homes[item]
    return value


def _phi_channels(
    walk: Expressions, item: If, lanes: list[Lane], values: list[Value], sides: list[Value]
) -> Expr | None:
    """An arm's expression that is right for all, else the choice between them."""
    exprs = [side.channels for side in sides]
    if any(expr is None for expr in exprs):
        return None
    try:
        worth = [
            walk.value_of(value.channels, lane.env)  # type: ignore[arg-type]
            for lane, value in zip(lanes, values, strict=True)
        ]
    except Missing:
        return None
    for expr in exprs:
        if walk.holds(expr, lanes, worth):
            if not _compares(item, exprs):
                for each in exprs:
                    walk.fix_by(each)
            return expr
    chosen = exprs[-1]
    for (condition, _), expr in zip(reversed(item.arms[:-1]), reversed(exprs[:-1]), strict=True):
        if condition is None or expr is None or chosen is None:
            return None
        chosen = tree.Choose(expr, condition, chosen)
    return chosen if walk.holds(chosen, lanes, worth) else None


def _decided_by(walk: Expressions, item: If) -> Iterator[set[str]]:
    """The names that decide which side it is."""
    yield from (walk.depends_on(condition) for condition, _ in item.arms)


def _compares(item: If, exprs: Sequence[Expr | None]) -> bool:
    """Whether one expression is right on both sides: they are equal, or `if a != b` says so."""
    if all(expr == exprs[0] for expr in exprs):
        return True
    match item.arms[0][0]:
        case tree.Compare(first, (("!=", second),)):
            return len(exprs) == 2 and set(exprs) == {first, second}
        case _:
            return False
