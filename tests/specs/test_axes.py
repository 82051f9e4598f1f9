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
