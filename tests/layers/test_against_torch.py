"""What a layer declares is what PyTorch does, in both directions."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from archgen.layers import LAYERS  # noqa: E402
from archgen.layers.base import Layer, LayerFault  # noqa: E402
from archgen.shapes import Shape  # noqa: E402
from tests.layers.examples import cases, example  # noqa: E402
from tests.layers.torch_modules import build, run  # noqa: E402

pytestmark = pytest.mark.torch
every_layer = pytest.mark.parametrize("cls", LAYERS.values(), ids=list(LAYERS))
fair = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@every_layer
def test_example(cls: type[Layer]) -> None:
    check(*example(cls))


@every_layer
@fair
@given(data=st.data())
def test_accepted_is_run_and_refused_is_refused(cls: type[Layer], data: st.DataObject) -> None:
    layer, x = data.draw(cases(cls))
    try:
        layer.shape(x)
    except LayerFault as fault:
        check_refused(layer, x, fault)
    else:
        check(layer, x)


def check(layer: Layer, x: Shape) -> None:
    shapes = layer.shape(x)
    expected = shapes if isinstance(shapes, tuple) else (shapes,)
    assert [tuple(y.shape[1:]) for y in run(layer, x)] == [shape.sizes for shape in expected]
    if layer.function(x) is None:
        check_module(layer, x)


def check_module(layer: Layer, x: Shape) -> None:
    module = build(layer.module(x)).eval()
    learned = {name: tuple(weight.shape) for name, weight in module.named_parameters()}
    assert list(learned.items()) == list(layer.weights(x).items())
    kept = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    assert kept == {**layer.weights(x), **layer.buffers(x)}
    assert set(learned) <= set(layer.weight_names)
    given = torch.randn(1, *x.sizes)
    # The counter does not know what is fused on the CPU: attention, and `lstm`.
    with sdpa_kernel(SDPBackend.MATH):
        result = module(given)
        with FlopCounterMode(display=False) as counter:
            build(layer.module(x)).eval().to("meta")(given.to("meta"))
    assert counter.get_total_flops() == 2 * layer.macs(x)
    if layer.fresh:
        assert result.untyped_storage().data_ptr() != given.untyped_storage().data_ptr()


def check_refused(layer: Layer, x: Shape, fault: LayerFault) -> None:
    if fault.ours:
        return
    with pytest.raises(Exception):  # noqa: B017, PT011  # there is no `Conv0d` either
        run(layer, x, batch=1)
