"""The longest path: convolutions and linear layers between a value and the inputs.

A body is examined once, as a table from each of its inputs to each of its outputs; a repeat
multiplies it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from archgen.network import Body, LayerNode, MergeNode, Network, ParamNode, Ref
from archgen.traversal import Leaf, Part, fold

INSIDE = -1  # the source of what depends on a learned parameter only
Source = int  # the number of an input, or INSIDE
Row = Mapping[Source, int]
Table = tuple[Row, ...]


def depths(network: Network) -> Table:
    """A row for each output; a source that an output does not depend on has no entry."""
    return fold(network, _of_leaf, _of_body)


def _of_leaf(_: Body, node: Leaf) -> Table:
    match node:
        case LayerNode():
            read = {ref for _, ref in node.operands()}
            counted = {0, *(at for at, ref in enumerate(node.inputs) if at and ref in read)}
            return (dict.fromkeys(counted, node.layer.depth),) * len(node.outputs)
        case MergeNode():
            return (dict.fromkeys(range(len(node.inputs)), 0),)
        case ParamNode():
            return ({INSIDE: 0},)
        case _:
            assert_never(node)


def _of_body(body: Body, parts: Sequence[Part[Table]]) -> Table:
    rows: dict[Ref, Row] = {ref: {source: 0} for source, ref in enumerate(body.inputs)}
    for part in parts:
        if not part.head:
            inputs = [rows[ref] for ref in part.node.inputs]
            table = _repeated(part.value, part.count)
            made = (_applied(row, inputs) for row in table)
            rows.update(zip(part.node.outputs, made, strict=True))
    return tuple(rows[output.value] for output in body.outputs)


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


def _repeated(table: Table, count: int) -> Table:
    """The table of `count` calls, each applied to the result of the one before.

    Only the first input changes from call to call; what enters by another goes through most
    calls if it enters the first.
    """
    if count == 1 or 0 not in table[0]:
        return table
    return (_deeper(table[0], table[0][0] * (count - 1)),)
