"""Blocks as statements: wires become chains, merges with branches, and `from` where that is left.

A body is laid out by dominators: up to what all inputs of a merge come from, then each input as a
branch. What was written before is read by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, cast

from archgen.importers.parameters import Block
from archgen.importers.program import Unsupported
from archgen.importers.repeats import BREAKS, call, chained, repeats
from archgen.importers.spelling import (
    applied,
    block_arguments,
    counted_place,
    is_long,
    layer_arguments,
    named,
    place,
    read_name,
    unused,
)
from archgen.importers.tidy import has_weights
from archgen.importers.unify import Pattern, Row, Wire
from archgen.syntax import tree
from archgen.syntax.words import RESERVED

Kind = Literal["add", "mul", "concat"]
START: Wire = (-1, 0)
LONGEST_CHAIN = 3


@dataclass(eq=False, slots=True)
class _Step:
    """One step of the text: a row; `branches` of a merge. Without a row it reads `wire`.
    `is_head`: it is run in training, and what follows reads what stands before it."""

    wire: Wire
    row: Row | None = None
    branches: list[list[_Step]] = field(default_factory=list)
    is_head: bool = False


class Body:
    """The statements of one pattern of a block."""

    def __init__(self, block: Block, blocks: dict[str, Block], pattern: Pattern) -> None:
        self.block = block
        self.blocks = blocks
        self.pattern = pattern
        self.done: set[int] = set()
        self.heads: list[int] = []  # in the order of the text
        self.read: set[Wire] = set()
        self.counts: Counter[str] = Counter()
        self.names: dict[Wire, str] = {}
        self.numbered = False  # the pass of a loop, whose names count
        self.dominators = _dominators(pattern)

    def statements(self) -> list[tree.Statement]:
        if self.pattern.first.sequential:
            return self._sequence()
        steps = [step for wire in self.pattern.outputs for step in self._emit(wire, START)]
        for step in _flat(steps):
            if step.row is None:
                self.read.add(step.wire)
        self._name_values()
        return self._lowered(steps)

    # --- order --------------------------------------------------------------------------------

    def _emit(self, wire: Wire, start: Wire) -> list[_Step]:
        """The steps from one value to another, heads behind the values that they read."""
        steps = self._steps(wire, start)
        if steps and steps[-1].wire == wire and steps[-1].row is not None:
            for number, head in enumerate(self.pattern.heads):
                row = self.pattern.rows[head[0]]
                if row.inputs == (wire,) and number not in self.heads:
                    self.heads.append(number)
                    steps.append(_Step(head, row, is_head=True))
        return steps

    def _steps(self, wire: Wire, start: Wire) -> list[_Step]:
        if wire == start:
            return []
        number, _ = wire
        if number < 0 or number in self.done:
            return [_Step(wire)]
        row = self.pattern.rows[number]
        if row.first.kind == "merge":
            common = self._common(row.inputs)
            before = self._emit(common, start)
            branches = [self._emit(each, common) for each in row.inputs]
            self.done.add(number)
            return [*before, _Step(wire, row, branches)]
        before = self._emit(row.inputs[0], start) if row.inputs else []
        self.done.add(number)
        step = _Step((number, 0), row)
        return [*before, step] if len(row.first.outputs) == 1 else [*before, step, _Step(wire)]

    def _common(self, wires: Sequence[Wire]) -> Wire:
        """The last value that all of these come from."""
        sets = [self.dominators[wire] for wire in wires if self.dominators[wire]]
        return max(set.intersection(*sets)) if sets else START

    # --- names --------------------------------------------------------------------------------

    def _name_values(self) -> None:
        """A name for everything that is read by name."""
        taken = {row.first.name for row in self.pattern.rows if row.first.name}
        for wire in sorted(self.read):
            number, output = wire
            if number < 0:
                continue
            row = self.pattern.rows[number]
            own = row.first.name
            single = has_weights(row.first) and len(row.first.outputs) == 1
            if own and single and row not in self.block.conditions:
                self.names[wire] = own
                continue
            plain = (own or row.first.key).rpartition(".")[2]
            stem = plain if plain.isidentifier() and plain not in RESERVED else "value"
            stem = f"{stem}_{'abcdefgh'[output]}" if len(row.first.outputs) > 1 else stem
            self.names[wire] = unused(stem, taken)
            taken.add(self.names[wire])

    def _place(self, wire: Wire) -> tree.Expr:
        """What stands behind `from`."""
        number, output = wire
        if number < 0:
            names = self.pattern.first.input_names
            several = len(self.pattern.first.inputs) > 1 and not self.pattern.first.path
            return tree.Name((names[output],)) if output or several else tree.Name(("input",))
        return read_name(self.names[wire])

    # --- statements ---------------------------------------------------------------------------

    def _lowered(self, steps: Sequence[_Step]) -> list[tree.Statement]:
        made: list[tree.Statement] = []
        links: list[tree.Link] = []

        def end() -> None:
            if links:
                made.append(tree.Chain(tuple(links)))
                links.clear()

        def condition(step: _Step) -> tree.Expr | None:
            is_step = step.row is not None and not step.branches
            return self.block.conditions.get(step.row) if is_step and step.row else None

        for asked, group in groupby(steps, condition):
            if asked is None:
                for step in group:
                    self._lower(step, made, links, end)
                continue
            end()
            inner: list[tree.Statement] = []
            rows = list(group)
            for step in rows:
                inner.extend(self._statement(step))
            made.append(tree.If((tree.Arm(asked, tree.Body(tuple(inner))),), None))
            last = rows[-1].wire
            if last in self.names:
                made.append(named(self.names[last], tree.Call(tree.Name(("identity",)))))
        end()
        return made

    def _lower(self, step, made, links, end) -> None:  # type: ignore[no-untyped-def]
        """One step, as a link of the present chain or as a statement."""
        if step.row is None:
            end()
            links.append(tree.From(self._place(step.wire)))
            return
        if step.row.first.kind == "loop":
            end()
            made.append(self._loop(step.row))
            return
        if step.is_head:
            end()
            made.append(self._head(step.row))
            return
        link = self._link(step)
        shown = self._shown(step)
        if shown is not None:
            reads = links[-1:] if links and isinstance(links[-1], tree.From) else []
            if reads:
                links.pop()
            end()
            chained = (*reads, *link) if isinstance(link, tuple) else (*reads, link)
            made.append(tree.Named(shown, tree.Chain(tuple(chained))))
            return
        if isinstance(link, tuple):
            link = tree.Seq(tree.Body(tuple(tree.Chain((each,)) for each in link)))
        ends = isinstance(link, tree.Merge | tree.Seq | tree.Stage)
        reads = bool(links) and isinstance(links[-1], tree.From)
        if (ends or self._begins_line(step, links)) and not reads:
            end()
        links.append(link)
        if ends:
            end()

    def _begins_line(self, step: _Step, links: Sequence[tree.Link]) -> bool:
        assert step.row is not None
        node = step.row.first
        return node.key in BREAKS or node.kind == "call" or len(links) >= LONGEST_CHAIN + 2

    def _head(self, row: Row) -> tree.Aux:
        """`aux aux1 = inception_aux(1000)`."""
        if row.first.name is None:
            raise Unsupported("a head for training that is no submodule")
        link = self._link(_Step(START, row))
        links = link if isinstance(link, tuple) else (link,)
        return tree.Aux(tree.Named((place(row.first.name),), tree.Chain(links)))

    def _loop(self, row: Row) -> tree.For:
        """`for i in range(n) { "denselayer{i + 1}" = dense_layer }`."""
        assert row.inner is not None
        body = Body(self.block, self.blocks, row.inner)
        body.numbered = True
        count = tree.Argument(None, self.block.arguments[row]["n"])
        numbers = tree.Apply(tree.Name(("range",)), (count,))
        return tree.For(("i",), numbers, tree.Body(tuple(body.statements())))

    def _statement(self, step: _Step) -> list[tree.Statement]:
        made: list[tree.Statement] = []
        links: list[tree.Link] = []
        self._lower(step, made, links, lambda: None)
        return [*made, *([tree.Chain(tuple(links))] if links else [])]

    def _shown(self, step: _Step) -> tuple[tree.Place, ...] | None:
        """The names of a step, where they are written: not if the rule of unnamed layers gives
        them, nor if nothing has or reads them."""
        row = step.row
        assert row is not None
        node = row.first
        number, _ = step.wire
        if len(node.outputs) > 1:
            wires = [(number, at) for at in range(len(node.outputs))]
            return tuple(tree.Place(self.names.get(wire, "_")) for wire in wires)
        read = self.names.get(step.wire)
        if has_weights(node) and node.name is not None:
            stem = self._stem(row)
            hidden = node.name == f"{stem}{self.counts[stem] + 1}" and not node.reused
            hidden = hidden and not self.numbered
            if hidden and read is None and row not in self.block.conditions:
                self.counts[stem] += 1
                return None
            if node.reused:
                return (tree.Place(read),) if read is not None else None
            return (counted_place(node.name) if self.numbered else place(node.name),)
        if read is not None and row not in self.block.conditions:
            return (place(read),)
        if node.kind in {"layer", "call"}:
            self.counts[self._stem(row)] += 1
        return None

    def _stem(self, row: Row) -> str:
        node = row.first
        if row.inner is not None:
            link = self._link(_Step(START, row))
            return "layer" if isinstance(link, tree.Stage) else "seq"
        return node.key

    def _link(self, step: _Step) -> tree.Link | tuple[tree.Link, ...]:
        """What a step does; several links for a chain with a name."""
        row = step.row
        assert row is not None
        node = row.first
        if node.reused:
            return tree.Reuse(read_name(node.name or ""))
        if node.kind == "merge":
            return self._merge(step)
        if row.inner is not None:
            return self._container(row)
        if row in self.block.heads:
            return applied(self.block.heads[row])
        arguments = self.block.arguments.get(row, {})
        if node.kind == "loop":
            raise AssertionError("loops are statements")
        values = self._values(row)
        if node.kind == "call":
            return call(node.key, [*block_arguments(self.blocks[node.key], arguments), *values])
        given = tuple(layer_arguments(node.key, arguments))
        return tree.Param(given) if node.kind == "param" else call(node.key, given)

    def _values(self, row: Row) -> list[tree.Argument]:
        """Values that a block is given beside the current one."""
        if len(row.inputs) < 2 or row.first.program is None:
            return []
        self.read.update(row.inputs[1:])
        names = row.first.program.input_names[1:]
        raise Unsupported(f"a block with several inputs ({', '.join(names)})", self.block.name)

    def _merge(self, step: _Step) -> tree.Merge:
        row = step.row
        assert row is not None
        node = row.first
        condition = self.block.conditions.get(row)
        statements = []
        for number, branch in enumerate(step.branches):
            made = _branch(self._lowered(branch))
            if condition is not None and number != row.passes:
                if isinstance(made, tree.If) and made.arms[0].condition == condition:
                    made = tree.Chain((tree.Group(made.arms[0].body),))
                made = tree.If((tree.Arm(condition, tree.Body((made,))),), None)
            statements.append(made)
        arguments = tuple(
            tree.Argument(name, expr) for name, expr in self.block.arguments.get(row, {}).items()
        )
        return tree.Merge(cast(Kind, node.key), arguments, tree.Body(tuple(statements)))

    def _container(self, row: Row) -> tree.Link | tuple[tree.Link, ...]:
        """A submodule that is written where it stands."""
        assert row.inner is not None
        body = Body(self.block, self.blocks, row.inner)
        statements = body.statements()
        if not row.inner.first.sequential:
            return tree.Group(tree.Body(tuple(statements)))
        match statements:
            case [tree.Chain((tree.Stage() as link,))]:
                return link
        links = [
            link
            for each in statements
            if isinstance(each, tree.Chain)
            for link in each.links
            if isinstance(link, tree.Call)
        ]
        plain = len(links) == len(row.inner.rows) and 1 < len(links) <= LONGEST_CHAIN
        if plain and sum(map(is_long, links)) <= 1:
            return tuple(links)
        return tree.Seq(tree.Body(tuple(statements)))

    # --- sequences ----------------------------------------------------------------------------

    def _sequence(self) -> list[tree.Statement]:
        """The children of an `nn.Sequential`, repeats as stages and loops."""
        children = [self._child(number, row) for number, row in enumerate(self.pattern.rows)]
        return list(chained(repeats(children, self.blocks)))

    def _child(self, number: int, row: Row) -> tree.Statement:
        link = self._link(_Step((number, 0), row))
        name = row.first.name or ""
        links = link if isinstance(link, tuple) else (link,)
        if name.isdigit() and isinstance(link, tuple):
            links = (tree.Seq(tree.Body(tuple(tree.Chain((each,)) for each in link))),)
        chain = tree.Chain(tuple(links))
        made: tree.Statement = chain
        if name and not name.isdigit():
            made = tree.Named((place(name),), chain)
        condition = self.block.conditions.get(row)
        if condition is None:
            return made
        return tree.If((tree.Arm(condition, tree.Body((made,))),), None)


# --- order ----------------------------------------------------------------------------------


def _dominators(pattern: Pattern) -> dict[Wire, set[Wire]]:
    """For each value those that every way to it goes through; empty for a parameter."""
    found: dict[Wire, set[Wire]] = {START: {START}}
    for number in range(1, len(pattern.first.inputs)):
        found[-1, number] = {START, (-1, number)}
    for number, row in enumerate(pattern.rows):
        before = [found[wire] for wire in row.inputs if found[wire]]
        common = set.intersection(*before) if before else set()
        for output in range(len(row.first.outputs)):
            found[number, output] = common | {(number, output)} if before else set()
    return found


def _flat(steps: Sequence[_Step]) -> Iterator[_Step]:
    for step in steps:
        yield step
        for branch in step.branches:
            yield from _flat(branch)


def _branch(statements: Sequence[tree.Statement]) -> tree.Statement:
    """One statement for a branch."""
    match list(statements):
        case []:
            return tree.Chain((tree.Call(tree.Name(("identity",))),))
        case [tree.If(arms, None)]:
            identity = tree.Chain((tree.Call(tree.Name(("identity",))),))
            return tree.If(arms, tree.Body((identity,)))
        case [one]:
            return one
        case several:
            return tree.Chain((tree.Group(tree.Body(tuple(several))),))
