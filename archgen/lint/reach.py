"""Who reads a value, and who made it, through the walls of blocks and containers.

A value of a body is read by its nodes; by the body's result, and so by whatever reads the result
of each call of the body; and inside the bodies that are called with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archgen.frozen import dataclass
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode, Ref

Passes = Callable[[LayerNode | MergeNode], bool]


@dataclass(frozen=True, slots=True)
class Use:
    """A node that reads a value; None: it is a result of the network."""

    body: Body
    node: LayerNode | MergeNode | None


class Reach:
    """The flow of values through all distinct bodies of a network."""

    def __init__(self, network: Network) -> None:
        self._top = network.body
        self._callers: dict[int, list[tuple[Body, CallNode]]] = {}
        self._readers: dict[int, dict[Ref, list[Node]]] = {}
        self._trained: set[tuple[int, Ref]] = set()  # results of auxiliary heads
        self._makers: dict[int, dict[Ref, Node]] = {}
        self._enter(network.body)

    def _enter(self, body: Body) -> None:
        if id(body) in self._readers:
            return
        readers: dict[Ref, list[Node]] = {}
        makers: dict[Ref, Node] = {}
        self._readers[id(body)], self._makers[id(body)] = readers, makers
        heads = [aux.node for aux in body.aux]
        self._trained.update((id(body), ref) for head in heads for ref in head.outputs)
        for node in (*body.nodes, *heads):
            for ref in node.inputs:
                readers.setdefault(ref, []).append(node)
            for ref in node.outputs:
                makers[ref] = node
            if isinstance(node, CallNode):
                self._callers.setdefault(id(node.body), []).append((body, node))
                self._enter(node.body)

    # --- forwards -----------------------------------------------------------------------------

    def uses(self, body: Body, ref: Ref, passes: Passes) -> list[Use]:
        """Where a value arrives; nodes that `passes` accepts are looked through."""
        found: list[Use] = []
        self._follow(body, ref, passes, found, set())
        return found

    def _follow(
        self,
        body: Body,
        ref: Ref,
        passes: Passes,
        found: list[Use],
        seen: set[tuple[int, Ref]],
    ) -> None:
        if (id(body), ref) in seen:
            return
        seen.add((id(body), ref))
        for node in self._readers[id(body)].get(ref, ()):
            match node:
                case LayerNode() | MergeNode() if passes(node):
                    for output in node.outputs:
                        self._follow(body, output, passes, found, seen)
                case LayerNode() | MergeNode():
                    found.append(Use(body, node))
                case CallNode():
                    for place, inner in zip(node.inputs, node.body.inputs, strict=False):
                        if place == ref:
                            self._follow(node.body, inner, passes, found, seen)
        if (id(body), ref) in self._trained:
            found.append(Use(body, None))
        for at, result in enumerate(body.outputs):
            if result.value == ref:
                self._leave(body, at, passes, found, seen)

    def _leave(
        self,
        body: Body,
        at: int,
        passes: Passes,
        found: list[Use],
        seen: set[tuple[int, Ref]],
    ) -> None:
        if body is self._top:
            found.append(Use(body, None))
        for outer, call in self._callers.get(id(body), ()):
            if call.count > 1:
                self._follow(body, body.inputs[0], passes, found, seen)
            self._follow(outer, call.outputs[at], passes, found, seen)

    # --- backwards ----------------------------------------------------------------------------

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

    def before(self, body: Body, ref: Ref) -> Iterator[Ref]:
        """The values that a value was made of in its body, itself first, nearest first."""
        seen, left = {ref}, [ref]
        while left:
            here = left.pop(0)
            yield here
            node = self.maker(body, here)
            for source in node.inputs if node is not None else ():
                if source not in seen:
                    seen.add(source)
                    left.append(source)


def holds_activation(node: Node) -> bool:
    """Whether a node is or holds an activation."""
    match node:
        case LayerNode():
            return node.layer.group == "activation"
        case CallNode():
            return any(map(holds_activation, node.body.nodes))
        case MergeNode() | ParamNode():
            return False
