"""What layers, nodes and bodies are, as numbers: equal for two that are the same.

A layer is what its arguments come to, defaults and `auto` worked out for its input; channels that
it takes over from its input are not part of it. A body is its nodes with their names and wiring.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import assert_never

from archgen.analysis.difference.units import Row, Unit, runs
from archgen.interning import Interner
from archgen.layers.base import Layer
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode
from archgen.shapes import Shape


def effective(layer: Layer, x: Shape) -> dict[str, object]:
    """Every argument with the value that it has for this input; values of the network left out.

    `padding=auto` is 1 here for a kernel of 3, `kernel=[3, 3]` is 3.
    """
    values = {name: getattr(layer, name) for name in type(layer).model_fields}
    if layer.function(x) is None:
        call = layer.module(x)
        for argument in (*call.arguments, *call.defaulted):
            if argument.source in values:
                values[argument.source] = argument.value
    own = {name: value for name, value in values.items() if not isinstance(value, Shape)}
    return {**own, **layer.facts()}


class Meanings:
    """Numbers for meanings, the same for both networks that are compared."""

    def __init__(self) -> None:
        self.number = Interner().number
        self._bodies: dict[Body, int] = {}
        self._nodes: dict[Node, int] = {}
        self._runs: dict[Body, Row] = {}
        self._rows: dict[Body, Row] = {}

    def row(self, body: Body) -> Row:
        """The units of a body; calls in a row that are equal, shapes too, are one."""
        if body not in self._rows:
            self._rows[body] = runs(body, self._are_equal)
        return self._rows[body]

    def runs(self, body: Body) -> Row:
        """The units of a body; calls in a row that mean the same are one."""
        if body not in self._runs:
            self._runs[body] = runs(body, self._mean_the_same)
        return self._runs[body]

    def _mean_the_same(self, one: CallNode, other: CallNode) -> bool:
        return self.of_body(one.body) == self.of_body(other.body)

    def _are_equal(self, one: CallNode, other: CallNode) -> bool:
        """Whether their weights have equal shapes too: they read the same shape."""
        entering = [node.body.values[node.body.inputs[0]] for node in (one, other)]
        return entering[0] == entering[1] and self._mean_the_same(one, other)

    def of_unit(self, unit: Unit) -> int:
        """What it is, without its name, its wiring and how often it is repeated."""
        if unit.node not in self._nodes:
            self._nodes[unit.node] = self.number(self._traits(unit.body, unit.node))
        return self._nodes[unit.node]

    def of_body(self, body: Body) -> int:
        """All that is inside, names and wiring too."""
        if body not in self._bodies:
            self._bodies[body] = self.number(self._description(self.runs(body)))
        return self._bodies[body]

    def _traits(self, body: Body, node: Node) -> Hashable:
        match node:
            case LayerNode():
                values = effective(node.layer, body.shape_in(node))
                return (
                    node.layer.keyword,
                    key_of(tuple(values.items())),
                    frozenset(dict(node.init).items()),
                )
            case CallNode():
                return "call", self.of_body(node.body)
            case MergeNode():
                return node.kind, node.axis, key_of(node.numbers)
            case ParamNode():
                kept = node.trainable, node.persistent
                return node.word, node.sizes, node.start, *kept
            case _:
                assert_never(node)

    def _description(self, row: Row) -> Hashable:
        return (
            len(row.body.inputs),
            tuple(map(self._entry, row.units)),
            tuple(zip((out.name for out in row.body.outputs), row.outputs, strict=True)),
            row.body.listed,
            tuple((unit.head, self._entry(unit)) for unit in row.heads),
            frozenset(dict(row.body.path_init).items()),
            row.values,
        )

    def _entry(self, unit: Unit) -> Hashable:
        return unit.name, unit.count, unit.reused, self.of_unit(unit), unit.inputs


def key_of(value: object) -> Hashable:
    """Equal for values of equal type: `True`, `1` and `1.0` are three."""
    if isinstance(value, tuple):
        return tuple(map(key_of, value))
    return type(value), value
