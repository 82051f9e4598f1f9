"""What training keeps of a network, and where checkpointing saves most."""

from __future__ import annotations

from math import prod

from archgen.analysis.cost import Costs
from archgen.analysis.memory.amounts import Advice, Memory
from archgen.analysis.memory.walk import Walk
from archgen.analysis.numerals import numbered
from archgen.analysis.weights import state
from archgen.network import CallNode, Network

__all__ = ["advice", "memory"]


def memory(network: Network, depth: int = 1) -> Memory:
    """What training keeps of a network and how much its evaluation holds at once; `rows` down to
    `depth` levels. Takes time for every call in the network, but not for equal repeats."""
    training, evaluated = Walk(network, True, depth), Walk(network, False, depth)
    entries = [each for each in state(network) if each.kind == "parameter"]
    return Memory(
        training.kept(),
        evaluated.kept(),
        training.rows() if not training.unknown else {},
        training.unknown,
        evaluated.peak(),
        sum(prod(each.sizes) for each in entries),
        len(entries),
    )


def advice(network: Network, most: int = 3) -> list[Advice]:
    """The rows of the summary for which checkpointing saves most, at most so many."""
    walk = Walk(network, True, 1)
    if walk.unknown:
        return []
    costs, body = Costs(), network.body
    calls = (node for node in body.nodes if isinstance(node, CallNode))
    found = [
        Advice(path, walk.inside(path), costs.of_node(body, node).macs)
        for node in calls
        for path in [numbered(node.name, node.count)]
    ]
    worth = [each for each in found if each.saved.bytes() > 0]
    return sorted(worth, key=lambda each: -each.saved.bytes())[:most]
