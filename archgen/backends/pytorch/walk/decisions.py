"""`if`, `for` and merges, walked with all lanes at once.

A decision that all lanes take alike is not printed. A loop is printed as a loop where its
passes are alike, else pass after pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    If,
    Item,
)
from archgen.backends.pytorch.walk import phis
from archgen.backends.pytorch.walk.lanes import Lane, Lanes, Steps, agree, has_heads
from archgen.backends.pytorch.walk.lists import fills_list
from archgen.backends.pytorch.walk.state import Walk
from archgen.network import Chosen, Ref
from archgen.syntax import tree
from archgen.syntax.nameless import count

# --- if -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Side:
    """A side of an `if` that some lanes take."""

    condition: Expr | None
    body: tree.Body | None
    lanes: list[Lane]
    steps: list[Chosen]


def sides_of(walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps) -> list[Side]:
    """The sides that are taken, in order, with conditions that choose them; the last has none."""
    chosen = [step for step in steps if isinstance(step, Chosen)]
    last = len(statement.arms)
    numbers = [last if step.arm is None else step.arm for step in chosen]
    for at, arm in enumerate(statement.arms[: max(numbers) + 1]):
        if (
            walk.open_parameters or at not in numbers or at == max(numbers)
        ):  # it is not asked in the class
            walk.decide(arm.condition, lanes)
    sides = []
    for number in sorted(set(numbers)):
        here = [at for at, taken in enumerate(numbers) if taken == number]
        condition, body = None, statement.otherwise
        if number < last:
            condition = walk.deduce(statement.arms[number].condition, lanes)
            body = statement.arms[number].body
        sides.append(Side(condition, body, [lanes[at] for at in here], [chosen[at] for at in here]))
    sides[-1].condition = None
    if len(sides) > 1 and not (
        _chooses(walk, sides) and not fills_list(statement) and not has_heads(lanes, steps)
    ):
        agree(lanes, numbers)
    return sides


def _chooses(walk: Walk, sides: Sequence[Side]) -> bool:
    """Whether the conditions send each lane to its side."""
    for at, side in enumerate(sides[:-1]):
        later = [lane for other in sides[at + 1 :] for lane in other.lanes]
        if not walk.holds(side.condition, side.lanes, [True] * len(side.lanes)):
            return False
        if not walk.holds(side.condition, later, [False] * len(later)):
            return False
    return True


def choose(walk: Walk, lanes: Lanes, statement: tree.If, steps: Steps) -> None:
    """One side for all: its statements. Else an `if` of the class."""
    sides = sides_of(walk, lanes, statement, steps)
    start, ends = dict(walk.counts), []
    item = If([])
    for at, side in enumerate(sides):
        walk.counts = dict(start)
        target: list[Item] = walk.items if len(sides) == 1 else []
        asked = [each.condition for each in sides[: at + 1]]
        with walk.asking(asked), walk.into(target):
            _run_side(walk, side)
        item.arms.append((side.condition, target))
        ends.append(walk.counts)
    walk.counts = longest(walk, start, ends, statement)
    set_current(lanes, [step.after for step in steps if isinstance(step, Chosen)])
    if len(sides) > 1:
        walk.items.append(item)
        phis.close(walk, item, lanes, arms_of(sides))


def _run_side(walk: Walk, side: Side) -> None:
    if side.body is not None:
        inner = [step.steps for step in side.steps]
        walk.run(side.lanes, side.body.statements, inner)


def arms_of(sides: Sequence[Side]) -> dict[tuple[int, tuple[int, ...]], int]:
    return {lane.key: at for at, side in enumerate(sides) for lane in side.lanes}


def longest(
    walk: Walk, start: dict[str, Expr], ends: list[dict[str, Expr]], statement: tree.If
) -> dict[str, Expr]:
    """Numbers of nameless layers go on from the longest side, taken or not.

    Sides that no lane takes are counted in the text; where that is not enough (a loop in
    them), the next name says the number itself.
    """
    counts = dict(start)
    for side in statement.sides:
        for stem, more in count(side.statements).items():
            ends.append({**start, stem: _plus(start.get(stem), tree.Number(more))})
    for end in ends:
        for stem, number in end.items():
            counts[stem] = _larger(counts.get(stem), number)
    return counts


def _larger(left: Expr | None, right: Expr) -> Expr:
    if left is None:
        return right
    match algebra.difference(right, left):
        case tree.Number(value) if value <= 0:
            return left
        case _:
            return right


def _plus(left: Expr | None, right: Expr) -> Expr:
    return right if left is None else algebra.total([left, right])


def set_current(lanes: Lanes, refs: Sequence[Ref]) -> None:
    for lane, ref in zip(lanes, refs, strict=True):
        lane.current = ref
