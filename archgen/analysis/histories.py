"""What values see of a network's inputs, channel by channel: for what shuffles mix.

Channels that see the same are a class: the set of them (the bits of an integer) and their views,
which speak of places alone. Calls are followed one by one with what is known of their inputs, so
that no table has to say which channels of a result come from which of an input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import or_
from typing import assert_never

from archgen.analysis.steps import Unknown, at
from archgen.analysis.views import Step, View, Views, as_part, itself, joined, through
from archgen.layers.reads import NO_AXIS, Reads, Terms, broadcast, moved, pointwise
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.shapes import Shape, aligned

MOST_WORK = 2**18  # classes and channels that are looked at for one network

Axis = tuple[int, int]  # the number of an input, and one of its spatial axes
Channels = int  # a set: bit `i` is channel `i`
Seen = tuple[View, ...]
Classes = Mapping[Channels, Seen]  # channels in none of them see nothing
Row = Mapping[Axis, Classes | None]  # None: not known


class TooMuch(Exception):
    """A network takes too long to follow."""


class Histories:
    """For each value of a network, what the classes of its channels see of the inputs."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._left = MOST_WORK
        self._top: Mapping[Ref, Row] | None = None
        self._shuffles: dict[tuple[Terms, int, int], Mapping[Channels, Channels]] = {}
        self._sizes: dict[Axis, int] = {}  # of the inputs' spatial axes
        for source, ref in enumerate(body.inputs):
            x = body.values[ref]
            self._sizes.update(
                ((source, axis), x.sizes[axis]) for axis in range(x.rank) if axis != x.axis
            )

    def of_value(self, calls: Sequence[CallNode], ref: Ref) -> Mapping[Axis, Views]:
        """What all channels of a value see together; it lies inside of calls, of a repeat in its
        last one."""
        try:
            if self._top is None:
                self._top = self._run(self._body, list(self._entries()))
            values = self._top
            for call in calls:
                rows = self._repeated(call, [values[each] for each in call.inputs], call.count - 1)
                values = self._run(call.body, rows)
        except TooMuch:
            return {}
        return {axis: _united(classes) for axis, classes in values[ref].items()}

    def _entries(self) -> Iterator[Row]:
        for source, ref in enumerate(self._body.inputs):
            channels = _all(self._body.values[ref])
            yield {at: {channels: itself(at[1]) or ()} for at in self._sizes if at[0] == source}

    # --- nodes --------------------------------------------------------------------------------

    def _run(self, body: Body, rows: Sequence[Row]) -> Mapping[Ref, Row]:
        values: dict[Ref, Row] = dict(zip(body.inputs, rows, strict=True))
        for node in body.nodes:
            inputs = [values[ref] for ref in node.inputs]
            self._spend(1 + sum(len(classes or ()) for row in inputs for classes in row.values()))
            values.update(zip(node.outputs, self._of_node(body, node, inputs), strict=True))
        return values

    def _of_node(self, body: Body, node: Node, inputs: Sequence[Row]) -> list[Row]:
        results = [body.values[ref] for ref in node.outputs]
        match node:
            case LayerNode():
                x = body.shape_in(node)
                return [
                    self._joined(
                        [
                            self._through(inputs[0], node.layer.reads(x, output), x, y),
                            *self._operands(body, node, inputs, y),
                        ]
                    )
                    for output, y in enumerate(results)
                ]
            case CallNode():
                values = self._run(node.body, self._repeated(node, inputs, node.count - 1))
                return [values[output.value] for output in node.body.outputs]
            case MergeNode():
                return [
                    self._merged(
                        node, [body.values[ref] for ref in node.inputs], inputs, results[0]
                    )
                ]
            case ParamNode():
                return [{}]
            case _:
                assert_never(node)

    def _repeated(self, call: CallNode, inputs: Sequence[Row], count: int) -> list[Row]:
        """What enters a call after so many of its repeats."""
        rows = list(inputs)
        for _ in range(count):
            rows[0] = self._run(call.body, rows)[call.body.outputs[0].value]
        return rows

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise TooMuch

    # --- layers -------------------------------------------------------------------------------

    def _through(self, row: Row, reads: Reads, x: Shape, y: Shape) -> Row:
        if x.sizes == y.sizes and reads == pointwise(x):
            return row
        try:
            groups = self._groups(reads[x.axis], x, y)
        except Unknown:
            return dict.fromkeys(row)
        return {
            axis: self._seen(classes, groups, reads, Step(x, y, self._sizes[axis]))
            for axis, classes in row.items()
        }

    def _groups(
        self, terms: Terms | None, x: Shape, y: Shape
    ) -> Mapping[Channels, Channels] | None:
        """The channels of a result by those that they read; None if each reads its own."""
        if terms == moved(y.axis) and x.channels == y.channels:
            return None
        if terms is None or any(axis not in {NO_AXIS, y.axis} for axis, _ in terms):
            raise Unknown
        if all(axis == NO_AXIS for axis, _ in terms):
            return {_read(terms, 0, x): _all(y)}
        key = terms, x.channels, y.channels
        if key not in self._shuffles:
            self._spend(y.channels)
            groups: dict[Channels, Channels] = {}
            for channel in range(y.channels):
                read = _read(terms, channel, x)
                groups[read] = groups.get(read, 0) | 1 << channel
            self._shuffles[key] = groups
        return self._shuffles[key]

    def _seen(
        self,
        classes: Classes | None,
        groups: Mapping[Channels, Channels] | None,
        reads: Reads,
        step: Step,
    ) -> Classes | None:
        if classes is None:
            return None
        try:
            if groups is not None:
                self._spend(len(groups) * len(classes))
                classes = _regrouped(classes, groups)
            return _coalesced((each, _one(seen, reads, step)) for each, seen in classes.items())
        except Unknown:
            return None

    # --- merges -------------------------------------------------------------------------------

    def _merged(
        self, node: MergeNode, shapes: Sequence[Shape], inputs: Sequence[Row], y: Shape
    ) -> Row:
        rows: list[Row] = []
        start = 0
        for x, row in zip(aligned(shapes, joined=node.kind == "concat"), inputs, strict=True):
            if node.kind == "concat":
                rows.append(
                    {at: _part(classes, node.axis, start, x) for at, classes in row.items()}
                )
                start += x.sizes[node.axis]
            elif row:
                rows.append(self._through(row, broadcast(x, y), x, y))
        return self._joined(rows)

    def _operands(
        self, body: Body, node: LayerNode, inputs: Sequence[Row], y: Shape
    ) -> Iterator[Row]:
        """What is seen through the further values that a layer reads."""
        rows = dict(zip(node.inputs, inputs, strict=True))
        for name, ref in node.operands():
            reads = node.layer.operand_reads(body.shape_in(node), name)
            yield self._through(rows[ref], reads, body.values[ref], y)

    def _joined(self, rows: Sequence[Row]) -> Row:
        """What is seen by one way or another."""
        if len(rows) == 1:
            return rows[0]
        axes = dict.fromkeys(axis for row in rows for axis in row)
        return {axis: self._refined([row[axis] for row in rows if axis in row]) for axis in axes}

    def _refined(self, several: Sequence[Classes | None]) -> Classes | None:
        """What channels see by one way or another."""
        found: Classes = {}
        for classes in several:
            if classes is None:
                return None
            self._spend(len(found) * len(classes))
            try:
                found = _coalesced(
                    [*_both(found, classes), *_only(found, classes), *_only(classes, found)]
                )
            except Unknown:
                return None
        return found


def _all(x: Shape) -> Channels:
    return (1 << x.channels) - 1


def _read(terms: Terms, channel: int, x: Shape) -> Channels:
    """The channels of a value that a channel of a result reads."""
    first, last, step = 0, 0, 1
    for axis, steps in terms:
        span = at(steps, 0 if axis == NO_AXIS else channel)
        if span is None:
            return 0
        if span[0] < span[1]:
            if steps.step == 0 or first < last:
                raise Unknown
            step = steps.step
        first, last = first + span[0], last + span[1]
    if step == 1:
        low, high = max(first, 0), min(last, x.channels - 1)
        return (1 << high + 1) - (1 << low) if low <= high else 0
    return reduce(
        or_, (1 << each for each in range(first, last + 1, step) if 0 <= each < x.channels), 0
    )


def _one(seen: Seen, reads: Reads, step: Step) -> Seen:
    """What is seen through a layer, if places alone say it."""
    found = through(seen, reads, step)
    if found is None or any(step.y.axis in view.axes for view in found):
        raise Unknown
    return found


def _regrouped(classes: Classes, groups: Mapping[Channels, Channels]) -> Classes:
    """The classes of channels that read others, `groups` by what they read."""
    by_classes: dict[tuple[Seen, ...], Channels] = {}
    for read, channels in groups.items():
        together = tuple(seen for each, seen in classes.items() if each & read)
        by_classes[together] = by_classes.get(together, 0) | channels
    return {channels: _joined(chain.from_iterable(all_)) for all_, channels in by_classes.items()}


def _united(classes: Classes | None) -> Views:
    try:
        return None if classes is None else joined(chain.from_iterable(classes.values()))
    except Unknown:
        return None


def _joined(views: Iterable[View]) -> Seen:
    found = joined(views)
    assert found is not None
    return found


def _coalesced(pairs: Iterable[tuple[Channels, Seen]]) -> Classes:
    """One class for all channels that see the same."""
    found: dict[frozenset[View], tuple[Channels, Seen]] = {}
    for channels, seen in pairs:
        known = found.get(frozenset(seen), (0, seen))[0]
        if channels and seen:
            found[frozenset(seen)] = known | channels, seen
    return dict(found.values())


def _both(one: Classes, other: Classes) -> Iterator[tuple[Channels, Seen]]:
    for channels, seen in one.items():
        for more, also in other.items():
            if channels & more:
                yield channels & more, _joined((*seen, *also))


def _only(classes: Classes, other: Classes) -> Iterator[tuple[Channels, Seen]]:
    covered = reduce(or_, other, 0)
    return ((channels & ~covered, seen) for channels, seen in classes.items())


def _part(classes: Classes | None, axis: int, start: int, x: Shape) -> Classes | None:
    """The classes of what became a part of a result, from an index of an axis on."""
    if classes is None:
        return None
    if axis == x.axis:
        return {channels << start: seen for channels, seen in classes.items()}
    parts = {
        each: as_part(seen, axis, start, start + x.sizes[axis]) for each, seen in classes.items()
    }
    return None if None in parts.values() else parts  # type: ignore[return-value]
