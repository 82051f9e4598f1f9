"""Axes that are moved, split and named, against a line of plain PyTorch each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import Tensor  # noqa: E402

import archgen  # noqa: E402
from tests.language.ask import arch  # noqa: E402
from tests.laws.judge import Judge  # noqa: E402

pytestmark = pytest.mark.torch

# Lines of a network of one input, the size of that, and what they come to.
Case = tuple[str, str, Callable[[Tensor], Tensor]]
CASES: list[Case] = [
    ("mean(-1)", "4, 6, 8", lambda x: x.mean(-1)),
    ("mean([0, -1], keep=true)", "4, 6, 8", lambda x: x.mean((1, 3), keepdim=True)),
    ("softmax(-2)", "4, 6, 8", lambda x: x.softmax(2)),
    ("flatten(start=-2)", "4, 6, 8", lambda x: x.flatten(2)),
    ("select(-1, axis=-1)", "4, 6, 8", lambda x: x[..., -1]),
    ("permute([0, -1, -2])", "4, 6, 8", lambda x: x.transpose(2, 3)),
    ("concat(axis=-1) { identity; relu }", "4, 6, 8", lambda x: torch.cat([x, x.relu()], 3)),
    ("l2_norm(-1)", "4, 6, 8", lambda x: F.normalize(x, dim=3)),
    ("l2_norm(0)", "4, 6, 8", lambda x: F.normalize(x, dim=1)),
    (
        "a, b = split(2, axis=-1); add { from a; from b }",
        "4, 6, 8",
        lambda x: x[..., :4] + x[..., 4:],
    ),
    (
        "a, b = split([1, 5], axis=1); mul { from a; from b }",
        "4, 6, 8",
        lambda x: x[:, :, :1] * x[:, :, 1:],
    ),
    ("a, b, c = unbind(0); add { from c; from a; from b }", "3, 6, 8", lambda x: x.sum(1)),
    (
        "a, b = unbind(-1); add { from b; from a -> relu }",
        "3, 6, 2",
        lambda x: x[..., 1] + x[..., 0].relu(),
    ),
    ('rearrange("c h w -> (h w) c")', "4, 6, 8", lambda x: x.flatten(2).mT),
    (
        'rearrange("c (a h) (b w) -> (a b) c h w", h=3, w=2)',
        "4, 6, 8",
        lambda x: x.reshape(-1, 4, 2, 3, 4, 2).permute(0, 2, 4, 1, 3, 5).reshape(-1, 8, 4, 3, 2),
    ),
    (
        'rearrange("c (h a) (w b) -> (c a b) h w", a=2, b=2)',
        "4, 6, 8",
        lambda x: F.pixel_unshuffle(x, 2),
    ),
    (
        'rearrange("... w -> w ...")',
        "6, 8",
        lambda x: x.mT,
    ),
    (
        'rearrange("c h w -> c 1 n h w", n=3)',
        "4, 6, 8",
        lambda x: x[:, :, None, None].expand(-1, -1, 1, 3, -1, -1),
    ),
    ('rearrange("1 h w -> h (w n)", n=2)', "1, 6, 8", lambda x: x[:, 0].repeat_interleave(2, 2)),
    (
        'rearrange("c h w -> (h w) c"); relu; rearrange("(h w) c -> c h w", like=from input)',
        "4, 6, 8",
        lambda x: x.relu(),
    ),
    (
        'rearrange("c (a h) (b w) -> (a b) c h w", h=3, w=2); '
        'rearrange("(a b) c h w -> c (a h) (b w)", like=from input)',
        "4, 6, 8",
        lambda x: x,
    ),
    (
        "permute([1, 0], features=1) -> layer_norm",
        "16, 8, axis=1",
        lambda x: F.layer_norm(x.mT, (16,)),
    ),
    (
        "reshape([2, 3, 8], features=-1) -> layer_norm",
        "6, 8",
        lambda x: F.layer_norm(x.reshape(-1, 2, 3, 8), (8,)),
    ),
]


@pytest.mark.parametrize(("lines", "size", "plain"), CASES, ids=[case[0] for case in CASES])
def test_a_line_of_pytorch(lines: str, size: str, plain: Callable[[Tensor], Tensor]) -> None:
    judge = Judge(archgen.loads(arch(lines, size=size)))
    judge.all()
    (x,) = judge.inputs()
    judge.model.reset_parameters()  # a norm starts as one
    with torch.no_grad():
        torch.testing.assert_close(judge.model.eval()(x), plain(x))


def test_values_of_one_call_have_variables_of_their_own() -> None:
    text = """
block both(a, b) { sub = concat { identity; from a; from b -> relu }; linear(4) }
arch net {
  input(9, 16, axis=1)
  a = linear(8)
  b = from input -> linear(6)
  from input -> both(from a, from b)
}
"""
    Judge(archgen.loads(text)).all()


# --- products ----------------------------------------------------------------------------------


def heads(x: Tensor, count: int) -> Tensor:
    return x.unflatten(-1, (count, -1)).transpose(-3, -2)


def attention(q: Tensor, k: Tensor, v: Tensor, count: int, factor: float) -> Tensor:
    """Softmax of products, written out."""
    scores = torch.einsum("...nd,...md->...nm", heads(q, count), heads(k, count)) * factor
    return (scores.softmax(-1) @ heads(v, count)).transpose(-3, -2).flatten(-2)


PRODUCTS: list[tuple[str, str, Callable[[Tensor], Tensor], int]] = [
    ("matmul(from input)", "6, 6", lambda x: x @ x, 6 * 6 * 6),
    (
        "f = flatten(start=1); t = permute([1, 0]); from t -> matmul(from f); softmax(-1)",
        "4, 3, 5",
        lambda x: (x.flatten(2).mT @ x.flatten(2)).softmax(-1),
        15 * 15 * 4,
    ),
    (
        'x = rearrange("n (h d) -> h n d", h=2); einsum("h n d, h m d -> n h m", from x)',
        "9, 16, axis=1",
        lambda x: torch.einsum("bnhd,bmhd->bnhm", *[x.unflatten(2, (2, 8))] * 2),
        9 * 9 * 16,
    ),
    (
        'einsum("n c, n d -> n c d", from input)',
        "9, 4, axis=1",
        lambda x: x[..., None] * x[:, :, None],
        0,
    ),
    (
        "q, k, v = split([8, 8, 12]); from q -> attend(from k, from v, heads=4)",
        "9, 28, axis=1",
        lambda x: attention(*x.split([8, 8, 12], -1), 4, 2**-0.5),
        9 * 9 * (8 + 12),
    ),
    (
        "k = select(0, 0); v = from input -> mean(0); "
        "from input -> select(1, 0); attend(from k, from v, scale=0.5)",
        "2, 9, 4, axis=2",
        lambda x: attention(x[:, 1], x[:, 0], x.mean(1), 1, 0.5),
        9 * 9 * 8,
    ),
    (
        "attend(from input, from input, heads=2)",
        "5, 9, 8, axis=2",
        lambda x: attention(x, x, x, 2, 0.5),
        5 * 9 * 9 * 16,
    ),
]


@pytest.mark.parametrize(
    ("lines", "size", "plain", "macs"), PRODUCTS, ids=[case[0] for case in PRODUCTS]
)
def test_a_product(lines: str, size: str, plain: Callable[[Tensor], Tensor], macs: int) -> None:
    network = archgen.loads(arch(lines, size=size))
    assert network.macs == macs
    Judge(network, device="meta").work_is_as_predicted()
    judge = Judge(network)
    judge.state_is_as_predicted()
    judge.shapes_are_as_predicted()
    judge.evaluation_is_the_network()
    judge.training_reaches_every_parameter()
    (x,) = judge.inputs()
    with torch.no_grad():
        torch.testing.assert_close(judge.model.eval()(x), plain(x))


ATTENTION = """
block attention_(heads, qkv_bias=true) {
  "Multi-head self-attention with the keys `qkv` and `proj`."
  qkv = linear(3 * channels, bias=qkv_bias)
  q, k, v = split(3)
  table = param([heads, input.shape[0], input.shape[0]], init=normal(std=0.02))
  from q -> attend(from k, from v, heads=heads, bias=from table)
  proj = linear(channels)
}
arch net {
  input(9, 16, axis=1)
  attn = attention_(4)
  attn2 = attention_(2)
  tokens = attention_(2, qkv_bias=false)
}
"""


def test_a_synonym_hands_its_values_on_as_its_text_says() -> None:
    text = """
block back(a, b) = attend(from b, from a)
arch net { input(9, 16, axis=1); k = linear(16); v = from input -> linear(8)
from input -> back(from v, from k) }
"""
    judge = Judge(archgen.loads(text))
    judge.evaluation_is_the_network()
    (x,) = judge.inputs()
    with torch.no_grad():
        model = judge.model.eval()
        torch.testing.assert_close(model(x), attention(x, model.k(x), model.v(x), 1, 0.25))


def test_attention_with_keys_of_ones_own() -> None:
    network = archgen.loads(ATTENTION)
    Judge(network, device="meta").work_is_as_predicted()
    judge = Judge(network)
    judge.state_is_as_predicted()
    judge.shapes_are_as_predicted()
    judge.evaluation_is_the_network()
    judge.training_reaches_every_parameter()
    assert [key for key in judge.model.state_dict() if key.startswith("attn2")] == [
        "attn2.table", "attn2.qkv.weight", "attn2.qkv.bias",
        "attn2.proj.weight", "attn2.proj.bias",
    ]  # fmt: skip
