"""Blocks as statements: wires become chains, merges with branches, and `from` for what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, cast

from archgen.importers.block import Block
from archgen.importers.layout import START, Layout, Step, flat
from archgen.importers.program import Unsupported
from archgen.importers.repeats import (
    BREAKS,
    call,
    chained,
    folded,
    looped,
    numbers,
    only_call,
    repeats,
    staged,
)
from archgen.importers.sequences import STAGE
from archgen.importers.spelling import (
    applied,
    block_arguments,
    counted_place,
    gives_all,
    is_long,
    layer_arguments,
    named,
    output_names,
    place,
    read_name,
    unused,
)
from archgen.importers.unify import Pattern, Row, Wire
from archgen.importers.weighted import has_weights
from archgen.syntax import tree
from archgen.syntax.words import RESERVED

Kind = Literal["add", "mul", "concat"]
LONGEST_CHAIN = 3


class Body:
    """The statements of one pattern of a block."""

    def __init__(self, block: Block, blocks: dict[str, Block], pattern: Pattern) -> None:
        self.block = block
        self.blocks = blocks
        self.pattern = pattern
        several = pattern is block.pattern and block.is_arch and len(pattern.input_names) > 1
        self.layout = Layout(pattern, None if several else START)
        self.read: set[Wire] = set()
        self.counts: Counter[str] = Counter()
        self.names: dict[Wire, str] = {}
        self.numbered = False  # the pass of a loop, whose names count

    def statements(self) -> list[tree.Statement]:
        if self.pattern.first.sequential:
            return self._sequence()
        steps = self.layout.steps()
        several = len(self.pattern.outputs) > 1 and not gives_all(self.pattern)
        for step in flat(steps):
            if step.row is None:
                self.read.add(step.wire)
            elif step.row.first.kind == "call":
                self.read.update(step.row.inputs[1:])
        if several:
            self.read.update(self.pattern.outputs)
        self._name_values()
        return [*self._lowered(steps), *(self._outputs() if several else ())]

    @property
    def heads(self) -> list[int]:
        """The heads in the order of the text."""
        return self.layout.heads

    def _outputs(self) -> Iterator[tree.Statement]:
        """`output a, b`, behind names for those that are called otherwise."""
        places: list[tree.Expr] = []
        for wire, name in zip(self.pattern.outputs, output_names(self.pattern), strict=True):
            if self.names.get(wire) != name:
                yield named(name, tree.From(self._place(wire)))
            places.append(read_name(name))
        yield tree.Output(tuple(places))

    # --- names --------------------------------------------------------------------------------

    def _name_values(self) -> None:
        """A name for everything that is read by name."""
        pattern = self.pattern
        taken = {row.first.name for row in pattern.rows if row.first.name}
        taken.update(pattern.input_names, self.block.inputs.values())
        fields = output_names(pattern) if len(pattern.outputs) > 1 else []
        taken.update(fields)
        for wire in sorted(self.read):
            number, output = wire
            if number < 0:
                continue
            row = pattern.rows[number]
            own = row.first.name
            conditional = row in self.block.conditions
            if own and has_weights(row.first) and not conditional and not row.first.reused:
                self.names[wire] = own
                continue
            if len(row.first.outputs) > 1 and row.first.kind == "call":
                output = 0
            elif wire in pattern.outputs and fields and not conditional:
                self.names[wire] = fields[pattern.outputs.index(wire)]
                continue
            known = self.names.get((number, output))
            self.names[wire] = known or self._named_after(row, output, taken)
            taken.add(self.names[wire])

    def _named_after(self, row: Row, output: int, taken: set[str]) -> str:
        plain = (row.first.name or row.first.key).rpartition(".")[2]
        stem = plain if plain.isidentifier() and plain not in RESERVED else "value"
        split = len(row.first.outputs) > 1 and row.first.kind != "call"
        return unused(f"{stem}_{'abcdefgh'[output]}" if split else stem, taken)

    def _place(self, wire: Wire) -> tree.Expr:
        """What stands behind `from`."""
        number, output = wire
        if number < 0:
            name = self.block.inputs.get(self.pattern.input_names[output])
            return tree.Name((name,)) if name else tree.Name(("input",))
        row, name = self.pattern.rows[number], self.names[wire]
        if row.first.kind != "call" or len(row.first.outputs) == 1:
            return read_name(name)
        read = read_name(name)
        callee = row.inner or self.blocks[row.first.key].pattern
        if gives_all(callee):
            return tree.Index(read, tree.Number(output))
        result = output_names(callee)[output]
        if isinstance(read, tree.Index):
            return tree.Member(read, result)
        return (
            tree.Name((name, result))
            if name not in RESERVED
            else tree.Template((f"{name}.{result}",))
        )

    # --- statements ---------------------------------------------------------------------------

    def _lowered(self, steps: Sequence[Step]) -> list[tree.Statement]:
        made: list[tree.Statement] = []
        links: list[tree.Link] = []

        def end() -> None:
            if links:
                made.append(tree.Chain(tuple(links)))
                links.clear()

        def condition(step: Step) -> tree.Expr | None:
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

    def _begins_line(self, step: Step, links: Sequence[tree.Link]) -> bool:
        assert step.row is not None
        node = step.row.first
        return node.key in BREAKS or node.kind == "call" or len(links) >= LONGEST_CHAIN + 2

    def _head(self, row: Row) -> tree.Aux:
        """`aux aux1 = inception_aux(1000)`."""
        if row.first.name is None:
            raise Unsupported("a head for training that is no submodule")
        link = self._link(Step(START, row))
        links = link if isinstance(link, tuple) else (link,)
        return tree.Aux(tree.Named((place(row.first.name),), tree.Chain(links)))

    def _loop(self, row: Row) -> tree.For:
        """`for i in range(n) { "denselayer{i + 1}" = dense_layer }`."""
        assert row.inner is not None
        body = Body(self.block, self.blocks, row.inner)
        body.numbered = True
        count = numbers(self.block.arguments[row]["n"])
        return tree.For(("i",), count, tree.Body(tuple(body.statements())))

    def _statement(self, step: Step) -> list[tree.Statement]:
        made: list[tree.Statement] = []
        links: list[tree.Link] = []
        self._lower(step, made, links, lambda: None)
        return [*made, *([tree.Chain(tuple(links))] if links else [])]

    def _shown(self, step: Step) -> tuple[tree.Place, ...] | None:
        """The names of a step, where they are written: not if the rule of unnamed layers gives
        them, nor if nothing has or reads them."""
        row = step.row
        assert row is not None
        node = row.first
        number, _ = step.wire
        if len(node.outputs) > 1 and node.kind == "call":
            own = [name for wire, name in self.names.items() if wire[0] == number]
            if not own and node.name and has_weights(node) and not node.reused:
                own = [node.name]
            return (place(own[0]),) if own else None
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
            link = self._link(Step(START, row))
            return "layer" if isinstance(link, tree.Stage) else "seq"
        return node.key

    def _link(self, step: Step) -> tree.Link | tuple[tree.Link, ...]:
        """What a step does; several links for a chain with a name."""
        row = step.row
        assert row is not None
        node = row.first
        if node.reused:
            if len(row.inputs) > 1:
                raise Unsupported(f"`{node.name}`, which has several inputs and is applied twice,")
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
        if node.kind == "call":
            called = block_arguments(self.blocks[node.key], arguments)
            return call(node.key, [*called, *self._values(row)])
        given = tuple(layer_arguments(node.key, arguments))
        return tree.Param(given) if node.kind == "param" else call(node.key, given)

    def _values(self, row: Row) -> Iterator[tree.Argument]:
        """Values that a block is given beside the current one."""
        assert row.first.program is not None
        callee = self.blocks[row.first.key]
        names = row.first.program.input_names[1:]
        for name, wire in zip(names, row.inputs[1:], strict=True):
            yield tree.Argument(callee.inputs[name], tree.Value(self._place(wire)))

    def _merge(self, step: Step) -> tree.Merge:
        row = step.row
        assert row is not None
        node = row.first
        condition = self.block.conditions.get(row)
        statements = []
        for number, branch in step.branches:
            made = _branch(self._lowered(branch))
            if condition is not None and number != row.passes:
                if isinstance(made, tree.If) and made.arms[0].condition == condition:
                    made = tree.Chain((tree.Group(made.arms[0].body),))
                made = tree.If((tree.Arm(condition, tree.Body((made,))),), None)
            statements.append(made)
        arguments = tuple(
            tree.Argument(name, expr) for name, expr in self.block.arguments.get(row, {}).items()
        )
        return tree.Merge(cast(Kind, node.key), arguments, tree.Body(tuple(folded(statements))))

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

    def _repeat(self, row: Row, *, alone: bool) -> tree.Statement:
        """Equal children, as often as a parameter says: a stage if there are no others."""
        assert row.inner is not None
        statements = Body(self.block, self.blocks, row.inner).statements()
        count = self.block.arguments[row]["n"]
        called = only_call(statements[0])
        if row.inner.first.cls == STAGE and called is not None:
            return staged(called, count) if alone and not row.is_optional else looped(called, count)
        return tree.For(("_",), numbers(count), tree.Body(tuple(statements)))

    def _child(self, number: int, row: Row) -> tree.Statement:
        if row.first.kind == "loop":
            return self._repeat(row, alone=len(self.pattern.rows) == 1)
        link = self._link(Step((number, 0), row))
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


def _branch(statements: Sequence[tree.Statement]) -> tree.Statement:
    """One statement for a branch."""
    match list(statements):
        case []:
            return tree.Chain((tree.Call(tree.Name(("identity",))),))
        case [tree.If(arms, None)]:
            identity = tree.Chain((tree.Call(tree.Name(("identity",))),))
            return tree.If(arms, tree.Body((identity,)))
        case [one] if not isinstance(one, tree.For):  # each pass of a loop would be a branch
            return one
        case several:
            return tree.Chain((tree.Group(tree.Body(tuple(several))),))
