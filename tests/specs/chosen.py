"""Which shipped networks stand for the others where a test of all would take an hour.

Networks made of the same blocks differ by repeats and numbers alone: their files have the same
classes. `ARCHGEN_ALL=1` takes every network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import archgen
from archgen.network import Body, CallNode


def representatives(most_macs: int | None = None) -> list[str]:
    """Of the networks made of the same blocks, the cheapest to run; none above `most_macs`."""
    if os.environ.get("ARCHGEN_ALL"):
        return [name for name, _ in archgen.shipped()]
    chosen: dict[frozenset[str], archgen.Network] = {}
    for name, _ in archgen.shipped():
        network = archgen.load(name)
        key = frozenset(definitions(network.body))
        if key not in chosen or cost(network) < cost(chosen[key]):
            chosen[key] = network
    return [
        network.name
        for network in chosen.values()
        if most_macs is None or network.macs <= most_macs
    ]


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
