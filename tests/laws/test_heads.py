"""Training heads in every place where they may stand: what the model has, gives and learns."""

from __future__ import annotations

import pytest

import archgen

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.torch

BLOCKS = """\
block l(n=1) {
  conv(4, 3)
  if n > 0 { aux z = conv(5, 3) } else { bn }
  if n > 1 { aux y = relu -> conv(2, 1) }
}
block either(flag=true) { relu; if flag { aux z = conv(2, 1) } else { aux z = conv(3, 1); bn } }
block two(n=1) { l(n); aux q = relu -> conv(2, 1); bn; l(n - 1) }
block many(n) { for i in range(n) { conv(channels, 3); aux "h{i}" = conv(2, 1) } }
block fork(n) { a = conv(channels, 3); b = l(n); output a, b }
block listed(n) { for i in range(n) { xs[i] = l(i) }; output xs }
block tagged(tag, n=1) {
  conv(4, 3)
  aux "{tag}_{n}" = conv(n, 1)
  if n > 1 { "{tag}" = tagged("{tag}x", n - 1) }
  relu
}
block same = l(2)
arch inner(heads=true) { input(4, 8, 8); l; if heads { aux side = conv(3, 1) }; relu }
"""
LINES = (
    "l; l(0); l(2)",
    "l -> l(2) -> relu",
    "either; either(false); relu",
    "two; two(2)",
    "for i in range(6) { l -> relu }",
    "for n in [0, 1, 2] { two(n) }",
    "many(3) -> many(7)",
    "if channels == 4 { l; aux z = relu } else { aux z = conv(3, 1) }",
    'tagged("a") -> tagged("b") -> tagged("b", 2)',
    'for tag in ["a", "b"] { for n in [1, 3] { "{tag}{n}" = tagged(tag, n) } }',
    "both = fork(1); concat { from both.a; from both.b }",
    "both = fork(1); from both.a; aux z = conv(3, 1); from both.b; output both",
    "xs = listed(3); concat { for x in from xs { from x } }",
    "for i in range(3) { xs[i] = l }; output xs",
    "inner -> inner(heads=false)",
    "same; part = same; relu",
    "c = conv(4, 3); aux z = reuse c; relu",
    "relu; aux z = stage(conv, 4, 3, n=3); c = tanh; output c",
    "{ relu; aux z = flatten }; l",
)


@pytest.mark.parametrize("lines", LINES)
def test_heads_are_what_was_said(lines: str) -> None:
    from tests.laws.judge import Judge

    network = archgen.loads(f"{BLOCKS}arch net {{ input(4, 8, 8); {lines} }}\n", "net")
    assert network.body.heads
    Judge(network).all()


def test_a_class_has_heads_of_one_name() -> None:
    text = 'block b(tag) { relu; aux "{tag}_head" = conv(2, 1) }\n'
    model = archgen.build(archgen.loads(f'{text}arch net {{ input(4, 8, 8); b("a") -> b("b") }}'))
    result = model(torch.zeros(2, 4, 8, 8))
    assert result._fields == ("output", "b1_a_head", "b2_b_head")


def test_features_leave_heads_out() -> None:
    from tests.laws.judge import Judge

    text = f"{BLOCKS}arch net {{ input(4, 8, 8); two; l; conv(3, 1); aux z = relu }}\n"
    backbone = archgen.loads(text, "net", features=["two1", "l1"])
    assert backbone.body.heads == ()
    assert not any("z" in key.split(".") for key in Judge(backbone).model.state_dict())
    Judge(backbone).all()
