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
}


@pytest.mark.parametrize("text", MERGED)
def test_merges(text: str) -> None:
    check(text, MERGED[text], "6, 8, 10", (6, 5, 7))


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
