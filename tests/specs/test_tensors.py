"""Parameters and buffers as values against plain PyTorch, in float64.

Relative positions with a mask, sinusoidal positions, gains; values that are the same for all
samples in blocks, chains and merges.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import archgen  # noqa: E402

pytestmark = pytest.mark.torch
Weights = dict[str, Tensor]

RELATIVE = """
arch net {
  input(9, 8, axis=1)
  let table = param([25, 2], init=normal)
  let index = buffer(
    [[(i // 3 - j // 3 + 2) * 5 + i % 3 - j % 3 + 2 for j in range(9)] for i in range(9)])
  let mask = buffer(
    [[0.0 if j <= i else -100.0 for j in range(9)] for i in range(9)], persistent=false)
  from table -> take(from index) -> rearrange("n m h -> h n m")
  bias = add { identity; from mask }
  from input
  q, k, v = linear(24) -> split(3)
  from q -> attend(from k, from v, heads=2, bias=from bias)
}
"""


def relative(x: Tensor, w: Weights) -> Tensor:
    at = torch.arange(9)
    row, column = at // 3, at % 3
    index = (row[:, None] - row + 2) * 5 + column[:, None] - column + 2
    assert torch.equal(index, w["index"])
    bias = w["table"][index].permute(2, 0, 1) + torch.ones(9, 9, dtype=x.dtype).triu(1) * -100
    q, k, v = F.linear(x, w["linear1.weight"], w["linear1.bias"]).chunk(3, -1)
    q, k, v = (each.unflatten(-1, (2, 4)).transpose(1, 2) for each in (q, k, v))
    scores = q @ k.mT / 2 + bias
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


SINES = """
arch net {
  input(10, 6, axis=1)
  add {
    identity
    positions = buffer([
      [sin(i / 10000 ** (j // 2 / 3)) if j % 2 == 0 else cos(i / 10000 ** (j // 2 / 3))
       for j in range(6)]
      for i in range(10)
    ])
  }
  linear(2)
}
"""


def sines(x: Tensor, w: Weights) -> Tensor:
    at = torch.arange(10, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(3) / 3)
    positions = torch.stack([at.sin(), at.cos()], -1).flatten(1).float().double()
    torch.testing.assert_close(w["positions"], positions)
    return F.linear(x + w["positions"], w["linear1.weight"], w["linear1.bias"])


GAINS = """
block mlp(out) = linear(12) -> relu -> linear(out)
block scaled(out) {
  init(linear.bias, normal)
  let code = param([1, 3, 5], batch=true)
  from code -> mlp(out)
  gain = mean(0)
}
arch net {
  input(4, 6, 6)
  fixed = param(values=[[[1.0]], [[0.5]], [[0.25]], [[2.0]]], trainable=false)
  from input
  gain = scaled(4)
  mul { from input; from gain; from fixed }
  concat { identity; shift = param([2, 6, 6], init=normal) }
  concat(axis=1) { identity; { let rows = param([6, 1, 6], init=normal); from rows } }
  conv(3, 3)
}
"""


def gains(x: Tensor, w: Weights) -> Tensor:
    code = F.linear(w["gain.code"], w["gain.mlp1.0.weight"], w["gain.mlp1.0.bias"]).relu()
    gain = F.linear(code, w["gain.mlp1.2.weight"], w["gain.mlp1.2.bias"]).mean(1)
    y = x * gain.view(1, 4, 1, 1) * torch.tensor([1, 0.5, 0.25, 2]).double().view(4, 1, 1)
    y = torch.cat([y, w["shift"].expand(len(x), -1, -1, -1)], 1)
    y = torch.cat([y, w["rows"].expand(len(x), -1, -1, -1)], 2)
    return F.conv2d(y, w["conv1.weight"], padding=1)


CASES: list[tuple[str, Callable[[Tensor, Weights], Tensor]]] = [
    (RELATIVE, relative),
    (SINES, sines),
    (GAINS, gains),
]


@pytest.mark.parametrize(("text", "plain"), CASES, ids=["relative", "sines", "gains"])
def test_is_plain_pytorch(text: str, plain: Callable[[Tensor, Weights], Tensor]) -> None:
    torch.manual_seed(0)
    network = archgen.loads(text)
    model = archgen.build(network, seed=0, dtype="float64")
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:
                value.normal_()
    x = torch.randn(3, *network.input, dtype=torch.float64)
    weights = dict(model.state_dict(keep_vars=True))
    found, expected = model(x), plain(x, weights)
    torch.testing.assert_close(found, expected)
    learned = [value for value in weights.values() if value.requires_grad]
    one = torch.autograd.grad(found.square().sum(), learned)
    other = torch.autograd.grad(expected.square().sum(), learned)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("text", "plain"), CASES, ids=["relative", "sines", "gains"])
def test_counts_are_those_of_pytorch(text: str, plain: object) -> None:
    network = archgen.loads(text)
    model = archgen.build(network, device="meta")
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, *network.input, device="meta"))
    assert counter.get_total_flops() == 2 * network.macs
    assert network.params == sum(each.numel() for each in model.parameters())


def test_a_model_from_meta_is_completed_with_all_its_buffers() -> None:
    """Those too that are in no `state_dict`."""
    model = archgen.build(archgen.loads(RELATIVE), device="meta")
    model.to_empty(device="cpu")
    model.reset_parameters()
    fresh = archgen.build(archgen.loads(RELATIVE))
    for name, value in fresh.named_buffers():
        assert torch.equal(model.get_buffer(name), value), name
