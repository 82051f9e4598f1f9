"""Checkpoint files written by hand, so that the tests that use them need no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path


def write(path: Path, shapes: Mapping[str, Sequence[int]]) -> None:
    """A file of safetensors with zeros of float32."""
    header: dict[str, object] = {}
    end = 0
    for key, shape in shapes.items():
        begin, end = end, end + 4 * prod(shape)
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
