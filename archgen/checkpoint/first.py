"""The convolutions that read an input of a network, whose weights depend on its channels."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from archgen.layers.convolution import Conv
from archgen.network import Body, CallNode, LayerNode, Network, Ref


def input_convolutions(network: Network) -> set[str]:
    """The keys of their weights, O x C x kernel; none of those whose channels are in groups."""
    return set(_below(network.body, network.body.inputs, ""))


def _below(body: Body, refs: Collection[Ref], prefix: str) -> Iterator[str]:
    for node in body.all_nodes:
        match node:
            case LayerNode(layer=Conv(groups=1), reused=False) if node.inputs[0] in refs:
                yield f"{prefix}{node.name}.weight"
            case CallNode(reused=False):
                pairs = zip(node.body.inputs, node.inputs, strict=True)
                inner = [ref for ref, outer in pairs if outer in refs]
                if inner:
                    first = next(node.names())
                    yield from _below(node.body, inner, f"{prefix}{first}.")
            case _:
                pass
