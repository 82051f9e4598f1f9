"""Names of PyTorch and Keras: each has its word here, or is said to have none."""

from __future__ import annotations

import inspect
import re

import pytest

from archgen.foreign import ARGUMENTS, POSITIONS, word
from archgen.layers import LAYERS
from archgen.layers.base import Layer
from archgen.syntax.words import RESERVED, TOP_LEVEL
from tests.layers.examples import layer_of, shape_of

pytestmark = pytest.mark.torch  # all that it compares with is imported

nn = pytest.importorskip("torch.nn")
SPECIAL = {
    "global_maxpool": "adaptive_maxpool",
    "global_avgpool": "adaptive_avgpool",
    "pad_channels": "pad",
}
CLASSES = sorted(name for name in dir(nn) if inspect.isclass(getattr(nn, name)))


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_torch_nn_has_a_word_or_an_answer(name: str) -> None:
    for written in (name, f"nn.{name}", f"torch.nn.{name}"):
        found = word(written, LAYERS)
        assert found is not None
        assert found.keyword in LAYERS or len(found.help or "") > 10


@pytest.mark.parametrize("cls", LAYERS.values(), ids=LAYERS)
def test_the_module_that_a_layer_becomes_is_called_by_its_keyword(cls: type[Layer]) -> None:
    """Of two layers that are one module, the other uses are the special ones."""
    call, x, _ = cls.example
    layer, shape = layer_of(call), shape_of(x, cls)
    if layer.function(shape) is not None:
        return
    target = layer.module(shape).target
    if target.startswith("nn."):
        found = word(target, LAYERS)
        assert found is not None
        assert found.keyword == SPECIAL.get(cls.keyword, cls.keyword)


@pytest.mark.parametrize("keyword", POSITIONS)
def test_positional_arguments_are_those_of_torch(keyword: str) -> None:
    """In torch's order, as far as they go."""
    cls = LAYERS[keyword]
    call, x, _ = cls.example
    target = layer_of(call).module(shape_of(x, cls)).target.removeprefix("nn.")
    theirs = list(inspect.signature(getattr(nn, target)).parameters)
    assert theirs[: len(POSITIONS[keyword])] == list(POSITIONS[keyword])


def test_what_an_answer_says_to_write_exists() -> None:
    """Every call in an answer is of a layer or a word of the language."""
    known = {*LAYERS, *RESERVED, *TOP_LEVEL, "stage", "name"}
    for name in CLASSES:
        found = word(name, LAYERS)
        for snippet in re.findall(r"`([^`]+)`", (found.help if found else "") or ""):
            if snippet.startswith(("nn.", "archgen.")):
                continue
            for called in re.findall(r"([A-Za-z_]\w*)\(", snippet):
                assert called in known, (name, snippet)


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("batch_norm", "bn"), ("BatchNormalization", "bn"), ("Dense", "linear"), ("fc", "linear"),
        ("F.relu", "relu"), ("F.max_pool2d", "maxpool"), ("F.leaky_relu", "leaky_relu"),
        ("layers.Conv2D", "conv"), ("Conv2DTranspose", "conv_transpose"), ("GELU", "gelu"),
        ("tf.keras.layers.GlobalAveragePooling2D", "global_avgpool"), ("swish", "silu"),
        ("ZeroPadding2D", "pad"), ("UpSampling2D", "upsample"), ("Cropping2D", "crop"),
        ("SpatialDropout2D", "dropout2d"), ("MaxPooling2D", "maxpool"), ("torch.chunk", "split"),
        ("DropPath", "drop_path"), ("nn.LazyConv2d", "conv"), ("LayerNormalization", "layer_norm"),
    ],
)  # fmt: skip
def test_words_of_keras_and_of_functions(name: str, keyword: str) -> None:
    found = word(name, LAYERS)
    assert found is not None
    assert found.keyword == keyword


@pytest.mark.parametrize(
    ("name", "kind"),
    [("torch.cat", "concat"), ("Concatenate", "concat"), ("layers.Add", "add"), ("mul", "mul")],
)
def test_merges(name: str, kind: str) -> None:
    found = word(name, LAYERS)
    assert found is not None
    assert found.merge == kind


def test_names_of_nobody_have_no_word() -> None:
    assert [word(name, LAYERS) for name in ("bottleneck", "stem", "x", "block1")] == [None] * 4


def test_arguments_are_parameters_of_some_layer() -> None:
    parameters = {name for cls in LAYERS.values() for name in cls.model_fields}
    assert set(ARGUMENTS.values()) <= parameters
