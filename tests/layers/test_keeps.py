"""What a layer declares that it keeps is what autograd's hooks see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch import Tensor  # noqa: E402

from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import taken  # noqa: E402
from tests.layers.torch_modules import build, evaluate  # noqa: E402
from tests.saved import saved_storages  # noqa: E402
from tests.sweeps import examples  # noqa: E402

pytestmark = pytest.mark.torch
BATCH = 2
REAL, INDEX = 4, 8  # bytes


@pytest.mark.parametrize("keyword", LAYERS)
@examples(sample=40, full=1_000, of="layers, what autograd keeps")
@given(st.data(), st.booleans(), st.booleans())
def test_what_a_layer_keeps_is_what_autograd_saves(
    keyword: str, data: st.DataObject, training: bool, needs: bool
) -> None:
    layer, x = data.draw(taken(LAYERS[keyword]))
    declared = layer.keeps(x, training=training)
    if declared is None or x.numel > 50_000:
        return
    value = torch.randn(BATCH, *x.sizes)
    if needs:
        value = value.requires_grad_() * 1.0
    seen, outputs = run(layer, x, value, training)
    assert declared.view == all(same(each, value) for each in outputs)
    own = [(value, x.numel * REAL * BATCH, declared.input)]
    if not declared.view:
        own += [(y, y.untyped_storage().nbytes(), declared.output) for y in outputs]
    expected = (
        sum(size for _, size, kept in own if kept)
        + BATCH * (declared.numbers * REAL + declared.indices * INDEX)
        + declared.fixed * REAL
    )
    # An index is a buffer, which is there anyhow.
    expected += sum(getattr(layer, name).numel * INDEX for name in layer.index_operands)
    if not (needs or layer.weights(x)):
        expected = 0
    assert sum(seen.values()) == expected, (layer, x, seen)


def same(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def run(
    layer: Layer, x: Shape, value: Tensor, training: bool
) -> tuple[dict[int, int], list[Tensor]]:
    text = layer.function(x)
    if text is not None:
        return saved_storages(lambda: evaluate(text, layer, value), ())
    module = build(layer.module(x)).train(training)
    return saved_storages(lambda: module(value), [*module.parameters(), *module.buffers()])
