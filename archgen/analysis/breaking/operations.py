"""What a built-in layer computes, as a value that can be compared.

Two layers with equal operations compute equal numbers from equal inputs and equal weights,
whatever the size of the input: equal to the last bit, so that what is equal in exact arithmetic
alone (a mean as an average pool) counts as different. Weights are not in it; who compares says
which weights are meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from archgen.layers.base import Layer, TorchCall
from archgen.shapes import Shape


@dataclass(frozen=True, slots=True)
class Operation:
    """What a layer computes. `arguments` are torch's by name or place, as text.

    As text, because to torch `True` is not `1`, and Python finds them equal.
    """

    target: str
    arguments: tuple[tuple[str, str], ...] = ()


def operation(layer: Layer, x: Shape, *, training: bool) -> Operation | None:
    """What a layer computes for an input of this shape; None if it hands on its input."""
    if layer.is_identity(x, training=training):
        return None
    same = layer.canonical(x)
    function = same.function(x)
    if function is not None:
        return Operation(function)
    call = same.module(x)
    ignored = () if training else layer.only_training
    kept = ((name, text) for name, text in _arguments(call).items() if name not in ignored)
    return Operation(call.target, tuple(sorted(kept)))


def has_state(layer: Layer, x: Shape) -> bool:
    """Whether what it computes depends on weights, or on statistics that it keeps."""
    return bool(layer.weights(x) or layer.buffers(x))


def _arguments(call: TorchCall) -> dict[str, str]:
    """Every argument, given or torch's default: `relu` with a default is `relu` without."""
    shown = {str(place): each for place, each in enumerate(call.arguments)}
    named = {each.keyword or place: repr(each.value) for place, each in shown.items()}
    return named | {each.keyword or "": repr(each.value) for each in call.defaulted}
