"""What bodies and nodes cost: weights and work, exact integers.

A body is counted once, however often it is called, so that a stage of 10^9 blocks costs no more
to count than one block. Knows layers only by what they declare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import assert_never

from archgen.frozen import dataclass
from archgen.network import Body, LayerNode, MergeNode, Node, ParamNode
from archgen.traversal import Fold, Leaf, Part


@dataclass(frozen=True, slots=True)
class Cost:
    """`params` and `buffers` count numbers; `macs` and `activations` are for one sample."""

    params: int = 0
    buffers: int = 0
    macs: int = 0
    activations: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.buffers + other.buffers,
            self.macs + other.macs,
            self.activations + other.activations,
        )

    def __mul__(self, count: int) -> Cost:
        return Cost(
            self.params * count,
            self.buffers * count,
            self.macs * count,
            self.activations * count,
        )

    @property
    def of_weights(self) -> Cost:
        """Without the work: what a head costs that evaluation does not run."""
        return replace(self, macs=0, activations=0)

    @property
    def of_work(self) -> Cost:
        """Without the weights: what using a submodule again costs."""
        return replace(self, params=0, buffers=0)


class Costs:
    """The cost of bodies and nodes, remembered by body."""

    def __init__(self) -> None:
        self._fold = Fold(_of_leaf, _of_parts)

    def of_body(self, body: Body) -> Cost:
        """All that a module with this body holds, and what one evaluation of it does."""
        return self._fold.of_body(body)

    def of_node(self, body: Body, node: Node) -> Cost:
        """What one node of `body` adds, its repeats counted."""
        return _of_part(Part(node, self._fold.of_node(body, node), False))


def _of_parts(_: Body, parts: Sequence[Part[Cost]]) -> Cost:
    return sum(map(_of_part, parts), Cost())


def _of_part(part: Part[Cost]) -> Cost:
    cost = part.value * part.count
    cost = cost.of_work if part.reused else cost
    return cost.of_weights if part.head else cost


def _of_leaf(body: Body, node: Leaf) -> Cost:
    match node:
        case LayerNode():
            return _of_layer(body, node)
        case ParamNode():
            return _of_tensor(node)
        case MergeNode():
            return Cost()
        case _:
            assert_never(node)


def _of_tensor(node: ParamNode) -> Cost:
    """A parameter counts as one, learned or not; a buffer if it is in the `state_dict`."""
    if node.word == "param":
        return Cost(params=prod(node.sizes))
    return Cost(buffers=prod(node.sizes) if node.persistent else 0)


def _of_layer(body: Body, node: LayerNode) -> Cost:
    """RegNet's convention for activations (Radosavovic et al. 2020, section 3.3): the output
    elements of convolutions, and as the counters in use have it, of linear layers."""
    layer, x = node.layer, body.shape_in(node)
    outputs = sum(body.values[ref].numel for ref in node.outputs)
    return Cost(
        params=sum(map(prod, layer.weights(x).values())),
        buffers=sum(map(prod, layer.buffers(x).values())),
        macs=layer.macs(x),
        activations=outputs if layer.depth else 0,
    )
