"""What the values of a network see of its inputs.

A body is examined once, as a table from each axis of each of its inputs to each of its outputs; a
call composes the callee's table with what is known of its arguments, and a repeat is composed
with itself by squaring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from archgen.analysis.steps import Unknown
from archgen.analysis.views import (
    Step,
    Views,
    as_part,
    itself,
    joined,
    through,
    through_any,
)
from archgen.layers.reads import Reads, broadcast, pointwise
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.shapes import Shape, aligned
from archgen.traversal import Fold

Source = int  # the number of an input
Row = Mapping[Source, tuple[Views, ...]]  # for each axis of the source


class Fields:
    """For each value of a body, what it sees of each source. Remembered by body."""

    def __init__(self) -> None:
        self._fold = Fold[Mapping[Ref, Row]](lambda body, leaf: {}, self._examine)

    def of_body(self, body: Body) -> tuple[Row, ...]:
        """A row for each output; a source that an output does not depend on has no entry."""
        values = self.of_values(body)
        return tuple(values[output.value] for output in body.outputs)

    def of_values(self, body: Body) -> Mapping[Ref, Row]:
        """A row for each value."""
        return self._fold.of_body(body)

    def inside(self, body: Body, calls: Sequence[CallNode], ref: Ref) -> Row:
        """The row of a value inside of calls, of a repeat in its last one."""
        if not calls:
            return self.of_values(body)[ref]
        call, *rest = calls
        inner, callee = call.body, rest[-1].body if rest else call.body
        row, y = self.inside(inner, rest, ref), callee.values[ref]
        if call.count > 1 and 0 in row:
            table = self.of_body(inner)[0]
            once = {source: _identity(inner, source) for source in range(len(inner.inputs))}
            before = _repeated(inner, table, call.count - 1)
            rows = [before, *({source: once[source]} for source in list(once)[1:])]
            entries = [inner.values[each] for each in inner.inputs]
            row = _applied(row, list(zip(entries, rows, strict=True)), y, _sizes(inner))
        values = self.of_values(body)
        given = _given(body, call, [values[each] for each in call.inputs])
        return _applied(row, given, y, _sizes(body))

    def _examine(self, body: Body, _: object) -> Mapping[Ref, Row]:
        rows: dict[Ref, Row] = {
            ref: {source: _identity(body, source)} for source, ref in enumerate(body.inputs)
        }
        for node in body.nodes:
            inputs = [rows[ref] for ref in node.inputs]
            rows.update(zip(node.outputs, self._of_node(body, node, inputs), strict=True))
        return rows

    def _of_node(self, body: Body, node: Node, inputs: list[Row]) -> list[Row]:
        sizes, results = _sizes(body), [body.values[ref] for ref in node.outputs]
        match node:
            case LayerNode():
                x = body.shape_in(node)
                return [
                    _either(
                        [
                            _through(inputs[0], node.layer.reads(x, output), x, y, sizes),
                            *_operands(body, node, inputs, y, sizes),
                        ]
                    )
                    for output, y in enumerate(results)
                ]
            case CallNode():
                table = self.of_body(node.body)
                if node.count > 1:
                    table = (_repeated(node.body, table[0], node.count),)
                given = _given(body, node, inputs)
                return [
                    _applied(row, given, y, sizes) for row, y in zip(table, results, strict=True)
                ]
            case MergeNode():
                shapes = [body.values[ref] for ref in node.inputs]
                return [_merged(node, shapes, inputs, results[0], sizes)]
            case ParamNode():
                return [{}]
            case _:
                assert_never(node)


def _sizes(body: Body) -> list[tuple[int, ...]]:
    return [body.values[ref].sizes for ref in body.inputs]


def _identity(body: Body, source: Source) -> tuple[Views, ...]:
    return tuple(map(itself, range(body.values[body.inputs[source]].rank)))


Given = tuple[Shape, Row]  # a value that a call reads


def _given(body: Body, call: CallNode, rows: Sequence[Row]) -> list[Given]:
    return [(body.values[ref], row) for ref, row in zip(call.inputs, rows, strict=True)]


def _through(row: Row, reads: Reads, x: Shape, y: Shape, sizes: Sequence[tuple[int, ...]]) -> Row:
    if x.sizes == y.sizes and reads == pointwise(x):
        return row
    return {
        source: tuple(
            through(views, reads, Step(x, y, size))
            for views, size in zip(seen, sizes[source], strict=True)
        )
        for source, seen in row.items()
    }


def _operands(
    body: Body,
    node: LayerNode,
    inputs: Sequence[Row],
    y: Shape,
    sizes: Sequence[tuple[int, ...]],
) -> Iterator[Row]:
    """What is seen through the further values that a layer reads."""
    rows = dict(zip(node.inputs, inputs, strict=True))
    for name, ref in node.operands():
        reads = node.layer.operand_reads(body.shape_in(node), name)
        yield _through(rows[ref], reads, body.values[ref], y, sizes)


def _merged(
    node: MergeNode,
    shapes: Sequence[Shape],
    inputs: Sequence[Row],
    y: Shape,
    sizes: Sequence[tuple[int, ...]],
) -> Row:
    rows: list[Row] = []
    start = 0
    for x, row in zip(aligned(shapes, joined=node.kind == "concat"), inputs, strict=True):
        if node.kind == "concat":
            stop = start + x.sizes[node.axis]
            rows.append(_as_parts(row, node.axis, start, stop))
            start = stop
        elif row:
            rows.append(_through(row, broadcast(x, y), x, y, sizes))
    return _either(rows)


def _as_parts(row: Row, axis: int, start: int, stop: int) -> Row:
    return {
        source: tuple(as_part(views, axis, start, stop) for views in seen)
        for source, seen in row.items()
    }


def _either(rows: Sequence[Row]) -> Row:
    found: dict[Source, tuple[Views, ...]] = {}
    for row in rows:
        for source, seen in row.items():
            known = found.get(source)
            found[source] = seen if known is None else tuple(map(_union, known, seen))
    return found


def _union(one: Views, other: Views) -> Views:
    if one is None or other is None:
        return None
    try:
        return joined((*one, *other))
    except Unknown:
        return None


def _applied(row: Row, inputs: Sequence[Given], y: Shape, sizes: Sequence[tuple[int, ...]]) -> Row:
    """A callee's row in terms of the caller's sources."""
    return _either([_composed(inputs[each], inner, y, sizes) for each, inner in row.items()])


def _composed(
    given: Given, inner: tuple[Views, ...], y: Shape, sizes: Sequence[tuple[int, ...]]
) -> Row:
    """What is seen through a value by what sees so much of it."""
    x, row = given
    return {
        source: tuple(
            through_any(views, inner, Step(x, y, size))
            for views, size in zip(seen, sizes[source], strict=True)
        )
        for source, seen in row.items()
    }


def _repeated(body: Body, once: Row, count: int) -> Row:
    """The row of `count` calls, each applied to the result of the one before.

    Only the first input changes from call to call; what enters by another reaches the result
    through any number of calls but one.
    """
    if 0 not in once or count == 1:
        return once
    x, sizes = body.values[body.inputs[0]], _sizes(body)

    def then(row: Row, calls: Row) -> Row:
        return _composed((x, row), calls[0], x, sizes)

    others = {source: seen for source, seen in once.items() if source}
    power: Row = {0: _identity(body, 0)}  # through so many calls as were counted
    reached: Row = {}  # from other inputs, through any number of calls less than that
    for digit in bin(count)[2:]:
        reached, power = _either([reached, then(reached, power)]), then(power, power)
        if digit == "1":
            reached, power = _either([then(reached, once), others]), then(power, once)
    return {**power, **reached}
