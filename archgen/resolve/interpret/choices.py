"""`if` and `for`: decided while the spec is read, by what the call at hand gives them."""

from __future__ import annotations

from dataclasses import replace

from archgen.network import Chosen, Looped, Ref
from archgen.resolve.expressions import sequence, truth, unpack
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.numbering import count_names
from archgen.resolve.values import Items
from archgen.syntax import tree

STATEMENT_STEPS = 5  # what a statement or a pass of a loop costs, compared with an operation


def run_if(frame: Frame, statement: tree.If) -> Chosen:
    """The side that is taken. Numbers of names go on from the longest side."""
    arm, body = chosen_arm(frame, statement)
    before = _first(frame)
    start = dict(frame.body.counts)
    steps = frame.run(body.statements) if body else ()
    longest(frame, statement, start, arm)
    return Chosen(arm, steps, before, _first(frame))


def chosen_arm(frame: Frame, statement: tree.If) -> tuple[int | None, tree.Body | None]:
    """Which side of an `if` is taken: its index (behind the last for `else`) and body."""
    for index, arm in enumerate(statement.arms):
        if truth(arm.condition, frame.env):
            return index, arm.body
    if statement.otherwise is not None:
        return len(statement.arms), statement.otherwise
    return None, None


def longest(frame: Frame, statement: tree.If, start: dict[str, int], taken: int | None) -> None:
    """Let the counts, which were `start` before an `if`, go on from its longest side.

    `if deep { conv(8, 3); conv(8, 3) } else { conv(8, 3) }; conv(8, 1)`: the last is `conv3` in any
    case, so that its key does not depend on `deep`.
    """
    if frame.sequential:
        return
    env = replace(frame.env, current=None)
    counts = frame.body.counts
    for index, side in enumerate(statement.sides):
        if index == taken:
            continue
        for stem, count in count_names(side.statements, env).items():
            counts[stem] = max(counts.get(stem, 0), start.get(stem, 0) + count)


def _first(frame: Frame) -> Ref:
    """The current value, for the record; -1 where there is none yet."""
    return frame.body.current[0] if frame.body.current else -1


def run_for(frame: Frame, statement: tree.For) -> Looped:
    """Every pass; what it names in constants ends with it."""
    before = _first(frame)
    passes = []
    items = loop_items(frame, statement)
    with frame.names.passes() as each:
        for item, _ in zip(items, each, strict=False):
            values = unpack(statement.targets, item, statement.iterable.span)
            with frame.braces():
                frame.bind(values)
                passes.append((tuple(values.values()), frame.run(statement.body.statements)))
    return Looped(tuple(passes), before, _first(frame))


def loop_items(frame: Frame, statement: tree.For) -> Items:
    """What a loop goes over. Each pass costs as much as a statement."""
    items = sequence(statement.iterable, frame.env)
    frame.resolver.budget.spend(statement.span, STATEMENT_STEPS * len(items))
    return items
