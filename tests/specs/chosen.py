"""Which shipped networks stand for the others where a test of all would take an hour.

Networks made of the same blocks differ by repeats and numbers alone: their files have the same
classes. `make prove` takes every network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from math import inf

import archgen
from archgen.limits import count_modules
from archgen.network import Body, CallNode, LayerNode, MergeNode
from archgen.traversal import first_places

EVERY = tuple(name for name, _ in archgen.shipped())

# They take the side of an `if` in a block that the cheapest network of the same blocks does not.
ALSO = ("efficientnet_v2_s",)


@cache
def loaded(name: str) -> archgen.Network:
    """A shipped network, resolved once in a process."""
    return archgen.load(name)


@cache
def representatives(most_macs: float = inf, most_modules: float = inf) -> list[str]:
    """Of the networks made of the same blocks, the cheapest to run; none above the limits."""
    chosen: dict[frozenset[str], archgen.Network] = {}
    for name in EVERY:
        network = loaded(name)
        key = frozenset(definitions(network.body))
        if key not in chosen or cost(network) < cost(chosen[key]):
            chosen[key] = network
    return [
        network.name
        for network in (*chosen.values(), *map(loaded, ALSO))
        if network.macs <= most_macs and count_modules(network) <= most_modules
    ]


def covering(names: Sequence[str]) -> list[str]:
    """Few of the networks, small ones first, that have every layer and merge that all have."""
    kinds = {name: set(_kinds(loaded(name).body)) for name in names}
    missing, chosen = set().union(*kinds.values()), list[str]()
    while missing:
        gains = {
            name: len(kinds[name] & missing) / (20 + count_modules(loaded(name))) for name in names
        }
        chosen.append(max(names, key=gains.__getitem__))
        missing -= kinds[chosen[-1]]
    return chosen


def _kinds(body: Body) -> Iterator[str]:
    """Layers and merges of a body, and whether it has heads and several outputs."""
    for _, each in first_places(body):
        for node in each.all_nodes:
            match node:
                case LayerNode():
                    yield node.layer.keyword
                case MergeNode():
                    yield node.kind
                case _:
                    yield type(node).__name__
        yield from (["heads"] if each.aux else [])
        yield from (["outputs"] if len(each.outputs) > 1 else [])


def load_small(name: str) -> archgen.Network:
    """The network for a small image: the wiring is the same, and the test faster."""
    channels, *sizes = archgen.load(name).input
    small = [min(size, 64) for size in sizes]
    try:
        return archgen.load(name, input=(channels, *small))
    except archgen.ArchError:  # too small for its pools
        return archgen.load(name)


def cost(network: archgen.Network) -> tuple[int, int]:
    return network.depth, network.macs


def definitions(body: Body, seen: set[int] | None = None) -> Iterator[str]:
    """The blocks that a body is made of, by file and name."""
    seen = set() if seen is None else seen
    if id(body) in seen:
        return
    seen.add(id(body))
    if body.definition is not None:
        yield f"{body.definition.span.source.path}:{body.definition.name}"
    for node in (*body.nodes, *(aux.node for aux in body.aux)):
        if isinstance(node, CallNode):
            yield from definitions(node.body, seen)
