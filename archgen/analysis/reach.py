"""How outputs look back at inputs: the longest path, and the region of the input they see.

A body is examined once, as a table from each of its inputs to each of its outputs; a call
composes the callee's table with what is known of its arguments, and a repeat is composed with
itself by squaring. Global layers (whose output has one place) do not widen the region: a
network's receptive field is that of its features.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import prod
from typing import assert_never

from archgen.frozen import dataclass
from archgen.layers.base import Window
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.shapes import Shape

_WIDEST = 2.0**53  # no input is so wide; keeps a hostile repeat finite
_RESAMPLING = frozenset({"conv_transpose", "upsample", "pixel_shuffle"})

INSIDE = -1  # the source of what depends on a learned parameter only
Source = int  # the number of an input, or INSIDE
Row = dict[Source, "Reach"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a value looks back at a source, for each spatial axis of the source.

    depth: convolutions and linear layers on the longest path between them.
    step: how many places of the source lie between two neighbours of the value.
    margin: how many places of the source a place of the value sees besides one.
    """

    depth: int
    step: tuple[float, ...]
    margin: tuple[float, ...]

    def then(self, after: Reach) -> Reach:
        """This, and `after` applied to the result.

        Where the number of axes differs (after `flatten`) the region stays what it was.
        """
        depth = self.depth + after.depth
        if len(self.step) != len(after.step):
            return Reach(depth, self.step, self.margin)
        return Reach(
            depth,
            tuple(_bounded(a * b) for a, b in zip(self.step, after.step, strict=True)),
            tuple(
                _bounded(margin + step * wider)
                for margin, step, wider in zip(self.margin, self.step, after.margin, strict=True)
            ),
        )

    def times(self, count: int) -> Reach:
        """This applied `count` times, one after the other."""
        result, power = _nothing(len(self.step)), self
        while count:
            if count & 1:
                result = result.then(power)
            power = power.then(power)
            count >>= 1
        return result

    def __or__(self, other: Reach) -> Reach:
        """Along either of two paths."""
        return Reach(
            max(self.depth, other.depth),
            tuple(map(max, self.step, other.step)),
            tuple(map(max, self.margin, other.margin)),
        )


class Reaches:
    """For each output of a body, how it looks back at each source. Remembered by body."""

    def __init__(self) -> None:
        self._known: dict[Body, tuple[Row, ...]] = {}

    def of_body(self, body: Body) -> tuple[Row, ...]:
        """A row for each output; a source that an output does not depend on has no entry."""
        if body not in self._known:
            self._known[body] = self._examine(body)
        return self._known[body]

    def _examine(self, body: Body) -> tuple[Row, ...]:
        rows: dict[Ref, Row] = {
            ref: {source: _nothing(body.values[ref].rank - 1)}
            for source, ref in enumerate(body.inputs)
        }
        for node in body.nodes:
            inputs = [rows[ref] for ref in node.inputs]
            for ref, row in zip(node.outputs, self._of_node(body, node, inputs), strict=True):
                rows[ref] = row
        return tuple(rows[output.value] for output in body.outputs)

    def _of_node(self, body: Body, node: Node, inputs: list[Row]) -> list[Row]:
        match node:
            case LayerNode():
                return [_extend(inputs[0], _of_layer(body, node, ref)) for ref in node.outputs]
            case CallNode():
                table = _repeated(self.of_body(node.body), node.count)
                return [_applied(row, inputs) for row in table]
            case MergeNode():
                return [_either(inputs)]
            case ParamNode():
                return [{INSIDE: _nothing(0)}]
            case _:
                assert_never(node)


def _bounded(value: float) -> float:
    return min(value, _WIDEST)


def _nothing(axes: int) -> Reach:
    """A value that is its own source."""
    return Reach(0, (1.0,) * axes, (0.0,) * axes)


def _extend(row: Row, step: Reach) -> Row:
    return {source: reach.then(step) for source, reach in row.items()}


def _either(rows: Iterable[Row]) -> Row:
    return reduce(_join, rows)


def _join(one: Row, other: Row) -> Row:
    shared = {source: one[source] | other[source] for source in one.keys() & other.keys()}
    return one | other | shared


def _applied(row: Row, inputs: list[Row]) -> Row:
    """A callee's row in terms of the caller's sources."""
    rows = [
        {INSIDE: reach} if source == INSIDE else _extend(inputs[source], reach)
        for source, reach in row.items()
    ]
    return _either(rows)


def _repeated(table: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    """The table of `count` calls, each applied to the result of the one before.

    Only the first input changes from call to call; the others reach the result through the
    first call or the last.
    """
    if count == 1 or 0 not in table[0]:
        return table
    once = table[0]
    rest = once[0].times(count - 1)
    through = {source: reach.then(rest) for source, reach in once.items()}
    return ({0: through[0]} | _join(_without_first(once), _without_first(through)),)


def _without_first(row: Row) -> Row:
    return {source: reach for source, reach in row.items() if source != 0}


def _of_layer(body: Body, node: LayerNode, ref: Ref) -> Reach:
    x, y = body.shape_in(node), body.values[ref]
    flat = Reach(node.layer.depth, (1.0,) * (x.rank - 1), (0.0,) * (x.rank - 1))
    if x.rank != y.rank or prod(y.spatial) == 1:
        return flat
    if node.layer.keyword in _RESAMPLING:
        return flat.then(Reach(0, _ratios(x, y), flat.margin))
    window = node.layer.window(x)
    return flat.then(_looking(window)) if window else flat


def _ratios(x: Shape, y: Shape) -> tuple[float, ...]:
    return tuple(before / after for before, after in zip(x.spatial, y.spatial, strict=True))


def _looking(window: Window) -> Reach:
    margin = (
        float(dilation * (kernel - 1))
        for kernel, dilation in zip(window.kernel, window.dilation, strict=True)
    )
    return Reach(0, tuple(map(float, window.stride)), tuple(margin))
