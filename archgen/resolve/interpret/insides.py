"""Values inside a network that is a part of a body: `from encoder.layer1`."""

from __future__ import annotations

from archgen.cutting.places import find_inside, place_of, shape_at
from archgen.network import Ref
from archgen.resolve.interpret.draft import Draft
from archgen.resolve.values import TensorValue
from archgen.text import Span


def inside(body: Draft, ref: Ref, path: str, name: str, span: Span) -> TensorValue | None:
    """The value at a path inside the network that made a value called `name`; None if no network
    made it. Raises `Fault`."""
    node = body.networks.get(ref)
    if node is None:
        return None
    spot = find_inside(node.body, path, f"{name}.{path}", span)
    if spot.inner is None:
        for output, made in zip(node.body.outputs, node.outputs, strict=True):
            if spot.value == output.value and spot.offset == getattr(spot.node, "count", 1) - 1:
                return body.tensor(made)
    noted = body.inside.setdefault(node.outputs[0], {})
    place = place_of(spot)
    if place not in noted:
        noted[place] = path, body.add(shape_at(node.body, spot))
    return body.tensor(noted[place][1])
