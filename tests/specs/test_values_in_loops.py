"""Values in loops and lists against plain PyTorch, in float64: keys, outputs, gradients, work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn.functional import relu, scaled_dot_product_attention  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import archgen  # noqa: E402
from tests.interpreter import tensors  # noqa: E402
from tests.laws.judge import Judge  # noqa: E402

pytestmark = pytest.mark.torch

RES2NET = """
block bottle2neck(width, out, scale=4) {
  conv1 = conv(width * scale, 1)
  bn1 = bn
  relu
  xs = split(scale)
  for i in range(scale - 1) {
    if i == 0 { from xs[0] } else { add { from ys[i - 1]; from xs[i] } }
    convs[i] = conv(width, 3)
    bns[i] = bn
    ys[i] = relu
  }
  concat { for y in from ys { from y }; from xs[scale - 1] }
  conv3 = conv(out, 1)
  bn3 = bn
  add { identity; from input }
  relu
}
arch net { input(24, 10, 12); layer1 = bottle2neck(6, 24); layer2 = bottle2neck(4, 24, scale=6) }
"""


class Bottle2neck(nn.Module):
    def __init__(self, inside: int, width: int, out: int, scale: int) -> None:
        super().__init__()
        self.width, self.scale = width, scale
        self.conv1 = nn.Conv2d(inside, width * scale, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width * scale)
        convs = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(scale - 1)]
        self.convs = nn.ModuleList(convs)
        self.bns = nn.ModuleList([nn.BatchNorm2d(width) for _ in range(scale - 1)])
        self.conv3 = nn.Conv2d(width * scale, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        xs = torch.split(relu(self.bn1(self.conv1(x))), self.width, 1)
        ys: list[Tensor] = []
        for i in range(self.scale - 1):
            y = xs[i] if i == 0 else ys[-1] + xs[i]
            ys.append(relu(self.bns[i](self.convs[i](y))))
        return relu(self.bn3(self.conv3(torch.cat([*ys, xs[-1]], 1))) + x)


def res2net() -> nn.Module:
    model = nn.Module()
    model.layer1 = Bottle2neck(24, 6, 24, 4)
    model.layer2 = Bottle2neck(24, 4, 24, 6)
    model.forward = lambda x: model.layer2(model.layer1(x))  # type: ignore[method-assign]
    return model


HRNET = """
use residual
block exchange(xs, widths) {
  let n = len(widths)
  for i in range(n) { branches[i] = from xs[i] -> stage(basic, widths[i], n=2) }
  for i in range(n) {
    for j in range(n) {
      if j > i {
        up = from branches[j]
        fuse_layers[i][j] = from up -> conv(widths[i], 1) -> bn -> upsample(scale=2 ** (j - i))
      } elif j < i {
        fuse_layers[i][j] = from branches[j] -> down(widths[j], widths[i], i - j)
      } else {
        fuse_layers[i][j] = from branches[j]
      }
    }
    add { for y in from fuse_layers[i] { from y } }
    ys[i] = relu
  }
  output ys
}
block down(width, out, n) = seq {
  for k in range(n) {
    if k == n - 1 { seq { conv(out, 3, stride=2) -> bn } }
    else { seq { conv(width, 3, stride=2) -> bn -> relu } }
  }
}
arch net(widths=[4, 6, 8]) {
  input(3, 32, 40)
  for i in range(3) { stem[i] = from input -> conv(widths[i], 3, stride=2 ** (i + 1), padding=1) }
  stage2[0] = from stem[0] -> exchange(from stem[:2], widths[:2])
  a, b = from stage2[0]
  stage3[0] = from a -> exchange([from a, from b, from stem[2]], widths)
  stage3[1] = from stage3[0][0] -> exchange(from stage3[0], widths)
  x, y, z = from stage3[1]
  output x, y, z
}
"""


def conv_bn(inside: int, out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inside, out, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(out)]


class Basic(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_bn(width, width, 3)
        self.conv2, self.bn2 = conv_bn(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return relu(x + self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))))


class Exchange(nn.Module):
    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        n = len(widths)
        self.branches = nn.ModuleList([nn.Sequential(Basic(w), Basic(w)) for w in widths])
        self.fuse_layers = nn.ModuleList(
            [nn.ModuleList([self.fuse(widths, i, j) for j in range(n)]) for i in range(n)]
        )

    def fuse(self, widths: Sequence[int], i: int, j: int) -> nn.Module:
        if j == i:
            return nn.Identity()
        if j > i:
            grow = nn.Upsample(scale_factor=2 ** (j - i), mode="nearest")
            return nn.Sequential(*conv_bn(widths[j], widths[i], 1), grow)
        steps = [
            nn.Sequential(*conv_bn(widths[j], widths[j], 3, 2), nn.ReLU()) for _ in range(i - j - 1)
        ]
        return nn.Sequential(*steps, nn.Sequential(*conv_bn(widths[j], widths[i], 3, 2)))

    def forward(self, xs: Sequence[Tensor]) -> list[Tensor]:
        ys = [branch(x) for branch, x in zip(self.branches, xs, strict=True)]
        return [
            relu(sum(fuse(y) for fuse, y in zip(row, ys, strict=True)))  # type: ignore[arg-type]
            for row in self.fuse_layers
        ]


class Hrnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [4, 6, 8]
        self.stem = nn.ModuleList(
            [nn.Conv2d(3, w, 3, 2 ** (i + 1), 1, bias=False) for i, w in enumerate(widths)]
        )
        self.stage2 = nn.ModuleList([Exchange(widths[:2])])
        self.stage3 = nn.ModuleList([Exchange(widths), Exchange(widths)])

    def forward(self, x: Tensor) -> list[Tensor]:
        xs = [conv(x) for conv in self.stem]
        xs = [*self.stage2[0](xs[:2]), xs[2]]
        return self.stage3[1](self.stage3[0](xs))


UNITS = """
block unit(out) {
  a = conv(out, 3)
  relu
  b = conv(out, 1)
  output a, b
}
arch net {
  input(6, 8, 10)
  for i in range(3) { units[i] = unit(6); from units[i].b }
  add { for u in from units { from u.a } }
  concat { identity; from units[2].b; for u in from units[:2] { from u.b } }
}
"""


class Units(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.units = nn.ModuleList()
        for _ in range(3):
            unit = nn.Module()
            unit.a, unit.b = (nn.Conv2d(6, 6, k, padding=k // 2, bias=False) for k in (3, 1))
            self.units.append(unit)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for unit in self.units:
            a = unit.a(x)
            x = unit.b(relu(a))
            found.append((a, x))
        total = found[0][0] + found[1][0] + found[2][0]
        return torch.cat([total, found[2][1], found[0][1], found[1][1]], 1)


CELL = """
block lstm_cell(hidden, h, c) {
  concat { identity; from h }
  gates = conv(4 * hidden, 3, bias=true)
  i, f, o, g = split(4)
  cell = add {
    mul { from f -> sigmoid; from c }
    mul { from i -> sigmoid; from g -> tanh }
  }
  shown = mul { from o -> sigmoid; from cell -> tanh }
  output shown, cell
}
arch net(hidden=5, steps=5) {
  for t in range(steps) { "x{t}" = input(3, 8, 10) }
  h0 = input(hidden, 8, 10)
  c0 = input(hidden, 8, 10)
  cell = from x0 -> lstm_cell(hidden, h=from h0, c=from c0)
  at[0] = from cell
  for t in range(1, steps) {
    at[t] = from "x{t}" -> reuse cell(h=from at[t - 1].shown, c=from at[t - 1].cell)
  }
  output at[4].shown, at[4].cell
}
"""


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Module()
        self.cell.gates = nn.Conv2d(8, 20, 3, padding=1)

    def forward(self, *given: Tensor) -> list[Tensor]:
        *xs, h, c = given
        for x in xs:
            i, f, o, g = self.cell.gates(torch.cat([x, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return [h, c]


ATTENTION = """
arch net(depth=5) {
  input(7, 12, axis=1)
  for i in range(depth) {
    before = identity
    qkv[i] = linear(3 * channels)
    q, k, v = split(3)
    from q -> attend(from k, from v, heads=3)
    proj[i] = linear(channels)
    add { from before; identity }
  }
}
"""


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.ModuleList([nn.Linear(12, 36) for _ in range(5)])
        self.proj = nn.ModuleList([nn.Linear(12, 12) for _ in range(5)])

    def forward(self, x: Tensor) -> Tensor:
        for qkv, proj in zip(self.qkv, self.proj, strict=True):
            q, k, v = (t.unflatten(-1, (3, 4)).transpose(1, 2) for t in qkv(x).chunk(3, -1))
            y = scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + proj(y)
        return x


DENSE = """
arch net {
  input(4, 8, 8)
  ys[0] = conv(6, 3)
  for i in range(1, 4) {
    concat { for j in range(i) { from ys[j] } }
    if i % 2 == 1 { ys[i] = conv(6, 3) } else { ys[i] = add { from ys[i - 1]; conv(6, 1) } }
  }
  from ys[3] -> conv(2, 1)
}
"""

UNPACKED = """
block unit(pairs, acts) {
  for i, [out, k] in enumerate(pairs) { "conv{i}" = conv(out, k); acts[i % 2] }
}
block rule(rules) { conv(8, 3); bn1 = rules[0]; rules[1](0.2); if len(rules) > 2 { rules[2] } }
block parts {
  xs = split(2)
  concat { for i in range(2) { { from xs[i]; "{i}" = conv(4, 1) } } }
}
block gate {
  mul { identity; "0" = param([channels], init=ones) }
  "1" = { conv(8, 1); relu }
  if channels > 6 { "2" = conv(channels, 3) } else { "2" = conv(8, 1) }
}
block tower(n) { for i in range(n) { "{i}" = conv(channels, 3); relu } }
arch net(k=1) {
  input(3, 12, 16)
  unit([[8, 3], [8, 1], [4, 5]], [relu, gelu])
  unit([[8, 3], [8, 1], [6, 5]], [relu, gelu])
  let a, [b, [c]] = [4, [5, [6]]]
  for [o, p] in [[4, 1], [5, 3], [6, 1], [7, 1], [8, 1]] { conv(o, p); relu }
  rule([bn, leaky_relu])
  rule([bn(eps=0.01), leaky_relu, gelu])
  conv_pw = parts
  let acts = [relu, tanh]
  acts[k]
  for i, [x, y] in enumerate(zip([1, 2, 3, 4, 5, 6], [8, 7, 6, 5, 4, 8])) {
    relu
    conv(y, 3, dilation=x, bias=i > 2)
  }
  gate -> gate -> tower(6)
  concat {
    for v in [a + d * e for d, [e, f] in [[1, [2, 3]], [2, [1, 1]]] if f > 0] { conv(v + b + c, 1) }
  }
}
"""


CASES: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "Res2Net's hierarchy": (RES2NET, res2net),
    "HRNet's exchange": (HRNET, Hrnet),
    "units with several outputs": (UNITS, Units),
    "a recurrent cell over five steps": (CELL, Cell),
    "names given in each pass": (ATTENTION, Attention),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_what_one_would_write(name: str) -> None:
    text, make = CASES[name]
    network = archgen.loads(text)
    model = archgen.build(network, dtype="float64")
    torch.manual_seed(0)
    reference = make().double()
    stir(reference)
    keys = [(key, value.shape) for key, value in model.state_dict().items()]
    assert sorted(keys) == sorted((k, v.shape) for k, v in reference.state_dict().items())
    model.load_state_dict(reference.state_dict())
    inputs = Judge(network).inputs()
    assert_same(model.eval(), reference.eval(), inputs)
    assert_same(model.train(), reference.train(), inputs)
    assert work(reference, inputs) == 2 * network.macs


def stir(model: nn.Module) -> None:
    """Weights and statistics that show what is used."""
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand_like(value) * 0.5 + 0.1)


def assert_same(model: nn.Module, reference: nn.Module, inputs: Sequence[Tensor]) -> None:
    """Results, and the gradients of all parameters and inputs."""
    found, expected = (outcome(each, inputs) for each in (model, reference))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def outcome(model: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    given = [each.detach().clone().requires_grad_() for each in inputs]
    results = tensors(model(*given))
    loss = sum((each * torch.linspace(0, 1, each.numel()).view_as(each)).mean() for each in results)
    names, parameters = zip(*sorted(model.named_parameters()), strict=True)
    assert names
    return [*results, *torch.autograd.grad(loss, [*given, *parameters])]  # type: ignore[arg-type]


def work(model: nn.Module, inputs: Sequence[Tensor]) -> int:
    on_meta = model.to("meta").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        on_meta(*(each[:1].to("meta") for each in inputs))
    return counter.get_total_flops()


@pytest.mark.parametrize("text", [RES2NET, HRNET, UNITS, CELL, DENSE, UNPACKED])
def test_its_model_is_the_network(text: str) -> None:
    Judge(archgen.loads(text)).all()
