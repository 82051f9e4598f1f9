"""Residual units against a few lines of plain PyTorch: the same weights, wired by hand.

Figures are those of He et al. 2016, "Identity Mappings in Deep Residual Networks", and for the
shortcut options those of He et al. 2015, section 4.1.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, pad, relu

import archgen

pytestmark = pytest.mark.torch

Wiring = Callable[[nn.Module, Tensor], Tensor]
WIRINGS: dict[str, Wiring] = {}
SHAPES = [(16, 1), (32, 2)]  # output channels and stride, from 16 channels


def wiring(unit: str) -> Callable[[Wiring], Wiring]:
    """Register the hand-made counterpart of a unit."""

    def register(function: Wiring) -> Wiring:
        WIRINGS[unit] = function
        return function

    return register


def option_a(x: Tensor, like: Tensor) -> Tensor:
    """Every other pixel, and zeros for the channels that are missing."""
    x = x[:, :, :: x.shape[2] // like.shape[2], :: x.shape[3] // like.shape[3]]
    return pad(x, (0, 0, 0, 0, 0, like.shape[1] - x.shape[1]))


def residual(m: nn.Module, x: Tensor) -> Tensor:
    """conv - BN - ReLU - conv - BN."""
    return m.bn2(m.conv2(relu(m.bn1(m.conv1(x)))))


@wiring("basic_a")
def original(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    return relu(y + option_a(x, y))


@wiring("basic_b")
def projection_where_needed(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    changes = y.shape != x.shape
    return relu(y + (m.downsample[1](m.downsample[0](x)) if changes else x))


@wiring("basic_c")
def projection_always(m: nn.Module, x: Tensor) -> Tensor:
    return relu(residual(m, x) + m.downsample[1](m.downsample[0](x)))


@wiring("plain")
def no_shortcut(m: nn.Module, x: Tensor) -> Tensor:
    return relu(residual(m, x))


@wiring("constant_scaling")
def constant_scaling(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    return relu(0.5 * y + 0.5 * option_a(x, y))


@wiring("exclusive_gating")
def exclusive_gating(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    g = torch.sigmoid(m.gate(x))
    return relu(g * y + (1 - g) * option_a(x, y))


@wiring("shortcut_only_gating")
def shortcut_only_gating(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    g = torch.sigmoid(m.gate(x))
    return relu(y + (1 - g) * option_a(x, y))


@wiring("dropout_shortcut")
def dropout_shortcut(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, x)
    return relu(y + dropout(option_a(x, y), 0.5, m.training))


@wiring("bn_after_addition")
def bn_after_addition(m: nn.Module, x: Tensor) -> Tensor:
    y = m.conv2(relu(m.bn1(m.conv1(x))))
    return relu(m.bn2(y + option_a(x, y)))


@wiring("relu_before_addition")
def relu_before_addition(m: nn.Module, x: Tensor) -> Tensor:
    y = relu(residual(m, x))
    return y + option_a(x, y)


@wiring("relu_only_preact")
def relu_only_preact(m: nn.Module, x: Tensor) -> Tensor:
    y = residual(m, relu(x))
    return y + option_a(x, y)


@wiring("preact_basic")
def full_preact(m: nn.Module, x: Tensor) -> Tensor:
    y = m.conv2(relu(m.bn1(m.conv1(relu(m.preact[0](x))))))
    return y + option_a(x, y)


@wiring("preact_bottleneck")
def full_preact_bottleneck(m: nn.Module, x: Tensor) -> Tensor:
    z = relu(m.preact[0](x))
    y = m.conv3(relu(m.bn2(m.conv2(relu(m.bn1(m.conv1(z)))))))
    return y + (m.shortcut(z) if y.shape != x.shape else x)


@wiring("bottleneck_v1")
def bottleneck_v1(m: nn.Module, x: Tensor) -> Tensor:
    y = relu(m.bn2(m.conv2(relu(m.bn1(m.conv1(x))))))
    y = m.bn3(m.conv3(y))
    return relu(y + (m.downsample[1](m.downsample[0](x)) if y.shape != x.shape else x))


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize(("out", "stride"), SHAPES, ids=["same shape", "new shape"])
@pytest.mark.parametrize("unit", WIRINGS)
def test_unit_is_wired_as_published(
    unit: str,
    out: int,
    stride: int,
    train: bool,
    record_property: Callable[[str, object], None],
) -> None:
    model = build_unit(unit, out, stride).train(train)
    assert isinstance(model.unit, nn.Module)
    x = torch.randn(4, 16, 8, 8)

    torch.manual_seed(1)
    got = model(x)
    torch.manual_seed(1)
    expected = WIRINGS[unit](model.unit, x)

    assert got.shape == (4, out, 8 // stride, 8 // stride)
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)
    record_property("result", "outputs within 1e-6")


def test_stride_is_on_the_published_convolution() -> None:
    strides = {}
    for unit in ("bottleneck", "bottleneck_v1", "preact_bottleneck"):
        model = build_unit(unit, 32, 2)
        strides[unit] = [model.unit.conv1.stride[0], model.unit.conv2.stride[0]]
    assert strides == {
        "bottleneck": [1, 2],
        "bottleneck_v1": [2, 1],
        "preact_bottleneck": [2, 1],
    }


def test_gates_start_closed() -> None:
    for unit in ("exclusive_gating", "shortcut_only_gating"):
        gate = build_unit(unit, 16, 1).unit.gate
        assert torch.equal(gate.bias, torch.full((16,), -6.0))


@pytest.mark.parametrize("unit", ["preact_basic", "preact_bottleneck", "relu_only_preact"])
def test_first_unit_takes_an_activated_input(unit: str) -> None:
    model = build_unit(unit, 32, 1, activated=True)
    assert not hasattr(model.unit, "preact")
    assert not any(name.startswith("unit.preact") for name in model.state_dict())


def build_unit(unit: str, out: int, stride: int, activated: bool = False) -> nn.Module:
    """A network of this one unit, with weights and statistics that are not the initial ones."""
    more = ", activated=true" if activated else ""
    network = archgen.loads(
        "use residual; use shortcuts; use preact; use identity_mappings\n"
        f"arch one {{ input(16, 8, 8); unit = {unit}({out}, stride={stride}{more}) }}"
    )
    torch.manual_seed(0)
    model = archgen.build(network, seed=0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model
