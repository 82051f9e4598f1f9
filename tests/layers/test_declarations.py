"""What every layer class declares, looked at without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgen.backends.reference import layer_reference
from archgen.layers import CLASSES, LAYERS
from archgen.layers.base import Layer, LayerFault
from archgen.layers.signature import headline, signature
from archgen.shapes import Shape
from tests.layers.examples import cases, layer_of, shape_of

ROOT = Path(__file__).parents[2]
every_layer = pytest.mark.parametrize("cls", CLASSES, ids=list(LAYERS))


def test_keywords_are_unique() -> None:
    assert len(LAYERS) == len(CLASSES)


@every_layer
def test_documentation_is_complete(cls: type[Layer]) -> None:
    assert cls.__doc__
    assert cls.__doc__.partition("\n")[0].endswith(".")
    assert all(parameter.doc for parameter in signature(cls))


@every_layer
def test_example_has_its_shapes(cls: type[Layer]) -> None:
    text, before, after = cls.example
    found = layer_of(text).shape(shape_of(before, cls))
    shapes = found if isinstance(found, tuple) else (found,)
    assert ", ".join(map(str, shapes)) == after


@every_layer
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_channels_out_is_the_size_of_the_feature_axis(
    cls: type[Layer], data: st.DataObject
) -> None:
    layer, x = data.draw(cases(cls))
    try:
        found = layer.shape(x)
    except LayerFault:
        return
    shapes = found if isinstance(found, tuple) else (found,)
    names = {**dict(layer), "channels": x.channels}
    for output, shape in enumerate(shapes):
        text = layer.channels_out(x, output)
        assert not text or eval(text, names) == shape.channels


@every_layer
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_sources_name_what_the_number_is(cls: type[Layer], data: st.DataObject) -> None:
    layer, x = data.draw(cases(cls))
    try:
        layer.shape(x)
    except LayerFault:
        return
    call = layer.module(x) if layer.function(x) is None else None
    for argument in () if call is None else (*call.arguments, *call.defaulted):
        if argument.source == "channels":
            assert argument.value == x.channels
        elif argument.source is not None and not argument.source.isidentifier():
            names = {**dict(layer), "channels": x.channels}
            found = eval(argument.source, names)
            assert (tuple(found) if isinstance(found, list) else found) == argument.value
        elif argument.source is not None:
            field = getattr(layer, argument.source)
            if isinstance(field, int | float | str):  # neither auto nor one number an axis
                assert argument.value == field


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("attention", "attention(heads, dropout=0.0)"),
        ("maxpool", "maxpool(kernel, stride=kernel, padding=auto, dilation=1, ceil_mode=false)"),
        ("bn", "bn(eps=1e-5, momentum=0.1, affine=true)"),
        ("relu", "relu"),
    ],
)
def test_headline(keyword: str, text: str) -> None:
    assert headline(LAYERS[keyword]) == text


@pytest.mark.parametrize(
    ("text", "sizes", "words"),
    [
        ("conv(8, 4)", (3, 8, 8), "has no symmetric padding"),
        ("conv(8, 3, padding=0, dilation=2)", (3, 4, 4), "dilation 2 (over 5) does not fit into 4"),
        ("conv(8, 3, groups=2)", (3, 8, 8), "groups=2 does not divide 3 channels of the input"),
        ("conv(8, [3, 3])", (3, 8), "kernel has 2 numbers, the input has 1 spatial axes"),
        ("conv(8, 3)", (3,), "needs one to three spatial axes, a vector of 3 has none"),
        ("maxpool(3, padding=2)", (3, 8, 8), "2 is more than half of 3"),
        ("linear(8)", (3, 8, 8), "needs the features on the last axis"),
        ("split([1, 1])", (3, 8, 8), "the parts [1, 1] add up to 2, the input has 3 channels"),
        ("reshape([-1, -1])", (3, 8, 8), "which do not fill [-1, -1]"),
    ],
)
def test_refusals_say_why(text: str, sizes: tuple[int, ...], words: str) -> None:
    with pytest.raises(LayerFault) as caught:
        layer_of(text).shape(Shape(sizes))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("conv(8, 3)", Shape((3, 9)), Shape((8, 9))),
        ("conv(8, [3, 1], stride=[2, 1])", Shape((3, 9, 9)), Shape((8, 5, 9))),
        ("conv(8, 4, stride=4)", Shape((3, 8, 8)), Shape((8, 2, 2))),
        ("maxpool(1, stride=2)", Shape((16, 32, 32)), Shape((16, 16, 16))),
        ("linear(8)", Shape((5, 3), 1), Shape((5, 8), 1)),
        ("permute([1, 2, 0])", Shape((3, 8, 9)), Shape((8, 9, 3), 2)),
        ("flatten(1)", Shape((3, 8, 9)), Shape((3, 72))),
        ("flatten", Shape((5, 3), 1), Shape((15,))),
        ("flatten(1)", Shape((8, 9, 3), 2), Shape((8, 27), 1)),
        ("select(0, 0)", Shape((5, 3), 1), Shape((3,))),
        ("mean([0, 1])", Shape((8, 9, 3), 2), Shape((3,))),
        ("reshape([4, -1])", Shape((6, 4), 1), Shape((4, 6), 1)),
        ("split(2)", Shape((5, 4), 1), (Shape((5, 2), 1), Shape((5, 2), 1))),
    ],
)
def test_shapes_and_feature_axes(
    text: str, before: Shape, after: Shape | tuple[Shape, ...]
) -> None:
    assert layer_of(text).shape(before) == after


def test_reference_is_current() -> None:
    assert (ROOT / "docs" / "layers.md").read_text(encoding="utf-8") == layer_reference()


def test_import_is_light() -> None:
    code = "import archgen.layers, json, sys; print(json.dumps(list(sys.modules)))"
    out = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=os.environ)
    loaded = {name.partition(".")[0] for name in json.loads(out)}
    assert not loaded & {"torch", "lark", "jinja2", "rich", "click", "numpy"}
