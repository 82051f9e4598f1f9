"""U-Net against a few lines of plain PyTorch with the same weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d, relu

import archgen

pytestmark = pytest.mark.torch

Weights = dict[str, Tensor]


def test_unet_is_wired_as_published(record_property: Callable[[str, object], None]) -> None:
    torch.set_num_threads(1)
    model = small_unet().eval()
    x = torch.randn(2, 1, 32, 48)

    with torch.inference_mode():
        expected = unet(x, model.state_dict())
        assert expected.shape == (2, 2, 32, 48)
        torch.testing.assert_close(model(x), expected, rtol=1e-6, atol=1e-6)
    record_property("result", "outputs within 1e-6")


def unet(x: Tensor, weights: Weights) -> Tensor:
    """Ronneberger et al. 2015, figure 1, with padding."""
    skips = []
    for i in range(4):
        skips.append(double_conv(x, weights, f"down.{i}"))
        x = max_pool2d(skips[-1], 2)
    x = double_conv(x, weights, "bottom.0")
    for i in [3, 2, 1, 0]:
        x = conv_transpose2d(x, *both(weights, f"up{i}.up"), stride=2)
        x = double_conv(torch.cat([skips[i], x], 1), weights, f"up{i}.conv")
    return conv2d(x, *both(weights, "head"))


def double_conv(x: Tensor, weights: Weights, key: str) -> Tensor:
    for child in (0, 2):
        x = relu(conv2d(x, *both(weights, f"{key}.{child}"), padding=1))
    return x


def both(weights: Weights, key: str) -> tuple[Tensor, Tensor]:
    return weights[f"{key}.weight"], weights[f"{key}.bias"]


def test_signals_keep_their_size_at_the_start() -> None:
    """Section 3: the deviation is sqrt(2 / N), N the numbers that one neuron reads."""
    for module in small_unet(32).modules():
        if isinstance(module, nn.Conv2d):
            reads = module.weight[0].numel()
        elif isinstance(module, nn.ConvTranspose2d):
            reads = module.in_channels
        else:
            continue
        assert module.weight.std().item() == pytest.approx((2 / reads) ** 0.5, rel=0.2)
        assert module.bias is not None
        assert not module.bias.any()


def small_unet(width: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return archgen.build("unet", width=width, seed=0, input=(1, 32, 48))
