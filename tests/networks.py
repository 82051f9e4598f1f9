"""Small networks that use what the shipped ones do not: heads, skips, shared and free weights."""

from __future__ import annotations

UNET = """
block double(out) { conv(out, 3) -> bn -> relu; conv(out, 3) -> bn -> relu }
block up(out, skip) {
  up = conv_transpose(out, 2, stride=2, bias=true)
  concat { from skip; identity }
  conv = double(out)
}
arch unet(classes=2, width=8) {
  input(1, 64, 64)
  down0 = double(width)
  maxpool(2)
  down1 = double(width * 2)
  maxpool(2)
  double(width * 4)
  ups[0] = up(width * 2, skip=from down1)
  ups[1] = up(width, skip=from down0)
  head = conv(classes, 1, bias=true)
}
"""

SIAMESE = """
arch siamese {
  left = input(1, 32, 32)
  right = input(1, 32, 32)
  a = from left -> encoder(16)
  b = from right -> reuse a
  mul { from a; from b }
  out = linear(1)
}
block encoder(dim) {
  conv(8, 3, stride=2, bias=true) -> relu
  conv(16, 3, stride=2, bias=true) -> relu
  global_avgpool -> flatten
  linear(dim)
}
"""

HEADED = """
arch headed(classes=10) {
  input(3, 32, 32)
  conv(16, 3, stride=2) -> bn -> relu
  aux early = head(classes)
  conv(32, 3, stride=2) -> bn -> relu
  global_avgpool -> flatten
  fc = linear(classes)
}
block head(classes) { conv(8, 1) -> relu; global_avgpool -> flatten; linear(classes) }
"""

CONVNEXT = """
block unit(out) {
  add {
    identity
    mul {
      {
        conv(out, 7, groups=out, bias=true) -> layer_norm2d(eps=1e-6)
        conv(4 * out, 1, bias=true) -> gelu
        conv(out, 1, bias=true)
      }
      layer_scale = param([channels, 1, 1], init=constant(1e-6))
    }
  }
}
arch convnext {
  input(3, 32, 32)
  stem = conv(16, 4, stride=4, bias=true) -> layer_norm2d(eps=1e-6)
  stage(unit, 16, n=3)
  global_avgpool -> flatten -> linear(10)
}
"""

SHUFFLE = """
block unit(out) {
  a, b = split(2)
  concat {
    from a
    { from b; conv(out // 2, 1) -> bn -> relu; conv(out // 2, 3, groups=out // 2) -> bn }
  }
  channel_shuffle(2)
}
arch shuffle {
  input(3, 32, 32)
  conv(16, 3, stride=2) -> bn -> relu
  stage(unit, 16, n=4)
  global_avgpool -> flatten
  fc = linear(10)
}
"""

PYRAMID = """
block level(n) {
  add {
    conv(8, 3)
    if n > 0 {
      { maxpool(2); inner = level(n - 1); upsample(scale=2) }
    } else {
      identity
    }
  }
}
arch pyramid {
  input(8, 32, 32)
  c1 = conv(8, 3, stride=2)
  c2 = conv(8, 3, stride=2)
  from c1
  levels = level(3)
  add { identity; { from c2; upsample(like=from levels) } }
}
"""

TOWER = """
block twice(k) {
  if k > 0 { a = twice(k - 1); b = twice(k - 1) } else { conv(4, 3) }
}
arch tower(k=40) { input(4, 8, 8); twice(k) }
"""

LONG = """
use residual
arch long(n=1G) {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
  stage(basic, 16, n=n)
  global_avgpool -> flatten
  fc = linear(10)
}
"""

PECULIAR = {
    "unet": UNET,
    "siamese": SIAMESE,
    "headed": HEADED,
    "convnext": CONVNEXT,
    "shuffle": SHUFFLE,
    "pyramid": PYRAMID,
}
