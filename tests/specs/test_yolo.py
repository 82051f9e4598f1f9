"""YOLO v1, v2 and v3 against a few lines of plain PyTorch with the same weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import (
    conv2d,
    interpolate,
    leaky_relu,
    linear,
    max_pool2d,
    pixel_unshuffle,
)

import archgen
from tests.specs.test_by_hand import stir_statistics
from tests.specs.test_darknet import Reader, darknet53_steps

pytestmark = pytest.mark.torch


def yolo_v1(x: Tensor, conv: Reader) -> list[Tensor]:
    """Redmon et al. 2015, figure 3: no batch norm, a bias instead."""
    strides = {0: 2, 21: 2}  # of 24 convolutions
    pools = {0, 1, 5, 15}  # after these
    for i in range(24):
        weight, bias = conv.pair()
        padding = weight.shape[-1] // 2
        x = leaky_relu(conv2d(x, weight, bias, strides.get(i, 1), padding), 0.1)
        x = max_pool2d(x, 2) if i in pools else x
    x = leaky_relu(linear(x.flatten(1), *conv.pair()), 0.1)
    return [linear(x, *conv.pair()).view(-1, 30, 7, 7)]


def yolo_v2(x: Tensor, conv: Reader) -> list[Tensor]:
    """Redmon, Farhadi 2016, section 2: Darknet-19 to its last 3x3, then three more."""
    for n in [1, 1, 3, 3]:
        for _ in range(n):
            x = conv(x)
        x = max_pool2d(x, 2)
    for _ in range(5):
        x = conv(x)
    fine, x = x, max_pool2d(x, 2)
    for _ in range(7):
        x = conv(x)
    x = torch.cat([pixel_unshuffle(conv(fine), 2), x], 1)
    return [conv.last(conv(x))]


def yolo_v3(x: Tensor, conv: Reader) -> list[Tensor]:
    """Redmon, Farhadi 2018, section 2.3."""
    _, _, c3, c4, x = darknet53_steps(x, conv)
    scales = []
    for finer in [c4, c3, None]:
        for _ in range(5):
            x = conv(x)
        scales.append(x)
        if finer is not None:
            x = torch.cat([interpolate(conv(x), scale_factor=2.0), finer], 1)
    return [conv.last(conv(x)) for x in scales]


@pytest.mark.parametrize(
    ("wiring", "size"),
    [(yolo_v1, 448), (yolo_v2, 64), (yolo_v3, 64)],
    ids=["yolo_v1", "yolo_v2", "yolo_v3"],
)
def test_yolo_is_wired_as_published(
    wiring: Callable[[Tensor, Reader], list[Tensor]],
    size: int,
    record_property: Callable[[str, object], None],
) -> None:
    torch.set_num_threads(1)
    model = archgen.build(wiring.__name__, seed=0, input=(3, size, size)).eval()
    stir_statistics(model)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        expected = wiring(x, Reader(model.state_dict()))
        result = model(x)
        results = [result] if isinstance(result, Tensor) else list(result)
        torch.testing.assert_close(results, expected, rtol=1e-5, atol=1e-5)
    record_property("result", "outputs within 1e-5")


def test_yolo_v3_predicts_at_three_scales() -> None:
    """Section 2.3: N x N x [3 * (4 + 1 + 80)]."""
    sizes = archgen.load("yolo_v3").figures.outputs
    assert [each.sizes for each in sizes] == [(255, 13, 13), (255, 26, 26), (255, 52, 52)]
