"""What submodules hold, so that two of them can be compared: names and shapes of their weights."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import assert_never

from archgen.interning import Interner
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode
from archgen.shapes import Shape
from archgen.traversal import Fold, Leaf, Part


class Holdings:
    """Numbers for what submodules hold: equal where one loads the weights of the other."""

    def __init__(self) -> None:
        self._number = Interner().number
        self._fold = Fold(self._of_leaf, self._of_body)

    def of(self, node: Node, x: Shape | None) -> int:
        """Of the submodule of a node, whose main input has the shape `x`; of a repeat, of all."""
        match node:
            case LayerNode():
                assert x is not None
                layer = node.layer
                tensors = (tuple(layer.weights(x).items()), tuple(layer.buffers(x).items()))
                return self._number(("layer", tensors))
            case CallNode():
                return self._number(("calls", node.count, self._fold.of_body(node.body)))
            case ParamNode():
                return self._number((node.word, node.persistent, node.sizes))
            case MergeNode():
                return self._number("nothing")
            case _:
                assert_never(node)

    def _of_leaf(self, body: Body, node: Leaf) -> int:
        return self.of(node, body.shape_in(node) if node.inputs else None)

    def _of_body(self, _: Body, parts: Sequence[Part[int]]) -> int:
        return self._number(("body", tuple(map(_entry, filter(_is_held, parts)))))


def _is_held(part: Part[int]) -> bool:
    return not (part.reused or isinstance(part.node, MergeNode))


def _entry(part: Part[int]) -> Hashable:
    assert not isinstance(part.node, MergeNode)
    return part.node.name, part.count, part.value
