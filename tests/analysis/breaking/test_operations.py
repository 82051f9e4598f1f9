"""What is said of layers by their names is what PyTorch does."""

from __future__ import annotations

import pytest

from archgen.analysis.breaking import operations
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
    ("dropout(0.5)", (4, 6, 6)),
)
ACTING = (
    ("multiply(2)", (4, 6, 6)),
    ("permute([0, 2, 1])", (4, 6, 6)),
    ("flatten(1)", (4, 6, 6)),
    ("pad([0, [0, 1]])", (4, 6, 6)),
    ("maxpool(1, stride=2)", (4, 6, 6)),
    ("avgpool([1, 2], stride=1, padding=0)", (4, 6, 6)),
)


def examples() -> list[tuple[Layer, Shape]]:
    return [(layer_of(cls.example[0]), shape_of(cls.example[1], cls)) for cls in LAYERS.values()]


def test_the_names_are_those_of_layers() -> None:
    tables = (operations.AT_REST, operations.RECTIFYING, operations.KEEPING_SIGN)
    assert {name for table in tables for name in table} <= set(LAYERS)
    for layer, x in examples():
        wanted = operations.IN_TRAINING.get(layer.keyword, frozenset())
        if wanted:
            call = layer.module(x)
            assert wanted <= {each.keyword for each in (*call.arguments, *call.defaulted)}


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


@pytest.mark.torch
@pytest.mark.parametrize("cls", LAYERS.values(), ids=list(LAYERS))
def test_signs(cls: type[Layer]) -> None:
    import torch

    from tests.layers.torch_modules import build, run

    layer, x = layer_of(cls.example[0]), shape_of(cls.example[1], cls)
    if operations.rectifies(layer):
        assert all((each >= 0).all() for each in run(layer, x))
    if operations.keeps_sign(layer) and layer.function(x) is None:
        assert (build(layer.module(x))(torch.rand(2, *x.sizes)) >= 0).all()


@pytest.mark.torch
@pytest.mark.parametrize("keyword", sorted(operations.AT_REST))
def test_layers_at_rest_hand_on_their_input(keyword: str) -> None:
    import torch

    from tests.layers.torch_modules import build

    cls = LAYERS[keyword]
    layer, x = layer_of(cls.example[0]), shape_of(cls.example[1], cls)
    given = torch.randn(2, *x.sizes)
    assert torch.equal(build(layer.module(x)).eval()(given), given)


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
                assert known.setdefault((made, sizes), layer.keyword) == layer.keyword
