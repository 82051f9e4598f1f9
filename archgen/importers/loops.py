"""Repeats with numbered names, as one step with a count.

`denselayer1`, a concatenation, `denselayer2`, a concatenation, ...: equal steps whose names count
up, each fed by the last. Runs of children of an `nn.Sequential` are found when it is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from archgen.importers.program import Node, Program, Value

LONGEST = 6  # steps of a pass
NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True, slots=True)
class Counted:
    """A numbered name: `denselayer1`, or item 0 of a list (`layers.0`)."""

    stem: str
    number: int

    @property
    def is_item(self) -> bool:
        return self.stem.endswith(".")


def fold_loops(program: Program, in_place: Collection[str]) -> None:
    """Fold the repeats of a program, and of what is written in place in it."""
    for node in program.nodes:
        if node.program is not None and node.key in in_place:
            fold_loops(node.program, in_place)
    if program.sequential:
        return
    at = 0
    while at < len(program.nodes):
        for period in range(1, LONGEST + 1):
            count = _passes(program, at, period)
            if count > 1:
                program.nodes[at : at + count * period] = [_loop(program, at, period, count)]
                break
        at += 1


def counted(name: str | None) -> Counted | None:
    match = NUMBERED.fullmatch(name or "")
    return Counted(match[1], int(match[2])) if match and match[1] else None


def _passes(program: Program, at: int, period: int) -> int:
    """How often the steps from here on are repeated."""
    first = program.nodes[at : at + period]
    names = [counted(node.name) for node in first if node.name]
    single = len(first) == period and all(len(node.outputs) == 1 for node in first)
    if not single or not names or not all(names) or any(node.kind == "loop" for node in first):
        return 0
    if len({name.number for name in names if name}) != 1 or not first[0].inputs:
        return 0
    count = 1
    while _repeats(program.nodes, at, period, count):
        count += 1
    inside = {
        id(value) for node in program.nodes[at : at + count * period] for value in node.outputs
    }
    last = program.nodes[at + count * period - 1].outputs[0]
    later = [value for node in program.nodes[at + count * period :] for value in node.inputs]
    read = {id(value) for value in (*later, *program.results)}
    told = read & (inside - {id(last)})
    return 0 if told or not _is_registered(program, at, count * period) else count


def _is_registered(program: Program, at: int, count: int) -> bool:
    """Whether these steps stand in the order of the keys, as those of a loop do. Items of lists
    have the place of their list."""
    places = {name: number for number, name in enumerate(program.order)}
    names = [node.name for node in program.nodes[at : at + count] if node.name in places]
    order = [places[name] for name in names if name]
    return order == sorted(order)


def _repeats(nodes: Sequence[Node], at: int, period: int, number: int) -> bool:
    """Whether pass `number` is the first with its names counted on and its wires shifted."""
    first = nodes[at : at + period]
    start = at + number * period
    other = nodes[start : start + period]
    if len(other) != period:
        return False
    entry, before = first[0].inputs[0], nodes[start - 1].outputs[0]
    shifted = {id(entry): before}
    shifted |= {id(a.outputs[0]): b.outputs[0] for a, b in zip(first, other, strict=True)}
    for left, right in zip(first, other, strict=True):
        if not same_step(left, right):
            return False
        if left.name != right.name and not _counts_on(left.name, right.name, number):
            return False
        if left.name and left.name == right.name and counted(left.name):
            return False
        wanted = [shifted.get(id(value)) for value in left.inputs]
        if any(value is not other_ for value, other_ in zip(wanted, right.inputs, strict=True)):
            return False
    return True


def same_step(left: Node, right: Node) -> bool:
    """Whether two steps do the same, their names aside."""
    if (left.kind, left.key, repr(left.arguments)) != (
        right.kind,
        right.key,
        repr(right.arguments),
    ):
        return False
    if left.program is None or right.program is None:
        return left.program is right.program
    return _outline(left.program) == _outline(right.program)


def _outline(program: Program) -> object:
    """What a program does, whatever the sizes of its values; not inside of blocks that are called
    with their arguments, which are equal where those are."""
    numbers = {id(value): number for number, value in enumerate(program.inputs)}
    steps = []
    for node in program.nodes:
        wires = [numbers.get(id(value), -1) for value in node.inputs]
        for value in node.outputs:
            numbers[id(value)] = len(numbers)
        inner = _outline(node.program) if node.program is not None else None
        steps.append((node.kind, node.key, node.name, wires, repr(node.arguments), inner))
    return tuple(map(repr, steps)), [numbers.get(id(value), -1) for value in program.outputs]


def _counts_on(left: str | None, right: str | None, by: int) -> bool:
    first, second = counted(left), counted(right)
    if first is None or second is None:
        return False
    return first.stem == second.stem and first.number + by == second.number


def _loop(program: Program, at: int, period: int, count: int) -> Node:
    """One step for all passes; its program is the first pass."""
    nodes = program.nodes[at : at + count * period]
    entry = nodes[0].inputs[0]
    inner = Program("loop", program.path, False, [entry], nodes[:period])
    inner.outputs, inner.input_names = [nodes[period - 1].outputs[0]], ["input"]
    key = " ".join(f"{node.key}:{node.name}" for node in inner.nodes)
    made: list[Value] = [nodes[-1].outputs[0]]
    return Node("loop", key, [entry], made, {"n": count}, program=inner)
