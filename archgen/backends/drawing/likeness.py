"""Which bodies look alike, so that one picture can stand for many; and which are what.

Alike means: the same layers with the same arguments, wired in the same way. Numbers of
channels that follow from the input may differ, as they do from one dense layer to the next.
Everything is remembered by body: bodies share their parts, and a walk over all paths to them
could take exponential time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import assert_never

from archgen.backends.drawing.marks import Marks
from archgen.interning import Interner
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode
from archgen.traversal import Fold, Leaf, Part


class Likeness:
    """What is known of the bodies of one network."""

    def __init__(self, marks: Marks | None = None) -> None:
        self.marks = marks or Marks()
        self._interner = Interner()
        self._alike = Fold(lambda body, leaf: 0, self._number)
        self._heavy = Fold(_weight, _sum_of_chain)
        self._frames = Fold(lambda body, leaf: False, self._has_stages)

    def number(self, body: Body) -> int:
        """Equal for bodies that look alike."""
        return self._alike.of_body(body)

    def trait(self, node: Node) -> Hashable:
        """Equal for nodes that look alike, wherever their values come from."""
        match node:
            case LayerNode():
                return "layer", node.layer
            case CallNode():
                return "call", self.number(node.body), node.count
            case MergeNode():
                return node.kind, node.axis, repr(node.numbers)
            case ParamNode():
                return node.word, len(node.sizes)
            case _:
                assert_never(node)

    def _number(self, body: Body, _: object) -> int:
        nodes = tuple((self._seen(node), node.inputs, node.outputs) for node in body.nodes)
        name = body.definition and body.definition.name
        outputs = tuple(output.value for output in body.outputs)
        key = (body.kind, name, nodes, outputs, self.marks.behind([body]))
        return self._interner.number(key)

    def _seen(self, node: Node) -> Hashable:
        return self.trait(node), self.marks.of([node]), self.marks.behind([node])

    def heavy(self, body: Body) -> int | None:
        """How many layers of a chain need a line of their own; None if it is no mere chain."""
        return self._heavy.of_body(body)

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
        return self._frames.of_body(body)

    def _has_stages(self, _: Body, parts: Sequence[Part[bool]]) -> bool:
        calls = [part for part in parts if not part.head]
        return any(
            part.value or (isinstance(part.node, CallNode) and self.is_stage(part.node.body))
            for part in calls
        )


def _weight(_: Body, node: Leaf) -> int | None:
    return int(not node.layer.light) if isinstance(node, LayerNode) else None


def _sum_of_chain(body: Body, parts: Sequence[Part[int | None]]) -> int | None:
    total, current = 0, body.inputs
    for part in parts:
        node = part.node
        if part.head or part.value is None or part.count > 1:
            return None
        if node.inputs != current or len(node.outputs) != 1:
            return None
        total, current = total + part.value, node.outputs
    ends_there = tuple(output.value for output in body.outputs) == current
    return total if ends_there else None
