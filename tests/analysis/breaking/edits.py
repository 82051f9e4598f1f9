"""Edits, each with the categories in which it breaks something.

Said by hand; the test asks PyTorch whether it is so. The networks are tiny, and each edit changes
one thing.
"""

from __future__ import annotations

from dataclasses import dataclass

PLAIN = """\
block unit(out, stride=1, act=relu) {
  add {
    {
      conv(out, 3, stride=stride) -> bn -> act
      conv(out, 3) -> bn
    }
    shortcut = conv(out, 1, stride=stride) -> bn
  }
  act
}

arch net(classes=4) {
  input(3, 16, 16)
  stem = conv(8, 3) -> bn -> relu
  maxpool(2)
  stage(unit, 8, n=2, stride=2)
  concat {
    left = conv(4, 1)
    right = conv(4, 3)
  }
  mixed = conv(8, 3, groups=2) -> bn(eps=0.001) -> leaky_relu(0.1)
  dropout(0.1)
  global_avgpool -> flatten
  fc = linear(classes)
}
"""
SEVERAL = """\
block encoder(out) {
  conv(out, 3)
  prelu
}

arch net {
  left = input(3, 8, 8)
  right = input(3, 8, 8)
  a = from left -> encoder(4)
  b = from right -> reuse a
  small = add { from a; from b }
  aux head = global_avgpool -> flatten -> linear(2)
  large = from b -> upsample(2)
  output small, large
}
"""


@dataclass(frozen=True)
class Edit:
    """A text before and after; `breaks` names the categories in which that breaks something."""

    name: str
    before: str
    after: str
    breaks: str = ""

    @property
    def expected(self) -> set[str]:
        return set(self.breaks.split())


def plain(name: str, old: str, new: str, breaks: str = "", text: str = PLAIN) -> Edit:
    """One place of a text written anew."""
    assert old in text, name
    return Edit(name, text, text.replace(old, new), breaks)


def several(name: str, old: str, new: str, breaks: str = "") -> Edit:
    return plain(name, old, new, breaks, SEVERAL)


def body(name: str, old: str, new: str, breaks: str = "") -> Edit:
    """The statements of a small arch written anew, blocks before `;;`."""
    return Edit(name, _arch(old), _arch(new), breaks)


def _arch(text: str) -> str:
    blocks, _, statements = text.rpartition(";;")
    return f"{blocks}\narch net {{ input(4, 8, 8); {statements} }}\n"


HARMLESS = (
    plain("comments and layout", "  maxpool(2)\n", "\n  # half\n  maxpool(\n    2,\n  )\n"),
    plain("arguments by name", "conv(8, 3, groups=2)", "conv(groups=2, kernel=3, out=8)"),
    plain("a default written", "maxpool(2)", "maxpool(2, stride=2, padding=0, dilation=1)"),
    plain("an argument that is the default", "stage(unit, 8,", "stage(unit, 8, act=relu,"),
    plain("a constant named", "  stage(unit, 8,", "  let wide = 4 * 2\n  stage(unit, wide,"),
    plain("a block renamed", "unit", "residual_unit"),
    plain("a layer without weights named", "  act\n}", "  last = act\n}"),
    plain("a value named", "  maxpool(2)", "  halved = maxpool(2)"),
    plain("identity inserted", "  maxpool(2)", "  identity -> maxpool(2) -> identity"),
    plain("a factor of 1", "  maxpool(2)", "  maxpool(2) -> multiply(1)"),
    plain("a pool with windows of 1", "  maxpool(2)", "  maxpool(2) -> avgpool(1)"),
    plain("a dilation of windows of 1", "left = conv(4, 1)", "left = conv(4, 1, dilation=2)"),
    plain("a parameter added", "classes=4) {", "classes=4, more=1) {\n  expect more == 1"),
    plain("another name of the same pool", "global_avgpool ->", "adaptive_avgpool(1) ->"),
    plain("a dropout of nothing", "  maxpool(2)", "  maxpool(2) -> dropout(0)"),
    several("a sum the other way round", "from a; from b }", "from b; from a }"),
    body(
        "a maximum the other way round",
        "a = conv(4, 3); b = conv(4, 1); maximum { from a; from b }",
        "a = conv(4, 3); b = conv(4, 1); maximum { from b; from a }",
    ),
    body("an axis counted from the last", "conv(4, 3); l2_norm(-3)", "conv(4, 3); l2_norm"),
    body(
        "a sum in a sum, where it is added first",
        "a = conv(4, 3); b = conv(4, 1); add { from a; from b; from input }",
        "a = conv(4, 3); b = conv(4, 1); add { add { from b; from a }; from input }",
    ),
    body(
        "a concatenation in a concatenation",
        "a = conv(4, 3); concat { from a; from input; from a }; last = conv(4, 3)",
        "a = conv(4, 3); concat { from a; concat { from input; from a } }; last = conv(4, 3)",
    ),
    body("a sum of one", "a = conv(4, 3)", "add { a = conv(4, 3) }"),
    body("a chain written as seq", "a = conv(4, 1) -> relu", "a = seq { conv(4, 1); relu }"),
    body(
        "a list in a block written as seq",
        "block b { a[0] = conv(4, 3); a[1] = conv(4, 3) } ;; b",
        "block b { a = seq { conv(4, 3) -> conv(4, 3) } } ;; b",
    ),
    body(
        "an activation moved out of a block",
        "block b { conv(4, 3); relu } ;; a = b; last = conv(4, 3)",
        "block b { conv(4, 3) } ;; a = b; relu; last = conv(4, 3)",
    ),
    body(
        "a stage written as calls",
        "block b { conv(4, 3); relu } ;; a = stage(b, n=3)",
        "block b { conv(4, 3); relu } ;; a = seq { b; b; b }",
    ),
    body(
        "the sizes of another value that always has the same",
        "a = conv(4, 3); b = relu; c = conv(4, 5) -> maxpool(2); upsample(like=from a)",
        "a = conv(4, 3); b = relu; c = conv(4, 5) -> maxpool(2); upsample(like=from b)",
    ),
    body("a padding of nothing", "pad(0, value=2) -> conv(4, 3)", "conv(4, 3)"),
)
OF_INTERFACE = (
    plain("a parameter renamed", "classes", "labels", "interface"),
    plain("another size of the input", "input(3, 16, 16)", "input(3, 32, 32)", "interface cost"),
    several("an input renamed", "left", "first", "interface"),
    several("a result renamed", "large", "big", "interface"),
    several("results in another order", "output small, large", "output large, small", "interface"),
    Edit(
        "inputs in another order",
        SEVERAL,
        SEVERAL.replace("left = input", "x = input")
        .replace("right = input", "left = input")
        .replace("x = input", "right = input"),
        "interface",
    ),
    body(
        "a feature loses its name",
        "a = relu; b = conv(4, 3)",
        "relu; b = conv(4, 3)",
        "interface",
    ),
    body(
        "a result less",
        "a = conv(4, 3); b = conv(4, 3); output a, b",
        "a = conv(4, 3); b = conv(4, 3)",
        "interface",
    ),
    body(
        "a list of results as a tuple",
        "a[0] = conv(4, 3); a[1] = conv(4, 3); output a",
        "a[0] = conv(4, 3); a[1] = conv(4, 3); b = from a[0]; c = from a[1]; output b, c",
        "interface",
    ),
    body(
        "a result of a block renamed",
        "block f { a = relu; b = tanh; output a, b } ;; x = f; add { from x.a; from x.b }; elu",
        "block f { c = relu; b = tanh; output c, b } ;; x = f; add { from x.c; from x.b }; elu",
        "interface",
    ),
    body(
        "a list of submodules as seq",
        "a[0] = conv(4, 3); a[1] = conv(4, 3)",
        "a = seq { conv(4, 3) -> conv(4, 3) }",
        "interface",
    ),
)
OF_WEIGHTS = (
    plain("wider", "mixed = conv(8,", "mixed = conv(16,", "weights interface cost"),
    plain("a larger kernel", "left = conv(4, 1)", "left = conv(4, 3)", "weights cost"),
    plain("a smaller kernel", "right = conv(4, 3)", "right = conv(4, 1)", "weights"),
    plain("more groups", "groups=2", "groups=4", "weights"),
    plain("a bias", "left = conv(4, 1)", "left = conv(4, 1, bias=true)", "weights"),
    plain("without a bias", "linear(classes)", "linear(classes, bias=false)", "weights"),
    plain("more classes", "classes=4", "classes=5", "weights interface"),
    plain("without a norm", "conv(out, 3) -> bn\n", "conv(out, 3)\n", "weights"),
    plain("another norm", "bn(eps=0.001)", "group_norm(2)", "weights"),
    plain("a norm that learns nothing", "bn(eps=0.001)", "bn(affine=false)", "weights"),
    plain("a layer with weights renamed", "right", "middle", "weights interface"),
    plain("a block more", "n=2", "n=3", "weights cost"),
    plain("a block less", "n=2", "n=1", "weights"),
    plain(
        "a layer inserted in a chain",
        "conv(8, 3) -> bn",
        "conv(8, 3) -> relu -> bn",
        "weights numerics",
    ),
    plain("an activation that learns", "leaky_relu(0.1)", "prelu", "weights"),
    plain("a nameless stage named", "  stage(", "  stages = stage(", "weights interface"),
    body("slopes of each channel", "prelu", "prelu(shared=false)", "weights cost"),
    body(
        "a learned parameter renamed",
        "add { identity; a = param([4, 1, 1], init=ones) }",
        "add { identity; b = param([4, 1, 1], init=ones) }",
        "weights",
    ),
    body(
        "a parameter of another size",
        "add { identity; a = param([4, 1, 1], init=ones) }",
        "add { identity; a = param([1, 1, 1], init=ones) }",
        "weights",
    ),
    body(
        "weights of their own",
        "a = conv(4, 3); relu; reuse a",
        "a = conv(4, 3); relu; b = conv(4, 3)",
        "weights cost",
    ),
    body(
        "shared weights",
        "a = conv(4, 3); relu; b = conv(4, 3)",
        "a = conv(4, 3); relu; reuse a",
        "weights",
    ),
    body(
        "another rank",
        "conv(4, 3)",
        "flatten -> reshape([4, 64]) -> conv(4, 3)",
        "weights interface numerics",
    ),
    several(
        "without a head",
        "  aux head = global_avgpool -> flatten -> linear(2)\n",
        "",
        "weights interface",
    ),
)
OF_NUMERICS = (
    Edit(
        "the stride moved",
        PLAIN,
        PLAIN.replace(
            "conv(out, 3, stride=stride) -> bn -> act", "conv(out, 3) -> bn -> act"
        ).replace("      conv(out, 3) -> bn\n", "      conv(out, 3, stride=stride) -> bn\n"),
        "numerics cost",
    ),
    plain("without a stride", ", stride=2)", ")", "numerics interface cost"),
    plain("another activation", "act=relu) {", "act=gelu) {", "numerics"),
    body(
        "a difference the other way round",
        "a = conv(4, 3); b = conv(4, 1); sub { from a; from b }",
        "a = conv(4, 3); b = conv(4, 1); sub { from b; from a }",
        "numerics",
    ),
    body(
        "keys and values exchanged",
        'rearrange("c h w -> (h w) c"); p = linear(8); k = linear(8); attend(from k, from p)',
        'rearrange("c h w -> (h w) c"); p = linear(8); k = linear(8); attend(from p, from k)',
        "numerics",
    ),
    body("another axis of a norm", "conv(4, 3); l2_norm(0)", "conv(4, 3); l2_norm(1)", "numerics"),
    body(
        "axes turned",
        "conv(4, 3); conv(4, 3)",
        'conv(4, 3); rearrange("c h w -> c w h"); conv(4, 3)',
        "numerics",
    ),
    plain("another activation in one call", "n=2,", "n=2, act=silu,", "numerics"),
    plain("another slope", "leaky_relu(0.1)", "leaky_relu(0.2)", "numerics"),
    plain("an epsilon", "bn(eps=0.001)", "bn", "numerics"),
    plain("another kind of pool", "maxpool(2)", "avgpool(2)", "numerics"),
    plain("a larger window", "maxpool(2)", "maxpool(3, stride=2)", "numerics"),
    plain("a pool less", "  maxpool(2)\n", "", "numerics interface cost"),
    plain("a dilation", "right = conv(4, 3)", "right = conv(4, 3, dilation=2)", "numerics"),
    plain("an activation less", "  act\n}", "}", "numerics"),
    plain("an activation more", "  concat", "  tanh\n  concat", "numerics"),
    plain(
        "branches in another order",
        "    left = conv(4, 1)\n    right = conv(4, 3)\n",
        "    right = conv(4, 3)\n    left = conv(4, 1)\n",
        "numerics",
    ),
    plain(
        "an activation inside the sum",
        "      conv(out, 3) -> bn\n",
        "      conv(out, 3) -> bn -> act\n",
        "numerics",
    ),
    plain("a sum as a product", "  add {", "  mul {", "numerics"),
    plain("channels shuffled", "  concat", "  channel_shuffle(2)\n  concat", "numerics"),
    several("another upsampling", "upsample(2)", 'upsample(2, mode="bilinear")', "numerics"),
    several("another branch", "from a; from b }", "from a; from a }", "numerics"),
    several("another value read", "from b -> upsample", "from a -> upsample", "numerics"),
    body(
        "aligned corners",
        'upsample(2, mode="bilinear")',
        'upsample(2, mode="bilinear", align_corners=true)',
        "numerics",
    ),
    body("another filling", 'pad(1, mode="reflect")', 'pad(1, mode="replicate")', "numerics"),
    body(
        "a pool that counts no padding",
        "avgpool(3, stride=1)",
        "avgpool(3, stride=1, count_include_pad=false)",
        "numerics",
    ),
    body("a pool over the end", "maxpool(3)", "maxpool(3, ceil_mode=true)", "numerics interface"),
    body(
        "a sum of three added otherwise",
        "a = conv(4, 3); b = conv(4, 1); add { from a; from b; from input }",
        "a = conv(4, 3); b = conv(4, 1); add { from a; add { from b; from input } }",
        "numerics",
    ),
    body(
        "layers swapped",
        "a = conv(4, 1); b = conv(4, 1); last = bn",
        "b = conv(4, 1); a = conv(4, 1); last = bn",
        "numerics",
    ),
    body("norm and activation swapped", "conv(4, 3); bn; relu", "conv(4, 3); relu; bn", "numerics"),
    body(
        "heads of attention",
        "reshape([4, 64]) -> permute([1, 0]) -> attention(2)",
        "reshape([4, 64]) -> permute([1, 0]) -> attention(4)",
        "numerics",
    ),
    body(
        "parts swapped",
        "a, b = split(2); concat { from a; from b -> conv(2, 1) }",
        "a, b = split(2); concat { from b; from a -> conv(2, 1) }",
        "numerics",
    ),
    body(
        "the sizes of another value that has the same by chance",
        "a = conv(4, 3, stride=2); b = from input -> maxpool(2); "
        "c = from input -> upsample(like=from a); output a, b, c",
        "a = conv(4, 3, stride=2); b = from input -> maxpool(2); "
        "c = from input -> upsample(like=from b); output a, b, c",
        "numerics",
    ),
    body(
        "another factor of the same sizes",
        "a = relu; b = from input -> tanh; c = from input -> matmul(from a); output a, b, c",
        "a = relu; b = from input -> tanh; c = from input -> matmul(from b); output a, b, c",
        "numerics",
    ),
    body(
        "a scaled branch",
        "add { identity; conv(4, 3) }",
        "add { identity; { conv(4, 3); multiply(0.5) } }",
        "numerics",
    ),
    body("a shortcut", "conv(4, 3)", "add { identity; conv(4, 3) }", "numerics"),
    body("without a shortcut", "add { identity; conv(4, 3) }", "conv(4, 3)", "numerics"),
    body("a clipped activation", "conv(4, 3); relu", "conv(4, 3); relu6", "numerics"),
    body(
        "applied once more",
        "a = conv(4, 3); relu",
        "a = conv(4, 3); relu; reuse a",
        "numerics cost",
    ),
    body(
        "a block of layers without weights",
        "block b { relu } ;; conv(4, 3); b",
        "block b { tanh } ;; conv(4, 3); b",
        "numerics",
    ),
    body(
        "repeats without weights",
        "block b { maxpool(3, stride=1) } ;; conv(4, 3); stage(b, n=2)",
        "block b { maxpool(3, stride=1) } ;; conv(4, 3); stage(b, n=3)",
        "numerics",
    ),
)
OF_TRAINING = (
    plain("a rate of dropout", "dropout(0.1)", "dropout(0.5)", "training"),
    plain("without dropout", "  dropout(0.1)\n", "", "training"),
    plain("whole channels dropped", "dropout(0.1)", "dropout2d(0.1)", "training"),
    plain("a momentum", "bn(eps=0.001)", "bn(eps=0.001, momentum=0.01)", "training"),
    body(
        "paths dropped",
        "add { identity; conv(4, 3) }",
        "add { identity; { conv(4, 3); drop_path(0.2) } }",
        "training",
    ),
    body(
        "attention that drops",
        "reshape([4, 64]) -> permute([1, 0]) -> attention(2)",
        "reshape([4, 64]) -> permute([1, 0]) -> attention(2, dropout=0.1)",
        "training",
    ),
    several("a head of another value", "  aux head =", "  from a\n  aux head =", "training"),
)
EDITS = (*HARMLESS, *OF_INTERFACE, *OF_WEIGHTS, *OF_NUMERICS, *OF_TRAINING)
