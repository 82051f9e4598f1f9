"""Who reads a value, and who made it, through the walls of blocks and containers.

A value of a body is read by its nodes; by the body's result, and so by whatever reads the result
of each call of the body; and inside the bodies that are called with it. All that is asked here is
bounded: a spec is data from strangers. What lies too far away is not found, and not warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from archgen.frozen import dataclass
from archgen.layers.base import Layer
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, Ref
from archgen.traversal import Fold

FARTHEST: Final = 100  # values that one question looks at

Place = tuple[Body, Ref]
Key = tuple[int, Ref]  # of a place: bodies by identity
Passes = Callable[[LayerNode], bool]


@dataclass(frozen=True, slots=True)
class Use:
    """A node that reads a value; None: it is a result of the network."""

    body: Body
    node: LayerNode | MergeNode | None


class Reach:
    """The flow of values through all distinct bodies of a network."""

    def __init__(self, network: Network) -> None:
        self.top = network.body
        self._callers: dict[int, list[tuple[Body, CallNode]]] = {}
        self._readers: dict[int, dict[Ref, list[Node]]] = {}
        self._makers: dict[int, dict[Ref, Node]] = {}
        self._results: dict[int, dict[Ref, list[int]]] = {}  # the places among its results
        self._trained: dict[Key, Place] = {}  # results of auxiliary heads
        self._heads: set[Key] | None = None
        self._active = _holding(lambda layer: layer.group == "activation")
        self._deep = _holding(lambda layer: layer.depth > 0)
        self._enter(network.body)

    def _enter(self, body: Body) -> None:
        if id(body) in self._readers:
            return
        readers: dict[Ref, list[Node]] = {}
        makers: dict[Ref, Node] = {}
        self._readers[id(body)], self._makers[id(body)] = readers, makers
        heads = [aux.node for aux in body.aux]
        self._trained |= {(id(body), ref): (body, ref) for head in heads for ref in head.outputs}
        results = self._results[id(body)] = {}
        for at, result in enumerate(body.outputs):
            results.setdefault(result.value, []).append(at)
        for node in body.all_nodes:
            for ref in node.inputs:
                readers.setdefault(ref, []).append(node)
            for ref in node.outputs:
                makers[ref] = node
            if isinstance(node, CallNode):
                self._callers.setdefault(id(node.body), []).append((body, node))
                self._enter(node.body)

    # --- forwards -----------------------------------------------------------------------------

    def uses(self, body: Body, ref: Ref, passes: Passes) -> list[Use]:
        """Where a value arrives; layers that `passes` accepts are looked through.

        Empty if it goes nowhere, or too far.
        """
        found: list[Use] = []
        left: list[Place] = [(body, ref)]
        seen: set[Key] = set()
        while left:
            here, value = left.pop()
            if (id(here), value) in seen:
                continue
            seen.add((id(here), value))
            if len(seen) + len(left) + len(found) > FARTHEST:
                return []
            for node in self._readers[id(here)].get(value, ()):
                match node:
                    case LayerNode() if passes(node):
                        left += [(here, output) for output in node.outputs]
                    case LayerNode() | MergeNode():
                        found.append(Use(here, node))
                    case CallNode():
                        left += _entered(node, value)
            left += self._left(here, value)
            if here is self.top and value in self._results[id(here)]:
                found.append(Use(here, None))
            if (id(here), value) in self._trained:
                found.append(Use(here, None))
        return found

    def callers(self, body: Body) -> list[tuple[Body, CallNode]]:
        """The calls of a body, and the bodies that make them."""
        return self._callers.get(id(body), [])

    def _left(self, body: Body, ref: Ref) -> Iterator[Place]:
        """Where a value goes on that is a result of its body: behind each call of it."""
        for at in self._results[id(body)].get(ref, ()):
            for outer, call in self.callers(body):
                yield outer, call.outputs[at]
                if call.count > 1:
                    yield body, body.inputs[0]

    # --- backwards ----------------------------------------------------------------------------

    def is_of_a_head(self, body: Body, ref: Ref) -> bool:
        """Whether a value becomes a result of the network without another layer of weights."""
        if self._heads is None:
            self._heads = self._all_of_heads()
        return (id(body), ref) in self._heads

    def _all_of_heads(self) -> set[Key]:
        found: set[Key] = set()
        left = [(self.top, result.value) for result in self.top.outputs]
        left += self._trained.values()
        while left:
            body, ref = left.pop()
            if (id(body), ref) in found:
                continue
            found.add((id(body), ref))
            node = self.maker(body, ref)
            if isinstance(node, CallNode):
                left.append((node.body, node.body.outputs[node.outputs.index(ref)].value))
            elif isinstance(node, MergeNode) or (
                isinstance(node, LayerNode) and not node.layer.depth
            ):
                left += [(body, source) for source in node.inputs]
            elif node is None and ref in body.inputs:
                callers = self.callers(body)
                left += [(outer, call.inputs[body.inputs.index(ref)]) for outer, call in callers]
        return found

    def maker(self, body: Body, ref: Ref) -> Node | None:
        """The node that makes a value in its body; None for what enters it."""
        return self._makers[id(body)].get(ref)

    def last_layer(self, body: Body, ref: Ref) -> LayerNode | None:
        """The layer that makes a value, inside of calls too; None for anything else."""
        node = self.maker(body, ref)
        while isinstance(node, CallNode):
            if node.body.several:
                return None
            body = node.body
            node = self.maker(body, body.outputs[0].value)
        return node if isinstance(node, LayerNode) else None

    def before(self, body: Body, ref: Ref) -> set[Ref]:
        """The values that a value was made of in its body, and itself; not those too far away."""
        seen: dict[Ref, None] = {ref: None}
        left = [ref]
        while left and len(seen) < FARTHEST:
            node = self.maker(body, left.pop(0))
            fresh = [each for each in (node.inputs if node is not None else ()) if each not in seen]
            seen |= dict.fromkeys(fresh)
            left += fresh
        return set(seen)

    def is_read_again(self, body: Body, ref: Ref) -> bool:
        """Whether more than one node of its body reads a value, or a node and the result."""
        readers = self._readers[id(body)].get(ref, ())
        return len(readers) + len(self._results[id(body)].get(ref, ())) > 1

    def is_active(self, node: Node) -> bool:
        """Whether a node is or holds an activation."""
        return self._active.of_node(self.top, node)

    def is_deep(self, node: Node) -> bool:
        """Whether a node is or holds a convolution or linear layer."""
        return self._deep.of_node(self.top, node)


def _holding(asked: Callable[[Layer], bool]) -> Fold[bool]:
    """Whether a node is such a layer, or holds one that runs in evaluation."""
    return Fold(
        lambda _, leaf: isinstance(leaf, LayerNode) and asked(leaf.layer),
        lambda _, parts: any(part.value for part in parts if not part.head),
    )


def _entered(call: CallNode, ref: Ref) -> Iterator[Place]:
    """The values inside a called body that are this one."""
    for given, inner in zip(call.inputs, call.body.inputs, strict=False):
        if given == ref:
            yield call.body, inner
