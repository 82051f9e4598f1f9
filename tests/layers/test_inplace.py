"""`fresh`, `saves_output` and `takes_inplace` against autograd."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import small_example  # noqa: E402
from tests.layers.torch_modules import build, evaluate  # noqa: E402

pytestmark = pytest.mark.torch
X = Shape((4, 4, 4))
ACTIVATIONS = [cls for cls in LAYERS.values() if cls.takes_inplace]
every_layer = pytest.mark.parametrize("keyword", LAYERS)


def producers(layer: Layer, x: Shape) -> list[nn.Module | str]:
    """The layer's module, also working in place itself where it can; or its function."""
    text = layer.function(x)
    if text is not None:
        return [text]
    inplace = [build(layer.module(x), inplace=True)] if layer.takes_inplace else []
    return [build(layer.module(x)), *inplace]


def harmless(
    producer: nn.Module | str, layer: Layer, x: Shape, after: nn.Module, training: bool
) -> bool:
    """Whether writing over the layer's output leaves its input and backward alone.

    A producer that works in place itself has its input's memory, by its own leave.
    """
    torch.manual_seed(0)
    source = torch.randn(2, *x.sizes, requires_grad=True)
    value = source * 1.0
    if isinstance(producer, str):
        made = evaluate(producer, layer, value)
        assert isinstance(made, tuple | Tensor)
        y: Tensor = made[0] if isinstance(made, tuple) else made
    else:
        y = producer.train(training)(value)
    before = value.detach().clone()
    try:
        after(y).sum().backward()
    except RuntimeError:
        return False
    return getattr(producer, "inplace", False) or torch.equal(value, before)


class Sum(nn.Module):
    """A sum that is written over its first operand."""

    def forward(self, x: Tensor) -> Tensor:
        x += torch.randn_like(x)
        return x


def writers() -> list[nn.Module]:
    """What the generated source lets write over a value."""
    acts = [build(LAYERS[act.keyword]().module(X), inplace=True) for act in ACTIVATIONS]
    return [*acts, Sum()]


@every_layer
def test_what_a_class_says_is_what_autograd_does(keyword: str) -> None:
    """A promise holds in both modes; what promises nothing does harm in one of them at least."""
    layer, x = small_example(LAYERS[keyword])
    found = [each for mode in (True, False) for each in outcomes(layer, x, mode)]
    idle = idle_forms(layer, x)
    if layer.fresh and not layer.saves_output:
        assert all(found)
        assert all(outcome for each in idle for outcome in outcomes(each, x, False))
    elif not idle:  # `channel_shuffle(1)` is a view, on some devices
        assert not all(found)


def idle_forms(layer: Layer, x: Shape) -> list[Layer]:
    """The layer with a 1 for one of its numbers, where that makes it the identity."""
    numbers = [name for name in type(layer).model_fields if type(getattr(layer, name)) is int]
    changed = (layer.model_copy(update={name: 1}) for name in numbers)
    return [each for each in changed if each.is_identity(x, training=False)]


def outcomes(layer: Layer, x: Shape, training: bool) -> list[bool]:
    return [
        harmless(producer, layer, x, after, training)
        for producer in producers(layer, x)
        for after in writers()
    ]


@every_layer
def test_takes_inplace_is_what_the_module_takes(keyword: str) -> None:
    layer, x = small_example(LAYERS[keyword])
    if layer.takes_inplace:
        assert getattr(build(layer.module(x), inplace=True), "inplace", False)
