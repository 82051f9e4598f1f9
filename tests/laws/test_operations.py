"""What a spec of a few lines computes, against the same in plain PyTorch, in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

import archgen  # noqa: E402
from tests.laws.judge import Judge  # noqa: E402

pytestmark = pytest.mark.torch
Plain = Callable[[Tensor], Tensor]


def check(text: str, plain: Plain, size: str = "6, 8, 10", *others: tuple[int, ...]) -> None:
    """The network is as predicted, and gives what the function gives, at other sizes too."""
    head, _, body = text.rpartition("---")
    network = archgen.loads(f"{head}\narch net {{\n  input({size})\n{body}\n}}\n")
    Judge(network).all()
    model = archgen.build(network).double().eval()
    first = tuple(int(each) for each in size.partition(", axis")[0].split(","))
    for sizes in (first, *others):
        x = torch.randn(2, *sizes, dtype=torch.float64)
        y = torch.randn_like(plain(x))
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        torch.testing.assert_close(model(ours), plain(theirs))
        (model(ours) * y).sum().backward()
        (plain(theirs) * y).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad)


MERGED = {
    "sub { tanh; identity }": lambda x: x.tanh() - x,
    "div { identity; sigmoid }": lambda x: x / x.sigmoid(),
    "sub { identity; sub { tanh; sigmoid } }": lambda x: x - (x.tanh() - x.sigmoid()),
    "sub { sub { identity; tanh }; add { sigmoid; identity } }": (
        lambda x: (x - x.tanh()) - (x.sigmoid() + x)
    ),
    "div { mul { identity; tanh }; div { sigmoid; silu } }": (
        lambda x: x * x.tanh() / (x.sigmoid() / torch.nn.functional.silu(x))
    ),
    "mul { sub { identity; tanh }; identity }": lambda x: (x - x.tanh()) * x,
    "maximum { identity; tanh; sigmoid }": (
        lambda x: torch.maximum(torch.maximum(x, x.tanh()), x.sigmoid())
    ),
    "minimum { global_avgpool; identity }": (
        lambda x: torch.minimum(x.mean((2, 3), keepdim=True), x)
    ),
    "sub { identity; global_avgpool }": lambda x: x - x.mean((2, 3), keepdim=True),
    "sub { 1; identity }": lambda x: 1 - x,
    "sub { identity; 2.5 }": lambda x: x - 2.5,
    "div { 1; { square; add { identity; 1 } } }": lambda x: 1 / (x**2 + 1),
    "div { identity; (sqrt(channels)) }": lambda x: x / 6**0.5,
    "mul { identity; tanh; 2 }": lambda x: x * x.tanh() * 2,
    "add { 1; identity; (1 / 3); tanh }": lambda x: 1 + x + 1 / 3 + x.tanh(),
    "maximum { 0.5; identity }": lambda x: x.clamp(min=0.5),
    "minimum { identity; (-0.25); tanh }": lambda x: torch.minimum(x, x.tanh()).clamp(max=-0.25),
    "mul { sub { 2; identity }; sub { identity; 1 } }": lambda x: (2 - x) * (x - 1),
    "sub { (channels - 8); { conv(4, 1); sum(0, keep=true); mul { identity; 0 } } }": (
        lambda x: torch.full_like(x[:, :1], -2.0) + 0 * x.sum(1, keepdim=True)
    ),
    "div { abs; add { abs -> mean(0, keep=true); 1e-6 } }": (
        lambda x: x.abs() / (x.abs().mean(1, keepdim=True) + 1e-6)
    ),
}


@pytest.mark.parametrize("text", MERGED)
def test_merges(text: str) -> None:
    check(text, MERGED[text], "6, 8, 10", (6, 5, 7))


FLAGGED = {
    "add": lambda x, c: (x if c else 0.5) + x.tanh(),
    "mul": lambda x, c: (x if c else 0.5) * x.tanh(),
    "sub": lambda x, c: (x if c else 0.5) - x.tanh(),
    "div": lambda x, c: (x if c else 0.5) / x.tanh(),
    "maximum": lambda x, c: torch.maximum(x if c else torch.full_like(x, 0.5), x.tanh()),
    "minimum": lambda x, c: torch.minimum(x if c else torch.full_like(x, 0.5), x.tanh()),
}


@pytest.mark.parametrize("kind", FLAGGED)
def test_a_number_on_one_side_of_a_decision(kind: str) -> None:
    block = f"block u(c, low=0.5) {{ {kind} {{ if c {{ identity }} else {{ low }}; tanh }} }}"
    plain = FLAGGED[kind]
    check(f"{block}---u(true) -> u(false)", lambda x: plain(plain(x, True), False))
    check(f"{block}---u(false)", lambda x: plain(x, False))


def test_numbers_of_a_loop_and_of_parameters() -> None:
    block = """block u(n, eps=1e-3, low=0) {
      add { identity; for k in range(n) { k }; eps; if low > 0 { low } }
      mul { for k in [2, 3] { k }; tanh }
      maximum { low; identity } }"""

    def unit(x: Tensor, n: int, eps: float = 1e-3, low: float = 0) -> Tensor:
        y = x + sum(range(n)) + eps + max(low, 0)
        return (6 * y.tanh()).clamp(min=low)

    text = f"{block}---u(3) -> u(0, low=0.5) -> u(1, 2)"
    check(text, lambda x: unit(unit(unit(x, 3), 0, low=0.5), 1, 2), "6, 8, 10", (6, 5, 7))


GRN = """
block grn(eps=1e-6) {
  "Global response normalisation (Woo et al. 2023, algorithm 1)."
  g = vector_norm([1, 2], keep=true)
  n = div { from g; add { from g -> mean(0, keep=true); eps } }
  mul { from input; from n; gamma = param([channels, 1, 1], init=constant(0.5)) }
  add { identity; beta = param([channels, 1, 1], init=constant(0.25)); from input }
}
"""


def test_global_response_normalisation() -> None:
    def grn(x: Tensor) -> Tensor:
        g = torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True)
        return 0.5 * x * (g / (g.mean(1, keepdim=True) + 1e-6)) + 0.25 + x

    check(f"{GRN}---grn", grn, "6, 8, 10", (6, 4, 5))


def test_a_weighted_node_of_bifpn() -> None:
    """Each weight is divided by the sum of all and a number."""
    block = """
block node(other, eps=1e-4) {
  a = mul { from input; wa = param([1, 1, 1], init=constant(0.75)) }
  b = mul { from other; wb = param([1, 1, 1], init=constant(0.5)) }
  weights = from input -> mul { identity; 0 }
  weighted = from weights -> add { identity; from wa; from wb }
  whole = add { relu; eps }
  div { add { from a; from b }; from whole }
}
"""

    def plain(x: Tensor) -> Tensor:
        return (0.75 * x.tanh() + 0.5 * x) / (1.25 + 1e-4)

    check(f"{block}---s = identity; from s -> tanh -> node(from s)", plain)


@pytest.mark.parametrize("kind", ["sub", "maximum", "minimum"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_merge_whose_branches_hang_on_decisions(kind: str, deep: bool) -> None:
    block = f"""block u(deep) {{ {kind} {{
      if deep {{ tanh }}; sigmoid; if not deep {{ silu }} }} }}"""
    functions = {"sub": torch.sub, "maximum": torch.maximum, "minimum": torch.minimum}

    def unit(x: Tensor, deep: bool) -> Tensor:
        silu = torch.nn.functional.silu(x)
        sides = (x.tanh(), x.sigmoid()) if deep else (x.sigmoid(), silu)
        return functions[kind](*sides)

    text = f"{block}---u({str(deep).lower()}) -> u({str(not deep).lower()})"
    check(text, lambda x: unit(unit(x, deep), not deep))
