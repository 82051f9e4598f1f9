"""What is said of layers by their names is what PyTorch does."""

from __future__ import annotations

import pytest

from archgen.analysis.breaking.operations import operation
from archgen.layers import LAYERS
from archgen.layers.base import Layer, LayerFault
from archgen.shapes import Shape
from tests.layers.examples import layer_of, shape_of

HANDING_ON = (  # layers with arguments that make them do nothing, and an input
    ("multiply(1)", (4, 6, 6)),
    ("channel_shuffle(1)", (4, 6, 6)),
    ("pixel_shuffle(1)", (4, 6, 6)),
    ("permute([0, 1, 2])", (4, 6, 6)),
    ("flatten(2)", (4, 6, 6)),
    ("pad(0)", (4, 6, 6)),
    ("pad([0, [0, 0]], value=3.0)", (4, 6, 6)),
    ("maxpool(1)", (4, 6, 6)),
    ("avgpool(1)", (4, 6, 6)),
    ("avgpool([1, 1], stride=1)", (4, 6, 6)),
    ("upsample(1)", (4, 6, 6)),
    ('upsample(1, mode="nearest-exact")', (4, 6, 6)),
    ('upsample([1, 1], mode="bilinear")', (4, 6, 6)),
    ('upsample(1, mode="bilinear", align_corners=true)', (4, 6, 6)),
    ('upsample(1, mode="bicubic")', (4, 6, 6)),
    ('upsample(1, mode="linear")', (4, 6)),
    ("channel_shuffle(4)", (4, 6, 6)),
    ("leaky_relu(1)", (4, 6, 6)),
    ("mean(0, keep=true)", (1, 6, 6)),
    ("mean([0], keep=true)", (1, 6, 6)),
    ("pad_channels(4)", (4, 6, 6)),
    ("pad_channels(4, both=true)", (4, 6, 6)),
    ("dropout(0.5)", (4, 6, 6)),
)
ACTING = (
    ("multiply(2)", (4, 6, 6)),
    ("permute([0, 2, 1])", (4, 6, 6)),
    ("flatten(1)", (4, 6, 6)),
    ("pad([0, [0, 1]])", (4, 6, 6)),
    ("maxpool(1, stride=2)", (4, 6, 6)),
    ("avgpool([1, 2], stride=1, padding=0)", (4, 6, 6)),
    ("upsample(2)", (4, 6, 6)),
    ("channel_shuffle(2)", (4, 6, 6)),
    ("mean(0, keep=true)", (4, 6, 6)),
    ("mean(0)", (1, 6, 6)),
    ("mean([0, 1], keep=true)", (1, 6, 6)),
    ("pad_channels(5)", (4, 6, 6)),
)
SAME = (  # two ways to write what torch computes to the last bit
    ("mean([1, 2])", "mean([2, 1])"),
    ("mean([2, 0], keep=true)", "mean([0, 2], keep=true)"),
    ("mean(1)", "mean([1])"),
    ("conv(4, 1)", "conv(4, 1, dilation=2)"),
    ("avgpool(2)", "avgpool(2, count_include_pad=false)"),
)


def examples() -> list[tuple[Layer, Shape]]:
    return [(layer_of(cls.example[0]), shape_of(cls.example[1], cls)) for cls in LAYERS.values()]


@pytest.mark.parametrize(("text", "sizes"), HANDING_ON)
def test_layers_that_do_nothing(text: str, sizes: tuple[int, ...]) -> None:
    assert operation(layer_of(text), Shape(sizes), training=False) is None


@pytest.mark.parametrize(("text", "sizes"), ACTING)
def test_layers_that_do_something(text: str, sizes: tuple[int, ...]) -> None:
    assert operation(layer_of(text), Shape(sizes), training=False) is not None


@pytest.mark.torch
@pytest.mark.parametrize(("text", "sizes"), [*HANDING_ON, *ACTING])
def test_torch_hands_on_the_input_where_nothing_is_done(text: str, sizes: tuple[int, ...]) -> None:
    import torch

    from tests.layers.torch_modules import build

    layer, given = layer_of(text), torch.randn(2, *sizes)
    result = build(layer.module(Shape(sizes))).eval()(given)
    nothing = operation(layer, Shape(sizes), training=False) is None
    assert nothing is (result.shape == given.shape and torch.equal(result, given))


@pytest.mark.parametrize("texts", SAME)
def test_two_ways_to_write_one_operation(texts: tuple[str, str]) -> None:
    one, other = (operation(layer_of(text), Shape((4, 6, 6)), training=True) for text in texts)
    assert one == other


@pytest.mark.torch
@pytest.mark.parametrize("texts", SAME)
def test_torch_computes_the_same_for_two_ways(texts: tuple[str, str]) -> None:
    import torch

    from tests.layers.torch_modules import build

    x = Shape((4, 6, 6))
    one, other = (build(layer_of(text).module(x)) for text in texts)
    other.load_state_dict(one.state_dict())
    given = torch.randn(2, *x.sizes)
    assert torch.equal(one(given), other(given))


def test_every_layer_is_told_from_the_others() -> None:
    """No two layers of different kinds have one operation, but for two names of one pool."""
    known: dict[object, str] = {}
    for layer, _ in examples():
        for sizes in ((4, 8, 8), (8, 16), (64,)):
            try:
                layer.shape(x := Shape(sizes, 0 if len(sizes) == 3 else len(sizes) - 1))
            except LayerFault:
                continue
            if (made := operation(layer, x, training=True)) is not None:
                if layer.keyword == "global_maxpool":  # one of the two names
                    continue
                assert known.setdefault((made, sizes), layer.keyword) == layer.keyword
