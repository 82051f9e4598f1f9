"""Which bodies look alike, so that one picture can stand for many; and which are what.

Alike means: the same layers with the same arguments, wired in the same way. Numbers of
channels that follow from the input may differ, as they do from one dense layer to the next.
Everything is remembered by body: bodies share their parts, and a walk over all paths to them
could take exponential time.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import assert_never

from archgen.backends.drawing.marks import Marks
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode


class Likeness:
    """What is known of the bodies of one network."""

    def __init__(self, marks: Marks | None = None) -> None:
        self.marks = marks or Marks()
        self._numbers: dict[Hashable, int] = {}
        self._alike: dict[Body, int] = {}
        self._heavy: dict[Body, int | None] = {}
        self._frames: dict[Body, bool] = {}

    def number(self, body: Body) -> int:
        """Equal for bodies that look alike."""
        if body not in self._alike:
            nodes = tuple((self._seen(node), node.inputs, node.outputs) for node in body.nodes)
            outputs = tuple(output.value for output in body.outputs)
            key = (
                body.kind,
                body.definition and body.definition.name,
                nodes,
                outputs,
                self.marks.behind([body]),
            )
            self._alike[body] = self._numbers.setdefault(key, len(self._numbers))
        return self._alike[body]

    def _seen(self, node: Node) -> Hashable:
        return self.trait(node), self.marks.of([node]), self.marks.behind([node])

    def trait(self, node: Node) -> Hashable:
        """Equal for nodes that look alike, wherever their values come from."""
        match node:
            case LayerNode():
                return "layer", node.layer
            case CallNode():
                return "call", self.number(node.body), node.count
            case MergeNode():
                return node.kind, node.axis
            case ParamNode():
                return "param", len(node.sizes)
            case _:
                assert_never(node)

    def heavy(self, body: Body) -> int | None:
        """How many layers of a chain need a line of their own; None if it is no mere chain."""
        if body not in self._heavy:
            self._heavy[body] = self._count_heavy(body)
        return self._heavy[body]

    def is_chain(self, body: Body) -> bool:
        """Whether it is layers one after the other and nothing else, chains inside included."""
        return self.heavy(body) is not None

    def is_stage(self, body: Body) -> bool:
        """Whether it is a row of one block: `stage(...)`, or calls of one block and no more."""
        if body.kind == "stage":
            return True
        calls = [node.body for node in body.nodes if isinstance(node, CallNode)]
        if body.kind == "arch" or not calls or len(calls) < len(body.nodes):
            return False
        definitions = {call.definition and call.definition.name for call in calls}
        return len(definitions) == 1 and None not in definitions and not self.is_chain(calls[0])

    def is_frame(self, body: Body) -> bool:
        """Whether it holds stages, as an encoder does."""
        if body not in self._frames:
            calls = (node.body for node in body.nodes if isinstance(node, CallNode))
            self._frames[body] = any(self.is_stage(call) or self.is_frame(call) for call in calls)
        return self._frames[body]

    def _count_heavy(self, body: Body) -> int | None:
        if body.aux:
            return None
        total, current = 0, body.inputs
        for node in body.nodes:
            weight = self._weight(node)
            if weight is None or node.inputs != current or len(node.outputs) != 1:
                return None
            total, current = total + weight, node.outputs
        ends_there = tuple(output.value for output in body.outputs) == current
        return total if ends_there else None

    def _weight(self, node: Node) -> int | None:
        match node:
            case LayerNode():
                return int(not node.layer.light)
            case CallNode(count=1):
                return self.heavy(node.body)
            case _:
                return None
