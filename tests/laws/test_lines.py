"""Element-wise functions, reductions, parts of an axis and newer norms, in plain PyTorch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

import archgen  # noqa: E402
from tests.laws.test_operations import Plain, check  # noqa: E402

pytestmark = pytest.mark.torch


def rms(x: Tensor, eps: float) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt()


def cbam(x: Tensor) -> Tensor:
    """The spatial gate of CBAM (Woo et al. 2018, section 3.2), without its convolution."""
    pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    return x * pooled.sum(1, keepdim=True).sigmoid()


LINES: dict[str, Plain] = {
    "abs": torch.abs,
    "exp": torch.exp,
    "abs -> log": lambda x: x.abs().log(),
    "abs -> sqrt": lambda x: x.abs().sqrt(),
    "square": torch.square,
    "sin": torch.sin,
    "cos": torch.cos,
    "clamp(-0.5, 1)": lambda x: x.clamp(-0.5, 1),
    "clamp(high=0.25)": lambda x: x.clamp(max=0.25),
    "max(0)": lambda x: x.amax(1),
    "max([1, -1], keep=true)": lambda x: x.amax((2, 3), keepdim=True),
    "min(-1)": lambda x: x.amin(3),
    "sum([0, 2])": lambda x: x.sum((1, 3)),
    "var(0, keep=true)": lambda x: x.var(1, keepdim=True),
    "var([1, 2], correction=0)": lambda x: x.var((2, 3), correction=0),
    "vector_norm([1, 2], keep=true)": lambda x: x.square().sum((2, 3), keepdim=True).sqrt(),
    "vector_norm(0, p=3)": lambda x: x.abs().pow(3).sum(1).pow(1 / 3),
    "global_maxpool": lambda x: x.amax((2, 3), keepdim=True),
    "roll(3, 1)": lambda x: x.roll(3, 2),
    "roll([1, -2], [0, -1])": lambda x: x.roll((1, -2), (1, 3)),
    "slice(channels // 2)": lambda x: x[:, 3:],
    "slice(stop=-2)": lambda x: x[:, :4],
    "slice(1, 5, 2)": lambda x: x[:, 1:5:2],
    "slice(-3, -1, axis=1)": lambda x: x[:, :, -3:-1],
    "slice(1, axis=-1)": lambda x: x[..., 1:],
    "slice(step=2, axis=1)": lambda x: x[:, :, ::2],
    "add { identity; tanh }; slice(2)": lambda x: (x + x.tanh())[:, 2:],
    "frozen_bn": lambda x: x / (1 + 1e-5) ** 0.5,
    "mul { identity; { concat { max(0, keep=true); mean(0, keep=true) }; sum(0, keep=true); "
    "sigmoid } }": cbam,
}


@pytest.mark.parametrize("line", LINES)
def test_a_line(line: str) -> None:
    check(f"---{line}", LINES[line], "6, 8, 10", (6, 9, 12))


def test_pixel_unshuffle() -> None:
    plain = nn.PixelUnshuffle(2)
    check("---pixel_unshuffle(2)", plain, "6, 8, 10", (6, 10, 6))


@pytest.mark.parametrize("line", ["rms_norm(eps=1e-6)", "rms_norm(eps=1e-6, affine=false)"])
def test_rms_norm(line: str) -> None:
    check(f"---{line}", lambda x: rms(x, 1e-6), "9, 16, axis=1", (7, 16))


def test_layer_norms_without_a_shift() -> None:
    network = archgen.loads("arch a { input(9, 16, axis=1); layer_norm(bias=false) }")
    assert [*archgen.build(network).state_dict()] == ["layer_norm1.weight"]
    network = archgen.loads("arch a { input(6, 9, 9); layer_norm2d(bias=false); conv(4, 1) }")
    assert [*archgen.build(network).state_dict()] == ["layer_norm2d1.weight", "conv1.weight"]


def test_frozen_bn_is_torchvisions() -> None:
    ops = pytest.importorskip("torchvision.ops")
    theirs = ops.FrozenBatchNorm2d(6, eps=1e-3).double()
    network = archgen.loads("arch a { input(6, 8, 8); bn = frozen_bn(eps=1e-3); conv(4, 1) }")
    model = archgen.build(network).double()
    with torch.no_grad():
        for name, value in theirs.state_dict().items():
            value.uniform_(0.5, 2)
            model.state_dict()[f"bn.{name}"].copy_(value)
    assert {f"bn.{key}" for key in theirs.state_dict()} < {*model.state_dict()}
    assert [name for name, _ in model.named_parameters()] == ["conv1.weight"]
    x = torch.randn(2, 6, 8, 8, dtype=torch.float64)
    for training in (True, False):
        assert torch.equal(model.train(training).bn(x), theirs(x))


def test_the_second_half_of_the_channels_alone() -> None:
    text = """
block half { slice(channels // 2); conv(channels, 3) }
arch net { input(8, 16, 16); whole = conv(8, 3) -> bn; half; conv(6, 1); half }
"""
    network = archgen.loads(text)
    assert [*archgen.build(network).state_dict()][-1] == "half2.conv1.weight"
