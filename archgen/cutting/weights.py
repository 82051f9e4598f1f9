"""Which sizes the weight at a path of a body has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archgen.network import CallNode, LayerNode, Node, ParamNode
from archgen.shapes import Shape


def weight_sizes(
    nodes: Sequence[Node], values: Sequence[Shape], path: str
) -> tuple[int, ...] | None:
    """The sizes of the weight at a path inside a body; None if there is none."""
    for node in nodes:
        match node:
            case ParamNode() if node.name == path:
                return node.sizes
            case LayerNode() if path.startswith(node.name + "."):
                weights = node.layer.weights(values[node.inputs[0]])
                return weights.get(path[len(node.name) + 1 :])
            case CallNode():
                for rest in _inside(node, path):
                    body = node.body
                    if (sizes := weight_sizes(body.all_nodes, body.values, rest)) is not None:
                        return sizes
            case _:
                pass
    return None


def _inside(node: CallNode, path: str) -> Iterator[str]:
    """What is left of a path behind a node's name; a repeat answers to each of its numbers."""
    head, _, rest = path.partition(".")
    if node.count == 1 and path.startswith(node.name + "."):
        yield path[len(node.name) + 1 :]
    first = int(node.name) if node.count > 1 else 0
    if node.count > 1 and head.isdigit() and first <= int(head) < first + node.count:
        yield rest
