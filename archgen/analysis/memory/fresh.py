"""Which values nothing else reads, so that what reads them may write over them.

The rule of the PyTorch backend (`passes/inplace`), for bodies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import assert_never

from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, ParamNode, Ref
from archgen.traversal import bodies


def fresh_values(root: Body) -> dict[Body, frozenset[Ref]]:
    """For each body the values that their one reader may write over: nothing else reads them,
    they share no memory with another value, and autograd does not keep them."""
    found: dict[Body, frozenset[Ref]] = {}
    for body in bodies(root):
        reads = Counter(ref for node in body.all_nodes for ref in node.inputs)
        reads.update(each.value for each in body.outputs)
        own = (ref for node in body.nodes for ref in _fresh_of(node, found))
        found[body] = frozenset(ref for ref in own if reads[ref] == 1)
    return found


def _fresh_of(node: Node, known: dict[Body, frozenset[Ref]]) -> Iterator[Ref]:
    match node:
        case LayerNode():
            if node.layer.fresh and not node.layer.saves_output:
                yield from node.outputs
        case CallNode():
            made = zip(node.outputs, node.body.outputs, strict=True)
            yield from (ref for ref, each in made if each.value in known[node.body])
        case MergeNode():
            yield from node.outputs
        case ParamNode():
            pass
        case _:
            assert_never(node)
