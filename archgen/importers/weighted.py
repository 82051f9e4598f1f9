"""Which steps have keys of their own."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.importers.program import Node
from archgen.layers import LAYERS


def has_weights(node: Node) -> bool:
    """Whether a step has learned parameters or buffers, so that its name is a key."""
    if node.program is not None:
        return any(map(has_weights, node.program.nodes))
    return node.kind == "param" or node.key in WEIGHTED


def _weighted() -> Iterator[str]:
    for keyword, cls in LAYERS.items():
        if cls.weight_names:
            yield keyword


WEIGHTED = frozenset(_weighted())
