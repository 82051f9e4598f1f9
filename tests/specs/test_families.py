"""Parameters of the shipped families beyond the published networks, against torchvision where it
has them too, else against what the parameter says."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

import archgen
from tests.specs.test_by_hand import stir_statistics

pytestmark = pytest.mark.torch

OUTPUT_STRIDE_16: dict[str, Any] = {"strides": [1, 2, 2, 1], "dilation": [1, 1, 1, 2]}
OUTPUT_STRIDE_8: dict[str, Any] = {"strides": [1, 2, 1, 1], "dilation": [1, 1, 2, 4]}
MINE = """
use residual
use mobile
use "specs/resnet.arch"
block excite = squeeze_excite(channels // 16)
arch normed = resnet(bottleneck(norm=group_norm(32)), [3, 4, 6, 3], out=256, norm=group_norm(32))
arch gated = resnet(basic(act=silu, gate=excite, drop=0.1), [1, 1, 1, 1], act=silu)
arch stemmed = resnet(basic, [1, 1, 1, 1], stem=conv(32, 3, stride=2))
"""


@pytest.mark.parametrize(
    ("name", "given", "dilated"),
    [
        ("resnet50", OUTPUT_STRIDE_16, [False, False, True]),
        ("resnet50", OUTPUT_STRIDE_8, [False, True, True]),
        ("resnet101", OUTPUT_STRIDE_8, [False, True, True]),
        ("wide_resnet50_2", OUTPUT_STRIDE_16, [False, False, True]),
        ("resnext50_32x4d", OUTPUT_STRIDE_8, [False, True, True]),
    ],
)
def test_dilated_networks_are_torchvisions(
    name: str, given: dict[str, Any], dilated: list[bool]
) -> None:
    """Keys, shapes and outputs, with torchvision's `replace_stride_with_dilation`."""
    theirs = torchvision.models.get_model(
        name, weights=None, replace_stride_with_dilation=dilated
    ).eval()
    compare(archgen.load(name, **given), theirs)


def test_another_norm_is_torchvisions() -> None:
    theirs = torchvision.models.resnet50(weights=None, norm_layer=partial(nn.GroupNorm, 32)).eval()
    for module in theirs.modules():
        if isinstance(module, nn.GroupNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    compare(mine("normed"), theirs)


def test_a_unit_has_an_activation_a_gate_and_a_rate_at_which_it_is_left_out() -> None:
    network = mine("gated")
    model = archgen.build(network, seed=0)
    assert {type(each) for each in model.modules()} >= {nn.SiLU, nn.Sigmoid}
    assert not any(
        isinstance(each, nn.ReLU) and "gate" not in k for k, each in model.named_modules()
    )
    drops = [each for each in model.modules() if type(each).__name__ == "DropPath"]
    assert [each.p for each in drops] == [0.1] * 4
    assert model.layer2[0].gate1.fc1.weight.shape == (8, 128, 1, 1)


def test_a_stem_is_a_layer() -> None:
    stem = archgen.build(mine("stemmed"), seed=0).conv1
    assert (stem.kernel_size, stem.out_channels) == ((3, 3), 32)


def mine(name: str) -> archgen.Network:
    return archgen.loads(MINE, name)


def compare(network: archgen.Network, theirs: nn.Module) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    stir_statistics(theirs)
    ours = archgen.build(network, seed=0).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs(x))
