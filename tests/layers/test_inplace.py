"""`fresh`, `saves_output` and `takes_inplace` against autograd."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import layer_of  # noqa: E402
from tests.layers.torch_modules import build, evaluate  # noqa: E402

pytestmark = pytest.mark.torch
X = Shape((4, 4, 4))
TEXTS = {
    "conv": "conv(4, 3)",
    "conv_transpose": "conv_transpose(4, 3)",
    "linear": "linear(4)",
    "group_norm": "group_norm(2)",
    "lrn": "lrn(3)",
    "softmax": "softmax(0)",
    "maxpool": "maxpool(3, stride=1)",
    "avgpool": "avgpool(3, stride=1)",
    "adaptive_avgpool": "adaptive_avgpool(4)",
    "adaptive_maxpool": "adaptive_maxpool(4)",
    "reshape": "reshape([4, 16])",
    "permute": "permute([0, 2, 1])",
    "select": "select(0, 1)",
    "mean": "mean(1)",
    "split": "split(2)",
    "channel_shuffle": "channel_shuffle(2)",
    "pixel_shuffle": "pixel_shuffle(1)",
    "pad": "pad(0)",
    "pad_channels": "pad_channels(4)",
    "crop": "crop(4)",
    "upsample": "upsample(1)",
    "drop_path": "drop_path(0.5)",
    "multiply": "multiply(2)",
    "attention": "attention(1)",
}
VIEWS_AT_TIMES = {"channel_shuffle", "pixel_shuffle"}  # by groups=1, by=1, on some devices
ACTIVATIONS = [cls for cls in LAYERS.values() if cls.takes_inplace]
every_layer = pytest.mark.parametrize("keyword", LAYERS)
modes = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def producers(layer: Layer, x: Shape) -> list[nn.Module | str]:
    """The layer's module, also working in place itself where it can; or its function."""
    text = layer.function(x)
    if text is not None:
        return [text]
    inplace = [build(layer.module(x), inplace=True)] if layer.takes_inplace else []
    return [build(layer.module(x)), *inplace]


def harmless(producer: nn.Module | str, layer: Layer, after: nn.Module, training: bool) -> bool:
    """Whether writing over the layer's output leaves its input and backward alone.

    A producer that works in place itself has its input's memory, by its own leave.
    """
    torch.manual_seed(0)
    source = torch.randn(2, *input_of(layer).sizes, requires_grad=True)
    x = source * 1.0
    if isinstance(producer, str):
        made = evaluate(producer, layer, x)
        assert isinstance(made, tuple)
        y: Tensor = made[0]
    else:
        y = producer.train(training)(x)
    before = x.detach().clone()
    try:
        after(y).sum().backward()
    except RuntimeError:
        return False
    return getattr(producer, "inplace", False) or torch.equal(x, before)


class Sum(nn.Module):
    """A sum that is written over its first operand."""

    def forward(self, x: Tensor) -> Tensor:
        x += torch.randn_like(x)
        return x


def writers() -> list[nn.Module]:
    """What the generated source lets write over a value."""
    acts = [build(LAYERS[act.keyword]().module(X), inplace=True) for act in ACTIVATIONS]
    return [*acts, Sum()]


def input_of(layer: Layer) -> Shape:
    if layer.keyword == "attention":
        return Shape(X.sizes[1:], 1)
    return Shape(X.sizes, 2) if layer.keyword in ("linear", "layer_norm") else X


@modes
@every_layer
def test_table(keyword: str, training: bool) -> None:
    layer = layer_of(TEXTS.get(keyword, keyword))
    promised = layer.fresh and not layer.saves_output
    found = [
        harmless(producer, layer, after, training)
        for producer in producers(layer, input_of(layer))
        for after in writers()
    ]
    if promised:
        assert all(found)
    elif not layer.fresh and training and keyword.startswith("drop"):
        assert all(found)  # harmful in evaluation alone
    elif keyword not in VIEWS_AT_TIMES:
        assert not all(found)


@every_layer
def test_takes_inplace_is_what_the_module_takes(keyword: str) -> None:
    layer = layer_of(TEXTS.get(keyword, keyword))
    if layer.takes_inplace:
        assert getattr(build(layer.module(input_of(layer)), inplace=True), "inplace", False)
