"""The traversal of a network that every figure, check and backend is written on.

A network is a graph of shared bodies: a stage of 10^9 blocks is one body and a count. So nothing
walks from node to node; what is to be known of a network is said for a layer and for a body whose
nodes are known, and `fold` puts it together. The parameters of a network, its heads counted:

    def leaf(body: Body, node: Leaf) -> int:
        match node:
            case LayerNode():
                return sum(map(prod, node.layer.weights(body.shape_in(node)).values()))
            case ParamNode():
                return prod(node.sizes)
            case MergeNode():
                return 0

    def whole(body: Body, parts: Sequence[Part[int]]) -> int:
        return sum(part.value * part.count for part in parts if not part.reused)

    fold(network, leaf, whole)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Generic, TypeVar

from archgen.frozen import dataclass
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode

T = TypeVar("T")
Leaf = LayerNode | MergeNode | ParamNode


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A node of a body and what is known of it: of a call, what is known of the called body.

    head: a training head, which evaluation does not run.
    """

    node: Node
    value: T
    head: bool

    @property
    def count(self) -> int:
        """So many modules in a row, each with weights of its own and with this value."""
        return self.node.count if isinstance(self.node, CallNode) else 1

    @property
    def reused(self) -> bool:
        """Whether the module was made by an earlier node: it works once more, and holds nothing."""
        return isinstance(self.node, LayerNode | CallNode) and self.node.reused


class Fold(Generic[T]):
    """What is known of bodies, each examined once. One can serve several networks.

    leaf: what is known of a layer, merge or parameter in its body. body: what is known of a body
    by its nodes, those that run in evaluation in order, then the training heads.
    """

    def __init__(
        self, leaf: Callable[[Body, Leaf], T], body: Callable[[Body, Sequence[Part[T]]], T]
    ) -> None:
        self._leaf = leaf
        self._body = body
        self._known: dict[Body, T] = {}

    def of_body(self, body: Body) -> T:
        if body not in self._known:
            for each in bodies(body, self._known):
                self._known[each] = self._body(each, self._parts(each))
        return self._known[body]

    def of_node(self, body: Body, node: Node) -> T:
        """What is known of a node of a body; of a repeat, of one of its calls."""
        return self.of_body(node.body) if isinstance(node, CallNode) else self._leaf(body, node)

    def _parts(self, body: Body) -> list[Part[T]]:
        run = [Part(node, self.of_node(body, node), False) for node in body.nodes]
        return run + [Part(each.node, self.of_node(body, each.node), True) for each in body.aux]


def fold(
    network: Network, leaf: Callable[[Body, Leaf], T], body: Callable[[Body, Sequence[Part[T]]], T]
) -> T:
    """What is known of a network: see `Fold`."""
    return Fold(leaf, body).of_body(network.body)


def bodies(root: Body, known: Container[Body] = ()) -> Iterator[Body]:
    """The distinct bodies of a network, callees before their callers, but those that are known.

    Any depth of calls: nothing here recurs.
    """
    found: set[Body] = set()
    waiting = [(root, False)]
    while waiting:
        body, entered = waiting.pop()
        if body in found or body in known:
            continue
        if entered:
            found.add(body)
            yield body
            continue
        waiting.append((body, True))
        calls = (node.body for node in reversed(body.all_nodes) if isinstance(node, CallNode))
        waiting += [(callee, False) for callee in calls]


def first_places(root: Body) -> Iterator[tuple[str, Body]]:
    """The distinct bodies of a network with the path at which each is met first, callers first;
    the path of the network itself is empty."""
    found: set[Body] = set()
    waiting = [("", root)]
    while waiting:
        path, body = waiting.pop()
        if body in found:
            continue
        found.add(body)
        yield path, body
        calls = (node for node in reversed(body.all_nodes) if isinstance(node, CallNode))
        waiting += [(f"{path}.{node.name}".lstrip("."), node.body) for node in calls]
