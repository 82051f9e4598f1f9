"""The order of the steps of a body: chains, merges with branches, reads by name.

By dominators: up to what all inputs of a merge come from, then each input as a branch. What was
laid out before is read by name. Branches of sums stand as the module registers them, so that the
keys have its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from archgen.importers.unify import Pattern, Row, Wire
from archgen.importers.weighted import has_weights

START: Wire = (-1, 0)
LONGEST_BRANCH = 12  # rows


@dataclass(eq=False, slots=True)
class Step:
    """One step of the text: a row; `branches` of a merge, with the number of the input. Without a
    row it reads `wire`. `is_head`: it is run in training, and what follows reads what stands
    before it."""

    wire: Wire
    row: Row | None = None
    branches: list[tuple[int, list[Step]]] = field(default_factory=list)
    is_head: bool = False


def flat(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for _, branch in step.branches:
            yield from flat(branch)


class Layout:
    """The steps of a pattern, and its heads in the order of the text. `entry`: what is the current
    value at first, if anything is."""

    def __init__(self, pattern: Pattern, entry: Wire | None) -> None:
        self.pattern = pattern
        self.entry = entry
        self.done: set[int] = set()
        self.heads: list[int] = []
        self.dominators = _dominators(pattern, entry)
        self.places = _registered(pattern)

    def steps(self) -> list[Step]:
        made: list[Step] = []
        wires = sorted(set(self.pattern.outputs))
        for wire in self._early(wires, self.entry, moves=False):
            made += self._to(wire, _current(made, self.entry))
        for wire in wires:
            steps = self._steps(wire, None if made else self.entry)
            is_read = len(wires) > 1 and bool(steps) and steps[-1].row is None
            made += steps[:-1] if is_read else steps  # `output` reads by name
        self._set_heads(made)
        return list(_moves(made, self.entry))

    def _steps(self, wire: Wire, start: Wire | None) -> list[Step]:
        """The steps from one value to another."""
        if wire == start:
            return []
        number, _ = wire
        if number < 0 or number in self.done:
            return [Step(wire)]
        row = self.pattern.rows[number]
        if row.first.kind == "merge":
            before = self._before(row, start)
            current = _current(before, start)
            inputs = self._sorted(row, current)
            branches = [(at, _busy(self._steps(row.inputs[at], current))) for at in inputs]
            self.done.add(number)
            return [*before, Step(wire, row, branches)]
        before = self._read(row.inputs, start) if row.inputs else []
        self.done.add(number)
        step = Step((number, 0), row)
        return [*before, step] if len(row.first.outputs) == 1 else [*before, step, Step(wire)]

    def _read(self, wires: Sequence[Wire], start: Wire | None) -> list[Step]:
        """The steps to the first of some values, behind which the others exist."""
        first, *others = wires
        behind = self._behind(first, start)
        made: list[Step] = []
        for wire in others:
            if wire[0] >= 0 and wire[0] not in self.done | behind:
                made += self._steps(wire, None if made else start)
        return made + self._steps(first, None if made else start)

    def _before(self, row: Row, start: Wire | None) -> list[Step]:
        """The steps before a merge: to the last value that all of its inputs come from, and those
        inside of its branches that are read in several, or outside of them. One long branch beside
        the value that it comes from is laid out before as well, as in a U-Net."""
        common = self._common(row.inputs)
        made = self._steps(common, start) if common is not None else []
        moves = row.first.key != "concat" and len(row.inputs) == 2
        for wire in self._early(row.inputs, common, moves=moves):
            if wire[0] not in self.done:
                made += self._to(wire, _current(made, start))
        behind = [self._behind(wire, common) for wire in row.inputs]
        inside = {number for each in behind for number in each}
        shared = {(at, 0) for at in inside if sum(at in each for each in behind) > 1}
        number = self.pattern.rows.index(row)
        for wire in sorted(shared | self._read_outside(inside, {*inside, number})):
            if wire[0] not in self.done:
                made += self._to(wire, _current(made, start))
        behind = [self._behind(wire, common) for wire in row.inputs]
        longest = max(range(len(behind)), key=lambda at: len(behind[at]))
        others = [each for at, each in enumerate(behind) if at != longest]
        if len(behind[longest]) > LONGEST_BRANCH and not any(others):
            made += self._steps(row.inputs[longest], _current(made, start))
        return made

    def _to(self, wire: Wire, start: Wire | None) -> list[Step]:
        """The steps to a value that is read by name later."""
        steps = self._steps(wire, start)
        return steps[:-1] if steps and steps[-1].row is None else steps

    def _read_outside(self, rows: set[int], users: set[int]) -> set[Wire]:
        """The results of some rows that others than these users read."""
        read = {
            wire
            for number, row in enumerate(self.pattern.rows)
            if number not in users
            for wire in row.inputs
        }
        return {wire for wire in {*read, *self.pattern.outputs} if wire[0] in rows}

    def _common(self, wires: Sequence[Wire]) -> Wire | None:
        """The last value that all of these come from."""
        sets = [self.dominators[wire] for wire in wires if self.dominators[wire]]
        shared = set.intersection(*sets) if sets else set()
        return max(shared) if shared else self.entry

    # --- as registered ------------------------------------------------------------------------

    def _sorted(self, row: Row, common: Wire | None) -> list[int]:
        """The inputs of a sum or a product in the order of their keys, if they have nothing in
        common; of others as they are."""
        inputs = list(range(len(row.inputs)))
        behind = [set(filter(self._has_weights, self._behind(wire, common))) for wire in row.inputs]
        if row.first.key == "concat" or len(inputs) != 2 or behind[0] & behind[1]:
            return inputs
        firsts = [min(map(self._place, each), default=-1) for each in behind]
        return [1, 0] if -1 < firsts[1] < firsts[0] else inputs

    def _early(self, wires: Sequence[Wire], common: Wire | None, *, moves: bool) -> list[Wire]:
        """What to lay out before some branches, so that the keys stand as they are registered:
        as little as does it, nothing if nothing does. `moves`: the branches have no order."""
        behind = [set(filter(self._has_weights, self._behind(wire, common))) for wire in wires]
        rows = self._firsts(set().union(*behind))
        owners = [[at for at, each in enumerate(behind) if number in each] for number in rows]
        for count in range(len(rows) + 1):
            if _is_in_order([each[0] for each in owners[count:]], moves=moves):
                break
        early = rows[:count]
        done: set[int] = set()
        found: list[Wire] = []
        for at, number in enumerate(early):
            needed = self._weighted_behind(number, common)
            if not set(self._firsts(needed)) <= {*done, number}:
                return []
            done |= needed
            alone = len(owners[at]) == 1
            if alone and owners[at + 1 : at + 2] == [owners[at]] and at + 1 < count:
                continue
            inside = self._behind(wires[owners[at][0]], common) if alone else {number}
            ready = [each for each in inside if self._weighted_behind(each, common) <= done]
            found.append((max(each for each in ready if each >= number), 0))
        return found

    def _firsts(self, rows: set[int]) -> list[int]:
        """Rows in the order of their keys; of a list the first item alone, which says where the
        list stands."""
        known = {self._place(number) for number in self.done if self._has_weights(number)}
        first: dict[float, int] = {}
        for number in sorted(rows):
            if self._place(number) not in known:
                first.setdefault(self._place(number), number)
        return [first[place] for place in sorted(first)]

    def _weighted_behind(self, number: int, common: Wire | None) -> set[int]:
        return set(filter(self._has_weights, self._behind((number, 0), common)))

    def _behind(self, wire: Wire, common: Wire | None) -> set[int]:
        """The rows that a value needs and that are not laid out, back to another."""
        found: set[int] = set()
        left = [wire]
        while left:
            number, _ = each = left.pop()
            if each == common or number < 0 or number in self.done or number in found:
                continue
            found.add(number)
            left += self.pattern.rows[number].inputs
        return found

    def _has_weights(self, number: int) -> bool:
        return has_weights(self.pattern.rows[number].first)

    def _place(self, number: int) -> float:
        name = (self.pattern.rows[number].first.name or "").partition(".")[0]
        return self.places.get(name, -1.0)

    def _set_heads(self, steps: list[Step]) -> None:
        """Put the heads behind the values that they read. Their keys are the last, wherever they
        stand."""
        for number, head in enumerate(self.pattern.heads):
            row = self.pattern.rows[head[0]] if head[0] >= 0 else None
            if row is None or len(row.inputs) != 1:
                continue
            for at, step in enumerate(steps):
                if step.wire == row.inputs[0] and not step.is_head:
                    steps.insert(at + 1, Step(head, row, is_head=True))
                    break
            else:
                continue
            self.heads.append(number)
        order = [step.wire for step in steps if step.is_head]
        self.heads.sort(key=lambda number: order.index(self.pattern.heads[number]))


def _registered(pattern: Pattern) -> dict[str, float]:
    """Where the modules of all runs stand in the order of the keys; what only some have stands
    behind what it follows there."""
    places: dict[str, float] = {}
    programs = [each for each in pattern.programs if each is not None]
    longest = max(programs, key=lambda each: len(each.order))
    places.update((name, float(number)) for number, name in enumerate(longest.order))
    for program in programs:
        before = -1.0
        for name in program.order:
            before = places.setdefault(name, before + 0.5)
    return places


def _is_in_order(owners: Sequence[int], *, moves: bool) -> bool:
    """Whether what each branch lays out stands together, and the branches in their order."""
    order = [at for at, _ in groupby(owners)]
    return len(set(order)) == len(order) and (moves or order == sorted(order))


def _read_current(branches: Sequence[tuple[int, list[Step]]], current: Wire | None) -> bool:
    """Whether some branch begins with the current value."""
    return any(not steps or _reads(steps[0], current) for _, steps in branches)


def _reads(step: Step, current: Wire | None) -> bool:
    if step.row is None:
        return False
    if step.branches:
        return _read_current(step.branches, current)
    return current in step.row.inputs[:1]


def _current(steps: Sequence[Step], start: Wire | None) -> Wire | None:
    """The current value behind some steps; None behind one with several results."""
    last = next((step for step in reversed(steps) if not step.is_head), None)
    if last is None:
        return start
    return None if last.row is not None and len(last.row.first.outputs) > 1 else last.wire


def _moves(steps: Sequence[Step], start: Wire | None) -> Iterator[Step]:
    """The steps without reads of what is the current value."""
    busy = _busy(steps)
    for at, step in enumerate(busy):
        if step.row is not None or step.wire != _current(busy[:at], start):
            yield step


def _busy(steps: Sequence[Step]) -> list[Step]:
    """The steps without reads of what the next step does not read."""
    return [
        step
        for at, step in enumerate(steps)
        if step.row is not None or at + 1 == len(steps) or _reads(steps[at + 1], step.wire)
    ]


def _dominators(pattern: Pattern, entry: Wire | None) -> dict[Wire, set[Wire]]:
    """For each value those that every way to it goes through; empty for a parameter."""
    root = {entry} if entry is not None else set()
    found: dict[Wire, set[Wire]] = {START: root or {START}}
    for number in range(1, len(pattern.input_names)):
        found[-1, number] = root | {(-1, number)}
    for number, row in enumerate(pattern.rows):
        before = [found[wire] for wire in row.inputs if found[wire]]
        common = set.intersection(*before) if before else set()
        for output in range(len(row.first.outputs)):
            found[number, output] = common | {(number, output)} if before else set()
    return found
