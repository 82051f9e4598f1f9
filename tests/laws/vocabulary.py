"""The words that Hypothesis writes specs with."""

from __future__ import annotations

from tests.language.externs import GATE

ACTIVATIONS = (
    "relu",
    "relu6",
    "leaky_relu(0.1)",
    "prelu",
    "prelu(shared=false)",
    "elu",
    "silu",
    "gelu",
    "mish",
    "sigmoid",
    "tanh",
    "hardswish",
    "hardsigmoid",
    "softmax(0)",
    "softmax(-1)",
)
NORMS = (
    "bn",
    "bn",
    "bn(eps=0.001)",
    "group_norm(2)",
    "layer_norm2d",
    "layer_norm2d(bias=false)",
    "instance_norm",
    "lrn(3)",
    "frozen_bn",
)
# What a value is divided or multiplied by, beside itself: one number for several.
REDUCED = (
    "global_maxpool",
    "max(0, keep=true)",
    "min([1, 2], keep=true)",
    "sum(0, keep=true)",
    "mean([0, 1], keep=true)",
    "var([1, 2], correction=0, keep=true)",
    "vector_norm(0, keep=true)",
    "vector_norm([1, 2], p=3, keep=true)",
)
KEEPING = (
    "dropout(0.5)",
    "dropout2d(0.2)",
    "drop_path(0.1)",
    "identity",
    "multiply(0.5)",
    "channel_shuffle(2)",
    "maxpool(3, stride=1)",
    "avgpool(3, stride=1)",
    "l2_norm",
    "l2_norm(-1)",
    "abs",
    "sin",
    "clamp(-1, 2) -> exp",
    "clamp(0.5) -> sqrt",
    "clamp(0.5) -> log -> square -> cos",
    "roll(2, 1)",
    "unfold(2, 2, 1) -> sum(-1)",
    "unfold(2, 1, -1) -> max(-1)",
    "roll([1, -1], [0, -1])",
    'rearrange("c h w -> h c w") -> rearrange("h (a b) w -> (a b) h w", b=2, features="h")'
    ' -> rearrange("c h w -> h c w", features="h")',
    "permute([0, -1, 1]) -> permute([0, 2, 1], features=0)",
    "pad(1) -> crop([8, 8])",
)
RESIZING = (
    "maxpool(2)",
    "maxpool(3, stride=2)",
    "avgpool(2, ceil_mode=true)",
    "avgpool(3, stride=2, count_include_pad=false)",
    "pad(1)",
    "upsample(scale=2)",
    'upsample(scale=2, mode="bilinear")',
    "adaptive_avgpool(4)",
    "adaptive_maxpool([3, 2])",
    "pixel_shuffle(2)",
    "pixel_unshuffle(2)",
    'maxpool(3, stride=2, padding="same")',
    'avgpool(2, padding="same", count_include_pad=false)',
    'conv(channels, 3, stride=2, padding="same")',
    "slice(channels // 2)",
    "slice(step=2, axis=1)",
    "slice(1, -1, axis=-1)",
)
WIDTHS = ("4", "8", "8", "12", "16", "channels", "channels // 2 * 2", "divisible(channels, 4)")
CONDITIONS = ("channels > 6", "channels % 8 == 0", "true", "input.channels == channels")
LAYER_VALUES = ("relu", "gelu", "leaky_relu(0.2)", "bn", "none", "identity", "unit(4)")
# Values without a batch: indices, what is done to what they take, and floats of a formula.
INDICES = (
    "[{rows} - 1 - i for i in range({rows})]",
    "[[(i + j) % {rows} for j in range(3)] for i in range(2)]",
    "[0, 1, 0]",
    "[i // 2 for i in range(2, 4) if i > 2]",
)
TAKEN = ("", " -> linear(channels) -> relu", " -> layer_norm", " -> softmax(-1)", " -> l2_norm(-1)")
HOLDING = ("identity", "sigmoid", "holds", "holds(3)", "clamp(-1, 1) -> exp")
FLOATS = (
    "[sin(i / 3) for i in range(channels)]",
    "[[[cos(pi * i / 8)] for j in range(1)] for i in range(channels)]",
    "[[1.0 if (i + j) % 2 == 0 else exp(-j) for j in range(1)] for i in range(1)]",
    "[1], init=uniform",
)
# Blocks that others call; each shows a form of its own.
PARTS = (
    GATE
    + """\
extern mix(other, third=none) = "tests.strangers:Mix" { output shape, [channels] }
block gated(out, kernel=3) { gate(out, kernel=kernel) -> relu }
block mixed(out) {
  a = conv(out, 3)
  b = conv(out, 1)
  c, d = from a -> mix(from b)
  mul { from c; from d -> rearrange("c -> c 1 1") }
}
block unit(out, act=relu) { conv(out, 3) -> bn -> act }
block point(out) = conv(out, 1, bias=true)
block double(out, act=relu) = conv(out, 3) -> act -> conv(out, 3)
block tail(out, n=2) = seq { for i in range(n) { conv(out, 3) -> relu } }
block joined(out, other) { concat { from other; identity }; conv(out, 1) }
block listed(out, values) { concat { from values[0]; identity }; conv(out, 1) }
block aside(out, other) { from other -> conv(out, 3) }
block sized(out, other) { conv(out, 1) -> upsample(like=from other) }
block paired(out, other) { a = aside(out, from other); b = from input -> conv(out, 1); output a, b }
block helped(out, deep=true) {
  conv(out, 3) -> relu
  if deep { aux side = global_avgpool -> flatten -> linear(2) } else { bn }
}
block forked(out) { a = conv(out, 3); b = from input -> conv(out, 1); output a, b }
block numbered(out, acts, n=2) {
  for i in range(n) { relu; "{i}" = conv(out, 3); acts[i % len(acts)] }
}
block holds(by=2) {
  gate = linear(by * channels) -> relu -> linear(input.channels)
  let shift = param([channels], init=ones)
  add { identity; from shift; from input }
}
block tree(out, n) { conv(out, 3); if n > 0 { add { identity; tree(out, n - 1) } } }
"""
)
CALLS = (
    "unit({width})",
    "unit({width}, act=none)",
    "unit({width}, act=gelu)",
    "point({width})",
    "double({width})",
    "double({width}, act=silu)",
    "tail({width})",
    "tail({width}, n=3)",
    "tree({width}, 2)",
    "numbered({width}, [relu, bn])",
    "numbered({width}, [gelu], n=5)",
    "helped({width}, deep=false)",
)
OF_OTHERS = ("gated({width})", "gated({width}, kernel=1)", "gate({width})", "mixed({width})")
HEADED = ("helped({width})",)  # which bring a training head
# Names of parameters that Python, `nn.Module` or the generated text gives a meaning to.
_WORDS = """
x self in_channels features size index items layers paths F nn torch math Tensor super range int
t0 y __x __class__ __dict__ _ __b class lambda training forward half count l I conv1
"""
SPECIAL = tuple(_WORDS.split())


STARTS = [
    'conv.weight, kaiming_normal(mode="fan_out")',
    "conv.weight, normal(mean=0.1, std=0.3)",
    "conv.bias, ones",
    "bn.weight, uniform(0.5, 1.5)",
    "bn.bias, constant(0.1)",
    "linear.weight, xavier_uniform",
    "linear.bias, zeros",
]
