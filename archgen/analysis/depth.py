"""The longest path: convolutions and linear layers between a value and the inputs.

A body is examined once, as a table from each of its inputs to each of its outputs; a repeat
multiplies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref

INSIDE = -1  # the source of what depends on a learned parameter only
Source = int  # the number of an input, or INSIDE
Row = Mapping[Source, int]


class Depths:
    """For each output of a body, its depth behind each source. Remembered by body."""

    def __init__(self) -> None:
        self._known: dict[Body, tuple[Row, ...]] = {}

    def of_body(self, body: Body) -> tuple[Row, ...]:
        """A row for each output; a source that an output does not depend on has no entry."""
        if body not in self._known:
            self._known[body] = self._examine(body)
        return self._known[body]

    def _examine(self, body: Body) -> tuple[Row, ...]:
        rows: dict[Ref, Row] = {ref: {source: 0} for source, ref in enumerate(body.inputs)}
        for node in body.nodes:
            inputs = [rows[ref] for ref in node.inputs]
            rows.update(zip(node.outputs, self._of_node(node, inputs), strict=True))
        return tuple(rows[output.value] for output in body.outputs)

    def _of_node(self, node: Node, inputs: list[Row]) -> list[Row]:
        match node:
            case LayerNode():
                return [_deeper(inputs[0], node.layer.depth)] * len(node.outputs)
            case CallNode():
                table = _repeated(self.of_body(node.body), node.count)
                return [_applied(row, inputs) for row in table]
            case MergeNode():
                return [_deepest(inputs)]
            case ParamNode():
                return [{INSIDE: 0}]
            case _:
                assert_never(node)


def _deeper(row: Row, by: int) -> Row:
    return {source: depth + by for source, depth in row.items()}


def _deepest(rows: list[Row]) -> Row:
    found: dict[Source, int] = {}
    for row in rows:
        for source, depth in row.items():
            found[source] = max(found.get(source, 0), depth)
    return found


def _applied(row: Row, inputs: list[Row]) -> Row:
    """A callee's row in terms of the caller's sources."""
    return _deepest(
        [
            {INSIDE: depth} if source == INSIDE else _deeper(inputs[source], depth)
            for source, depth in row.items()
        ]
    )


def _repeated(table: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    """The table of `count` calls, each applied to the result of the one before.

    Only the first input changes from call to call; what enters by another goes through most
    calls if it enters the first.
    """
    if count == 1 or 0 not in table[0]:
        return table
    return (_deeper(table[0], table[0][0] * (count - 1)),)
