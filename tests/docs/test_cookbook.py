"""Every recipe of the cookbook checks, builds and runs; most are compared with plain PyTorch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import archgen
from docs import pictures
from tests.specs.test_by_hand import stir_statistics

pytestmark = pytest.mark.torch
PAGE = (pictures.DOCS / "cookbook.md").read_text(encoding="utf-8")
TEXTS = [example.text for example in pictures.examples("arch", PAGE)]
RECIPES = {re.findall(r"^arch (\w+)", text, flags=re.MULTILINE)[-1]: text for text in TEXTS}


class Weights:
    """A `state_dict` whose layers are applied by their names."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        self.state = state

    def __getitem__(self, key: str) -> Tensor:
        return self.state[key]

    def conv(self, x: Tensor, name: str, **options: int) -> Tensor:
        weight = self[f"{name}.weight"]
        padding = options.get("dilation", 1) * (weight.shape[-1] // 2)
        apply = F.conv1d if weight.dim() == 3 else F.conv2d
        return apply(x, weight, self.state.get(f"{name}.bias"), padding=padding, **options)

    def bn(self, x: Tensor, name: str) -> Tensor:
        moments = self[f"{name}.running_mean"], self[f"{name}.running_var"]
        return F.batch_norm(x, *moments, self[f"{name}.weight"], self[f"{name}.bias"])

    def unit(self, x: Tensor, conv: str, bn: str, **options: int) -> Tensor:
        return self.bn(self.conv(x, conv, **options), bn).relu()

    def linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self[f"{name}.weight"], self.state.get(f"{name}.bias"))


def heads(x: Tensor, count: int) -> Tensor:
    """Tokens as heads x tokens x features."""
    return x.unflatten(-1, (count, -1)).transpose(-3, -2)


def attended(x: Tensor, w: Weights, qkv: str, proj: str) -> Tensor:
    """Softmax of products, with four heads."""
    q, k, v = (heads(each, 4) for each in w.linear(x, qkv).chunk(3, -1))
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    return w.linear((weights @ v).transpose(-3, -2).flatten(-2), proj)


def se(x: Tensor, w: Weights) -> Tensor:
    gate = w.conv(x.mean((2, 3), keepdim=True), "conv1").relu()
    return x * w.conv(gate, "conv2").sigmoid()


def eca(x: Tensor, w: Weights) -> Tensor:
    gate = w.conv(x.mean((2, 3))[:, None], "conv1").sigmoid()
    return x * gate[:, 0, :, None, None]


def cbam(x: Tensor, w: Weights) -> Tensor:
    def shared(y: Tensor) -> Tensor:
        y = w.conv(y, "channel_gate1.shared.1").relu()
        return w.conv(y, "channel_gate1.shared.3")

    x = x * (shared(x.mean((2, 3), True)) + shared(x.amax((2, 3), True))).sigmoid()
    seen = torch.cat([x.amax(1, True), x.mean(1, True)], 1)
    return x * w.conv(seen, "place_gate1.conv1").sigmoid()


def layer_scale(x: Tensor, w: Weights) -> Tensor:
    return x + w["gamma"][:, None, None] * w.bn(w.conv(x, "conv1"), "bn1")


def skip(x: Tensor, w: Weights) -> Tensor:
    fine = w.bn(w.conv(x, "fine.0"), "fine.1").relu()
    coarse = w.unit(F.max_pool2d(fine, 2), "conv1", "bn1")
    x = torch.cat([fine, F.interpolate(coarse, fine.shape[2:])], 1)
    return w.unit(x, "conv2", "bn2")


def tokens(x: Tensor, w: Weights) -> Tensor:
    return attended(x, w, "attn.qkv", "attn.proj")


def windows(x: Tensor, w: Weights) -> Tensor:
    """One window after the other."""
    result = torch.zeros_like(x)
    for top in range(0, x.shape[2], 4):
        for left in range(0, x.shape[3], 4):
            part = x[:, :, top : top + 4, left : left + 4]
            seen = attended(part.flatten(2).transpose(1, 2), w, "qkv", "proj")
            result[:, :, top : top + 4, left : left + 4] = seen.transpose(1, 2).view_as(part)
    return result


def shift(x: Tensor, w: Weights) -> Tensor:
    """A linear layer sees no neighbours: moving there and back changes nothing."""
    return w.linear(x.movedim(1, -1), "shifted1.linear1").movedim(-1, 1)


def mixer(x: Tensor, w: Weights) -> Tensor:
    y = F.layer_norm(x, (32,), w["layer_norm1.weight"], w["layer_norm1.bias"]).transpose(1, 2)
    return x + w.linear(F.gelu(w.linear(y, "linear1")), "linear2").transpose(1, 2)


def pooling(x: Tensor, w: Weights) -> Tensor:
    scores = w.linear(x, "scores.0").softmax(1)
    return w.linear((x * scores).sum(1), "linear1")


def space_to_depth(x: Tensor, w: Weights) -> Tensor:
    parts = [x[:, :, a::2, b::2] for a in range(2) for b in range(2)]
    return w.conv(torch.cat(parts, 1), "conv1")


def sub_pixel(x: Tensor, w: Weights) -> Tensor:
    return F.pixel_shuffle(w.conv(x, "conv1"), 2).relu()


def half(x: Tensor, w: Weights) -> Tensor:
    return torch.cat([x[:, :16], w.unit(x[:, 16:], "conv1", "bn1")], 1)


def hierarchy(x: Tensor, w: Weights) -> Tensor:
    first, *parts = x.chunk(4, 1)
    results: list[Tensor] = []
    for i, part in enumerate(parts):
        y = part + results[-1] if results else part
        results.append(w.bn(w.conv(y, f"convs.{i}.0"), f"convs.{i}.1").relu())
    return torch.cat([first, *results], 1)


def selective(x: Tensor, w: Weights) -> Tensor:
    a, b = (w.bn(w.conv(x, f"{name}.0"), f"{name}.1").relu() for name in "ab")
    weights = w.conv((a + b).mean((2, 3), True), "conv1").view(-1, 2, 16, 1, 1).softmax(1)
    return a * weights[:, 0] + b * weights[:, 1]


def atrous(x: Tensor, w: Weights) -> Tensor:
    parts = [w.unit(x, "conv1", "bn1")]
    parts += [w.unit(x, f"conv{i}", f"bn{i}", dilation=r) for i, r in ((2, 2), (3, 4), (4, 6))]
    return w.unit(torch.cat(parts, 1), "conv5", "bn5")


def non_local(x: Tensor, w: Weights) -> Tensor:
    keys, values = w.conv(x, "phi_g").flatten(2).chunk(2, 1)
    theta = w.conv(x, "theta").flatten(2)
    weights = (theta.transpose(1, 2) @ keys).softmax(2)
    seen = (weights @ values.transpose(1, 2)).transpose(1, 2).reshape(-1, 16, *x.shape[2:])
    return w.conv(seen, "out") + x


def glu(x: Tensor, w: Weights) -> Tensor:
    return F.glu(w.conv(x, "conv1"), 1)


def maxout(x: Tensor, w: Weights) -> Tensor:
    return w.linear(x, "linear1").view(-1, 4, 8).amax(1)


def cosine(x: Tensor, w: Weights) -> Tensor:
    x = w.unit(x, "conv1", "bn1", stride=2).mean((2, 3))
    return w.linear(F.normalize(x), "linear1")


def recurrent(x: Tensor, w: Weights) -> Tensor:
    h = w.linear(x[:, 0], "start")
    for step in range(1, 5):
        h = w.linear(torch.cat([x[:, step], h], 1), "h0.linear1").tanh()
    return h


def grn(x: Tensor, w: Weights) -> Tensor:
    norms = x.flatten(2).norm(dim=2)[:, :, None, None]
    scaled = x * norms / (norms.mean(1, True) + 1e-6)
    return scaled * w["gamma"][:, None, None] + w["beta"][:, None, None] + x


def highway(x: Tensor, w: Weights) -> Tensor:
    gate = w.linear(x, "gate.0").sigmoid()
    return w.linear(x, "new.0").relu() * gate + x * (1 - gate)


def standardised(x: Tensor, w: Weights) -> Tensor:
    weight = w["ws_conv1.weight"]
    spread, middle = torch.var_mean(weight, (1, 2, 3), keepdim=True)
    x = F.conv2d(x, (weight - middle) / (spread.sqrt() + 1e-5), padding=1)
    return F.group_norm(x, 4, w["group_norm1.weight"], w["group_norm1.bias"]).relu()


def positions(x: Tensor, w: Weights) -> Tensor:
    """The biases one by one."""
    q, k, v = (heads(each, 4) for each in w.linear(x, "attn.linear1").chunk(3, -1))
    table = w["attn.table"]
    rows = [torch.stack([table[i - j + 48] for j in range(49)]) for i in range(49)]
    weights = q @ k.transpose(-2, -1) / 8**0.5 + torch.stack(rows).permute(2, 0, 1)
    return (weights.softmax(-1) @ v).transpose(-3, -2).flatten(-2)


def waves(x: Tensor, w: Weights) -> Tensor:
    """The table was made for a model in float32."""
    turns = torch.arange(49.0).double()[:, None] / 10000 ** (torch.arange(0, 32, 2) / 32).double()
    table = torch.stack([turns.sin(), turns.cos()], -1).flatten(1).float()
    return w.linear(x + table, "linear1")


PLAIN: list[Callable[[Tensor, Weights], Tensor]] = [
    *(se, eca, cbam, layer_scale, skip, tokens, windows, shift, mixer, pooling, space_to_depth),
    *(sub_pixel, half, hierarchy, selective, atrous, non_local, glu, maxout, cosine, recurrent),
    *(grn, highway, standardised, positions, waves),
]


def test_there_are_thirty_recipes() -> None:
    assert len(TEXTS) == len(RECIPES) >= 30
    headings = re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE)
    assert len(headings) == len(set(headings)) == len(TEXTS)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_and_costs_what_torch_counts(name: str) -> None:
    network = archgen.loads(RECIPES[name], name)
    model = awake(network).eval()
    assert sum(each.numel() for each in model.parameters()) == network.params
    inputs = [x.to("meta") for x in images(network)]
    with FlopCounterMode(display=False) as counter:
        model.to("meta")(*inputs)
    assert counter.get_total_flops() == 2 * network.macs * len(inputs[0])


@pytest.mark.parametrize("plain", PLAIN, ids=lambda plain: plain.__name__)
def test_a_recipe_is_plain_pytorch(plain: Callable[[Tensor, Weights], Tensor]) -> None:
    """Values in evaluation, and the gradient of the input, in float64."""
    network = archgen.loads(RECIPES[plain.__name__], plain.__name__)
    model = awake(network).eval()
    (x,) = images(network)
    results = []
    for compute in (model, lambda x: plain(x, Weights(dict(model.state_dict())))):
        given = x.clone().requires_grad_()
        result = compute(given)
        result.square().sum().backward()
        assert given.grad is not None
        results.append((result, given.grad))
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-9)


def awake(network: archgen.Network) -> nn.Module:
    torch.set_num_threads(1)
    model = archgen.build(network, seed=0).double()
    stir_statistics(model)
    for weight in model.parameters():  # what starts at 0 would hide a mistake
        if weight.dim() == 1 or weight.abs().max() < 1e-3:
            nn.init.uniform_(weight, 0.5, 1.5)
    return model


def images(network: archgen.Network) -> list[Tensor]:
    body = network.body
    return [torch.randn(2, *body.values[ref].sizes, dtype=torch.float64) for ref in body.inputs]
