"""Specs with `extern`, of torchvision and of `tests/strangers.py`."""

from __future__ import annotations

DEFORM = """extern deform(out, offset, kernel=3) = "torchvision.ops:DeformConv2d"(
  channels, out, kernel, padding=kernel // 2,
) {
  "Deformable convolution (Dai et al. 2017)."
  output [out, shape[1], shape[2]]
  param weight = [out, channels, kernel, kernel]
  param bias = [out]
}

arch net {
  input(4, 12, 10)
  offsets = conv(18, 3, bias=true)
  from input -> deform(8, offset=from offsets) -> relu
  flatten -> linear(5)
}
"""
GATE = """extern gate(out, kernel=3) = "tests.strangers:Gate"(channels, out, kernel, scale=0.5) {
  output [out, shape[1], shape[2]]
  buffer calls = []
  param "conv.weight" = [2 * out, channels, kernel, kernel]
  param "norm.weight" = [out]
  param "norm.bias" = [out]
  buffer "norm.running_mean" = [out]
  buffer "norm.running_var" = [out]
  buffer "norm.num_batches_tracked" = []
  macs 2 * out * channels * kernel ** 2 * shape[1] * shape[2]
}
"""
UNITS = f"""{GATE}
block unit(out, kernel=3) {{
  add {{
    gate(out, kernel=kernel)
    if input.channels != out {{ conv(out, 1) }} else {{ identity }}
  }}
  relu
}}

arch net {{
  input(3, 16, 16)
  unit(8) -> unit(16, kernel=5)
  layers = stage(unit, 16, n=2)
  global_avgpool -> flatten -> linear(5)
}}
"""
MIX = """extern mix(other, third=none) = "tests.strangers:Mix" {
  output [max(channels, other.channels), shape[1], shape[2]], [channels]
}

arch net {
  input(4, 8, 8)
  a = conv(4, 3)
  b = conv(4, 1)
  c, d = from a -> mix(from b)
  e, f = from c -> mix(from a, from b)
  from e -> global_avgpool -> flatten -> add { identity; from d; from f } -> linear(3)
}
"""
ALLOWED = ["torchvision.ops:DeformConv2d", "tests.strangers"]
