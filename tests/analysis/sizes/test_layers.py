"""What `Layer.shape` computes with a size that carries its function is what it computes with
numbers: for every layer, at every size."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.sizes.legal import sizes_of
from archgen.layers import LAYERS
from archgen.layers.base import Layer, LayerFault
from archgen.shapes import Shape

MORE = {
    "conv": ["conv(8, 3, stride=2)", "conv(8, [1, 5], padding=0)", "conv(8, 3, dilation=3)"],
    "conv_transpose": [
        "conv_transpose(4, 4, stride=2, padding=1)",
        "conv_transpose(4, 2, padding=2)",
    ],
    "maxpool": ["maxpool(3, stride=2, ceil_mode=true)", "maxpool(2, stride=3, ceil_mode=true)"],
    "avgpool": ["avgpool(3, stride=2, padding=1)", "avgpool(2, ceil_mode=true)"],
    "upsample": ["upsample(3)", "upsample(0.5)", "upsample(1.75)", "upsample(size=9)"],
    "reshape": ["reshape([-1, 2])", "reshape([4, -1])"],
    "flatten": ["flatten(1)"],
    "select": ["select(3, 1)", "select(-2, 2)"],
}


def networks() -> list[tuple[str, str]]:
    found = []
    for keyword, cls in LAYERS.items():
        shape = "4 x 24 x 24" if keyword in MORE else cls.example[1]
        for call in [cls.example[0], *MORE.get(keyword, [])]:
            given = cls.example[1] if call == cls.example[0] else shape
            found.append((given, call))
    return found


def declared(shape: str, call: str) -> archgen.Network | None:
    sizes = ", ".join(shape.split(" x "))
    for axis in ("", ", axis=1"):
        try:
            return archgen.loads(
                f"arch a {{ input({sizes}{axis}); first = multiply(1.5); {call} }}"
            )
        except archgen.ArchError:
            continue
    return None


@pytest.mark.parametrize(("shape", "call"), networks())
def test_as_with_numbers(shape: str, call: str) -> None:
    network = declared(shape, call)
    if network is None:  # reads a second value
        return
    node = network.body.nodes[-1]
    layer = getattr(node, "layer", None)
    if not isinstance(layer, Layer):
        return
    before = network.body.values[network.body.inputs[0]]
    sizes = sizes_of(network)
    assert sizes.main.outputs is not None
    declared_at = tuple(of.axis.declared for of in sizes.axes)
    for which, of in enumerate(sizes.axes):
        for size in range(1, 80):
            at = (*declared_at[:which], size, *declared_at[which + 1 :])
            expected = made(layer, before.with_size(of.axis.axis, size), before)
            assert sizes.accept(at) in {None, expected is not None}, at
            if sizes.accept(at):
                assert sizes.outputs(at) == expected, at


def made(layer: Layer, x: Shape, before: Shape) -> tuple[tuple[int, ...], ...] | None:
    """The shapes that a layer which was made for `before` makes of `x`, if it takes it."""
    layer = layer.model_copy(update=dict.fromkeys(layer.values(), x))  # `from input`
    try:
        shapes = layer.shape(x)
    except LayerFault:
        return None
    if layer.weights(x) != layer.weights(before):
        return None
    return tuple(shape.sizes for shape in (shapes if isinstance(shapes, tuple) else (shapes,)))


def test_every_layer_has_an_answer() -> None:
    """Nothing makes a plain number of a size, or looks one up."""
    unknown = [
        call
        for shape, call in networks()
        if (network := declared(shape, call)) is not None and not sizes_of(network).known
    ]
    assert unknown == []


def test_what_is_not_followed_is_not_known() -> None:
    """Whether 16 divides `4 * H * W` is no condition on one axis, nor a product of two."""
    network = declared("4 x 24 x 24", "reshape([2, 8, -1])")
    assert network is not None
    assert sizes_of(network).accept((24, 24)) is None
