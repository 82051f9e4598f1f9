"""A body as a row of units: its nodes in order, a repeated call cut into runs.

A unit reads values as `Source`s, by the units that make them, so that rows can be compared
whatever the numbers of their values are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, Ref

# A value: the unit that makes it (-1: an input of the body) and which of its outputs it is.
Source = tuple[int, int]
INPUT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A node, or of a repeated call `count` repeats from number `offset` on. `node` is the first
    of all repeats.

    head: it is a training head of that name, apart from the row. within: the path and a dot of the
    chain or braces that it stands in, where these are opened.
    """

    body: Body
    node: Node
    inputs: tuple[Source, ...]
    offset: int = 0
    count: int = 1
    head: str | None = None
    within: str = ""

    @property
    def name(self) -> str:
        """Of its first repeat; "" for a merge, which has none."""
        return self.name_at(0)

    @property
    def node_name(self) -> str:
        return "" if isinstance(self.node, MergeNode) else self.node.name

    def name_at(self, place: int) -> str:
        """The name of one of its repeats."""
        if isinstance(self.node, MergeNode):
            return ""
        number = self.offset + place
        name = str(int(self.node_name) + number) if number else self.node_name
        return self.within + name

    def named(self, start: int, count: int) -> str:
        """The names of some of its repeats: `1`, or `1-22`."""
        first = self.name_at(start)
        last = self.name_at(start + count - 1).rpartition(".")[2]
        return first if count == 1 else f"{first}-{last}"

    @property
    def reused(self) -> bool:
        return isinstance(self.node, LayerNode | CallNode) and self.node.reused

    @property
    def inner(self) -> Body | None:
        return self.node.body if isinstance(self.node, CallNode) else None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The units of a body, what leaves it, and its training heads."""

    body: Body
    units: tuple[Unit, ...]
    outputs: tuple[Source, ...]
    heads: tuple[Unit, ...]
    values: tuple[tuple[str, Source], ...] = ()  # of an arch: names that are no unit's


MOST_PIECES = 48  # of one repeat; the middle of a longer one stays together

# Whether two calls are of one and the same module, weights aside.
Equal = Callable[[CallNode, CallNode], bool]


def runs(body: Body, equal: Equal) -> Row:
    """The nodes of a body; equal calls one after the other are one unit, however they are written:
    by `stage`, by a loop, or one by one."""
    reads = Counter(_reads(body))
    sources: dict[Ref, Source] = {ref: (INPUT, place) for place, ref in enumerate(body.inputs)}
    units: list[Unit] = []
    before: Node | None = None
    for node in body.nodes:
        if units and before and _continues(before, units[-1], node, reads, equal):
            units[-1] = replace(units[-1], count=units[-1].count + _count(node))
        else:
            inputs = tuple(sources[ref] for ref in node.inputs)
            units.append(Unit(body, node, inputs, count=_count(node)))
        for place, ref in enumerate(node.outputs):
            sources[ref] = (len(units) - 1, place)
        before = node
    outputs = tuple(sources[output.value] for output in body.outputs)
    heads = tuple(
        Unit(body, aux.node, tuple(sources[ref] for ref in aux.node.inputs), head=aux.name)
        for aux in body.aux
    )
    return Row(body, tuple(units), outputs, heads, tuple(_values(body, units, sources)))


def _values(
    body: Body, units: Sequence[Unit], sources: Mapping[Ref, Source]
) -> Iterator[tuple[str, Source]]:
    """Names by which others read values of a network, but for those of the submodules that make
    them; names inside blocks are nobody else's."""
    for name, ref in sorted(body.names.items()) if body.kind == "arch" else ():
        at, _ = source = sources.get(ref, (INPUT, 0))
        unit = units[at] if at != INPUT else None
        own = unit is not None and not unit.reused and unit.name == name
        if ref in sources and not own and name not in body.input_names:
            yield name, source


def cut(row: Row, whole: Callable[[Unit], bool]) -> Row:
    """The same with repeats as single units, but for the middle of long ones, and for those long
    ones that are to stay whole."""
    last: list[int] = []  # the last piece of each unit
    units: list[Unit] = []
    for unit in row.units:
        inputs = _moved(unit.inputs, last)
        long = unit.count > MOST_PIECES
        pieces = [(0, unit.count)] if long and whole(unit) else _pieces(unit.count)
        for offset, count in pieces:
            units.append(replace(unit, inputs=inputs, offset=offset, count=count))
            inputs = ((len(units) - 1, 0),)
        last.append(len(units) - 1)
    heads = tuple(replace(unit, inputs=_moved(unit.inputs, last)) for unit in row.heads)
    values = tuple((name, _moved((source,), last)[0]) for name, source in row.values)
    return Row(row.body, tuple(units), _moved(row.outputs, last), heads, values)


def opened(row: Row, inside: Callable[[Unit], Row | None]) -> Row:
    """The same with the units of some calls in their places."""
    found: dict[Source, Source] = {}
    units: list[Unit] = []

    def moved(sources: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(found.get(source, source) for source in sources)

    for at, unit in enumerate(row.units):
        inputs, start, inner = moved(unit.inputs), len(units), inside(unit)
        if inner is None:
            units.append(replace(unit, inputs=inputs))
            found |= {(at, out): (start, out) for out in range(len(unit.node.outputs))}
            continue

        def entered(
            source: Source, start: int = start, inputs: tuple[Source, ...] = inputs
        ) -> Source:
            place, out = source
            return inputs[out] if place == INPUT else (start + place, out)

        for each in inner.units:
            reads = tuple(map(entered, each.inputs))
            units.append(replace(each, inputs=reads, within=f"{unit.name}."))
        found |= {(at, out): entered(source) for out, source in enumerate(inner.outputs)}
    heads = tuple(replace(unit, inputs=moved(unit.inputs)) for unit in row.heads)
    values = tuple((name, moved((source,))[0]) for name, source in row.values)
    return Row(row.body, tuple(units), moved(row.outputs), heads, values)


def _moved(sources: tuple[Source, ...], places: Sequence[int]) -> tuple[Source, ...]:
    return tuple((places[at] if at >= 0 else at, out) for at, out in sources)


def _reads(body: Body) -> Iterator[Ref]:
    for node in body.all_nodes:
        yield from node.inputs
    yield from (output.value for output in body.outputs)


def _count(node: Node) -> int:
    return node.count if isinstance(node, CallNode) else 1


def _continues(before: Node, unit: Unit, node: Node, reads: Counter[Ref], equal: Equal) -> bool:
    """Whether a node is one more repeat of the call before it."""
    if not isinstance(before, CallNode) or not isinstance(node, CallNode):
        return False
    if before.reused or node.reused or not unit.node_name.isdecimal():
        return False
    following = str(int(unit.node_name) + unit.count)
    alone = node.inputs == before.outputs and len(before.outputs) == 1
    single = alone and reads[before.outputs[0]] == 1
    return single and node.name == following and equal(before, node)


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    """Where the runs of a repeat start, and how long they are."""
    if count <= MOST_PIECES:
        yield from ((place, 1) for place in range(count))
        return
    ends = MOST_PIECES // 2
    yield from ((place, 1) for place in range(ends))
    yield ends, count - 2 * ends
    yield from ((place, 1) for place in range(count - ends, count))
