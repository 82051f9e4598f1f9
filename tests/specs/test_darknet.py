"""Darknets against a few lines of plain PyTorch with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, leaky_relu, max_pool2d

import archgen
from tests.specs.test_by_hand import stir_statistics

pytestmark = pytest.mark.torch


class Reader:
    """Applies the convolutions of a `state_dict` one after the other, in its order."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = iter(weights.values())

    def __call__(self, x: Tensor, stride: int = 1) -> Tensor:
        """Convolution, batch norm and leaky ReLU."""
        weight = next(self.weights)
        x = conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        scale, shift, mean, variance, _ = (next(self.weights) for _ in range(5))
        return leaky_relu(batch_norm(x, mean, variance, scale, shift), 0.1)

    def last(self, x: Tensor) -> Tensor:
        return conv2d(x, *self.pair())

    def pair(self) -> tuple[Tensor, Tensor]:
        """A weight and its bias."""
        return next(self.weights), next(self.weights)


def darknet19(x: Tensor, conv: Reader) -> Tensor:
    """Redmon, Farhadi 2016, table 6."""
    for n in [1, 1, 3, 3, 5]:
        for _ in range(n):
            x = conv(x)
        x = max_pool2d(x, 2)
    for _ in range(5):
        x = conv(x)
    return conv.last(x).mean((2, 3))


def darknet53(x: Tensor, conv: Reader) -> Tensor:
    """Redmon, Farhadi 2018, table 1."""
    *_, x = darknet53_steps(x, conv)
    return conv.last(x.mean((2, 3), keepdim=True)).flatten(1)


def darknet53_steps(x: Tensor, conv: Reader) -> Iterator[Tensor]:
    x = conv(x)
    for n in [1, 2, 8, 8, 4]:
        x = conv(x, stride=2)
        for _ in range(n):
            x = x + conv(conv(x))
        yield x


@pytest.mark.parametrize("wiring", [darknet19, darknet53], ids=lambda wiring: wiring.__name__)
def test_darknet_is_wired_as_published(
    wiring: Callable[[Tensor, Reader], Tensor], record_property: Callable[[str, object], None]
) -> None:
    torch.set_num_threads(1)
    model = archgen.build(wiring.__name__, seed=0).eval()
    stir_statistics(model)
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        expected = wiring(x, Reader(model.state_dict()))
        torch.testing.assert_close(model(x), expected, rtol=1e-5, atol=1e-5)
    record_property("result", "outputs within 1e-5")
