"""Checkpoint files written by hand, so that the tests that use them need no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import archgen
from archgen.analysis.weights import state
from archgen.api import Network


def write(path: Path, shapes: Mapping[str, Sequence[int]]) -> None:
    """A file of safetensors with zeros of float32."""
    header: dict[str, object] = {}
    end = 0
    for key, shape in shapes.items():
        begin, end = end, end + 4 * prod(shape)
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


def renamed_stages() -> tuple[Network, dict[str, list[int]]]:
    """A network of two stages, and a checkpoint in which they are items of a list."""
    network = archgen.loads(
        "arch net { input(3, 8, 8)\n"
        "layer1 = seq { conv(4, 3) -> bn }; layer2 = seq { conv(8, 3) -> bn } }"
    )
    shapes = {}
    for entry in state(network):
        shapes[entry.key.replace("layer1", "layers.0").replace("layer2", "layers.1")] = [
            *entry.sizes
        ]
    return network, shapes
