"""A class called with arguments that no call had computes what its block says then."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn

from tests.backends.pytorch.oracle import namespace_of
from tests.backends.pytorch.specs import network_of, shipped

pytestmark = pytest.mark.torch

RESIDUAL = """use residual
arch other { input(%d, 16, 16); block = bottleneck(%d, stride=%d, groups=%d) }
"""


@pytest.mark.parametrize(
    ("channels", "out", "stride"), [(24, 48, 1), (48, 48, 1), (8, 32, 2), (40, 40, 2)]
)
def test_bottleneck_of_resnet50(channels: int, out: int, stride: int) -> None:
    made = namespace_of(shipped("resnet50.arch"))["Bottleneck"](channels, out, stride=stride)
    _same_as(made, RESIDUAL % (channels, out, stride, 1), channels)


def test_dense_block_of_densenet() -> None:
    made = namespace_of(shipped("densenet.arch:densenet121"))["DenseBlock"](10, 5, 6)
    text = """use dense
arch other { input(10, 16, 16); block = dense_block(5, 6) }"""
    _same_as(made, text, 10)


def test_a_loop_of_unlike_length() -> None:
    block = "block rep(out, n) { for i in range(n) { conv(out * (i + 1), 3) -> bn }; relu }"
    text = f"{block}\narch a {{ input(3, 8, 8); rep(8, 2) -> rep(4, 3) }}"
    made = namespace_of(network_of(text))["Rep"](5, 6, 4)
    _same_as(made, f"{block}\narch other {{ input(5, 16, 16); block = rep(6, 4) }}", 5)


def test_a_parameter_of_the_arch_behind_a_local_is_a_constant() -> None:
    """The number of blocks hangs on it too, which the class could not change."""
    text = """block unit(p) { conv(3, 3) -> dropout(p) }
arch a(depth=2.0) {
  input(3, 8, 8)
  let repeats = [ceil(n * depth) for n in [1, 2]]
  for i in range(repeats[0]) { unit(0.2 * (sum(repeats[:1]) + i) / sum(repeats)) }
}"""
    made = namespace_of(network_of(text))["A"]
    assert not inspect.signature(made).parameters


def _same_as(made: nn.Module, text: str, channels: int) -> None:
    """The module equals the one block of a network made for these arguments."""
    namespace = namespace_of(network_of(text))
    other = namespace["Other"]().block
    other.load_state_dict(made.state_dict())
    x = torch.randn(2, channels, 16, 16)
    for training in (True, False):
        assert torch.equal(made.train(training)(x.clone()), other.train(training)(x.clone()))
