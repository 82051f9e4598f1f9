"""Anti-unification: many runs of one class as one pattern, whose rows some runs lack.

A row that a run lacks is a wire there: its value is one of its inputs. The rows of a pattern read
each other in one way for all runs, or the runs are too unlike for one block.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from archgen.importers.program import Node, Program, Value
from archgen.importers.weighted import has_weights
from archgen.layers import LAYERS

Wire = tuple[int, int]  # a row and which of its outputs; (-1, i): input i of the body
ACTIVATIONS = frozenset(
    keyword for keyword, cls in LAYERS.items() if cls.group == "activation" and not cls.weight_names
)


class Unlike(Exception):
    """The runs have no pattern in common."""


@dataclass(eq=False, slots=True)
class Row:
    """One step in all runs; None where a run lacks it, and its value is input `passes` there."""

    nodes: list[Node | None]
    inputs: tuple[Wire, ...] = ()
    passes: int = 0
    inner: Pattern | None = None  # of what is written in place: a chain, braces, a loop

    @property
    def first(self) -> Node:
        return next(node for node in self.nodes if node is not None)

    @property
    def is_optional(self) -> bool:
        return None in self.nodes

    @property
    def is_activation(self) -> bool:
        return self.first.kind == "layer" and self.first.key in ACTIVATIONS


@dataclass(eq=False, slots=True)
class Pattern:
    """The rows of all runs; None for a run that lacks the whole."""

    programs: list[Program | None]
    input_names: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    outputs: tuple[Wire, ...] = ()
    heads: tuple[Wire, ...] = ()

    @property
    def first(self) -> Program:
        return next(program for program in self.programs if program is not None)

    def all_rows(self) -> Iterator[Row]:
        """The rows of this pattern and of those written in place."""
        for row in self.rows:
            yield row
            if row.inner is not None:
                yield from row.inner.all_rows()


def unify(programs: Sequence[Program | None], in_place: Collection[str]) -> Pattern:
    """The pattern of some runs. `in_place`: classes whose bodies are written where they stand.

    Raises `Unlike`.
    """
    pattern = Pattern(list(programs), _input_names(programs))
    pattern.rows = [Row(nodes) for nodes in _aligned(programs)]
    _wire(pattern)
    for row in pattern.rows:
        if row.first.kind == "loop" or (row.first.kind == "call" and row.first.key in in_place):
            inner = [node.program if node else None for node in row.nodes]
            row.inner = unify(inner, in_place)
    return pattern


def _input_names(programs: Sequence[Program | None]) -> list[str]:
    """The inputs of all runs: the first, which all have; others by name, which some may lack."""
    given = [program for program in programs if program is not None]
    firsts = {program.input_names[0] for program in given}
    if len(firsts) > 1 or any(len({*each.input_names}) < len(each.inputs) for each in given):
        raise Unlike
    return list(dict.fromkeys(name for program in given for name in program.input_names))


# --- rows -----------------------------------------------------------------------------------


def _aligned(programs: Sequence[Program | None]) -> list[list[Node | None]]:
    """The steps of all runs side by side: equal ones in one row, in the order of each run."""
    rows: list[list[Node | None]] = []
    for at, program in enumerate(programs):
        nodes = program.nodes if program is not None else []
        sequential = program is not None and program.sequential
        before = [_label(next(node for node in row if node), sequential) for row in rows]
        after = [_label(node, sequential) for node in nodes]
        merged: list[list[Node | None]] = []
        for row_at, node_at in _matched(before, after):
            row = rows[row_at] if row_at is not None else [None] * at
            merged.append([*row, nodes[node_at] if node_at is not None else None])
        rows = merged
    return rows


def _label(node: Node, sequential: bool) -> object:
    """What two steps have in common that are one row."""
    if node.kind == "layer" and node.key in ACTIVATIONS:
        return "activation"
    if node.kind == "merge":
        return node.kind, node.key, len(node.inputs)
    name = node.name if has_weights(node) else None
    if sequential and name is not None and name.isdigit():
        name = None
    values = tuple(node.program.input_names[1:]) if node.program is not None else ()
    return node.kind, node.key, name, _is_depthwise(node), values, len(node.outputs)


def outlined(program: Program, in_place: Collection[str]) -> object:
    """What two runs have in common that are rows without gaps: labels and wires."""
    numbers = {
        id(value): name for name, value in zip(program.input_names, program.inputs, strict=True)
    }
    steps = []
    for node in program.nodes:
        wires = tuple(numbers.get(id(value), "") for value in node.inputs)
        for value in node.outputs:
            numbers[id(value)] = str(len(numbers))
        is_inner = node.kind == "loop" or (node.kind == "call" and node.key in in_place)
        inner = outlined(node.program, in_place) if is_inner and node.program else None
        steps.append((_label(node, program.sequential), wires, inner))
    results = tuple(numbers.get(id(value), "") for value in program.results)
    return tuple(program.input_names), tuple(steps), results


def _is_depthwise(node: Node) -> bool:
    if node.kind != "call":
        return False
    groups = node.arguments.get("groups", 1)
    return groups != 1 and bool(node.inputs) and groups == node.inputs[0].channels


def _matched(
    left: Sequence[object], right: Sequence[object]
) -> list[tuple[int | None, int | None]]:
    """The longest common subsequence, with what stands between on either side."""
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            lengths[i][j] = (
                lengths[i + 1][j + 1] + 1
                if left[i] == right[j]
                else max(lengths[i + 1][j], lengths[i][j + 1])
            )
    found: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right) and left[i] == right[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif j == len(right) or (i < len(left) and lengths[i + 1][j] >= lengths[i][j + 1]):
            found.append((i, None))
            i += 1
        else:
            found.append((None, j))
            j += 1
    return found


# --- wires ----------------------------------------------------------------------------------


def _wire(pattern: Pattern) -> None:
    """Find what each row reads, one answer for all runs."""
    reads = [_Reads(pattern, at) for at, each in enumerate(pattern.programs) if each is not None]
    for number, row in enumerate(pattern.rows):
        wires = {run.at: run.inputs(number) for run in reads if row.nodes[run.at] is not None}
        row.inputs = _agreed(pattern, list(wires.items()))
        row.passes = _passing(pattern, number, reads)
    pattern.outputs = _agreed(pattern, [(run.at, run.outputs()) for run in reads])
    pattern.heads = _agreed(pattern, [(run.at, run.heads()) for run in reads])


class _Reads:
    """What the steps of one run read, as wires."""

    def __init__(self, pattern: Pattern, at: int) -> None:
        program = pattern.programs[at]
        assert program is not None
        self.pattern, self.at, self.program = pattern, at, program
        self.wires: dict[int, Wire] = {
            id(value): (-1, pattern.input_names.index(name))
            for name, value in zip(program.input_names, program.inputs, strict=True)
        }
        for number, row in enumerate(pattern.rows):
            node = row.nodes[at]
            for output, value in enumerate(node.outputs if node else ()):
                self.wires[id(value)] = number, output

    def inputs(self, row: int) -> tuple[Wire, ...]:
        node = self.pattern.rows[row].nodes[self.at]
        assert node is not None
        return tuple(map(self._wire, node.inputs))

    def outputs(self) -> tuple[Wire, ...]:
        return tuple(map(self._wire, self.program.outputs))

    def heads(self) -> tuple[Wire, ...]:
        return tuple(map(self._wire, self.program.heads))

    def _wire(self, value: Value) -> Wire:
        return self.wires[id(value)]


def _agreed(pattern: Pattern, found: list[tuple[int, tuple[Wire, ...]]]) -> tuple[Wire, ...]:
    """The wires that say for every run what it reads; the latest that some run names."""
    if len({len(wires) for _, wires in found}) != 1:
        raise Unlike
    best = tuple(max(each) for each in zip(*(wires for _, wires in found), strict=True))
    for at, wires in found:
        if tuple(_resolved(pattern, wire, at) for wire in best) != wires:
            raise Unlike
    return best


def _resolved(pattern: Pattern, wire: Wire, at: int) -> Wire:
    """A wire in one run: through the rows that it lacks."""
    row, _ = wire
    while row >= 0 and pattern.rows[row].nodes[at] is None:
        lacking = pattern.rows[row]
        if not lacking.inputs:
            raise Unlike
        wire = lacking.inputs[lacking.passes]
        row, _ = wire
    return wire


def _passing(pattern: Pattern, number: int, reads: Sequence[_Reads]) -> int:
    """Which input of a row is its value in the runs that lack it."""
    row = pattern.rows[number]
    if not row.is_optional or len(row.inputs) < 2:
        return 0
    for at in range(len(row.inputs)):
        row.passes = at
        if all(_is_passed(pattern, number, run) for run in reads if row.nodes[run.at] is None):
            return at
    raise Unlike


def _is_passed(pattern: Pattern, number: int, run: _Reads) -> bool:
    """Whether a run that lacks a row reads its passing input where others read the row."""
    passed = _resolved(pattern, pattern.rows[number].inputs[pattern.rows[number].passes], run.at)
    later = [
        wire
        for at, row in enumerate(pattern.rows)
        if at > number and row.nodes[run.at] is not None
        for wire in run.inputs(at)
    ]
    return passed in later or passed in run.outputs()
