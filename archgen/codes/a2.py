"""A2xx: shapes and channels."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = (
    Code(
        "A201",
        "a layer that cannot take its input",
        """
The layer needs an input of another form: with other axes, with its features on another axis, or
with larger sizes. Convolutions and pools take images (or signals, or volumes) with the features
first; `linear` and `layer_norm` take vectors or tokens, with the features last. `flatten`,
`permute` and `reshape` lead from one to the other. Sizes do not count the batch. A `param` has
none, so that no layer, block or result can take it: `add`, `mul` or `concat` it with a value.
""",
        """
arch net {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
  linear(10)
}
""",
        """
arch net {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
  global_avgpool -> flatten
  fc = linear(10)
}
""",
    ),
    Code(
        "A202",
        "numbers that do not divide or add up",
        """
Groups, chunks and shuffles cut the channels into equal parts, a `split` by sizes has to use up all
of them, and `reshape` keeps as many numbers as came. Nothing is rounded and nothing is left over:
change the width or the number of parts.
""",
        """
arch net {
  input(3, 32, 32)
  conv(20, 3) -> bn -> relu
  conv(20, 3, groups=8)
}
""",
        """
arch net {
  input(3, 32, 32)
  conv(24, 3) -> bn -> relu
  conv(24, 3, groups=8)
}
""",
    ),
    Code(
        "A203",
        "branches that do not fit together",
        """
The results of `add` and `mul` have to be of one shape, sizes of 1 aside, which are repeated; those
of `concat` may differ on the axis on which they are joined. The labels show the shape of every
branch. If the channels differ, project one of them (`conv(out, 1)`); if the sizes do, a stride or a
padding stands in one branch and not in the other. A merge has one branch at least: every statement
in its braces is one, as far as it is taken.
""",
        """
block unit(out, stride=1) {
  add {
    conv(out, 3, stride=stride) -> bn
    identity
  }
  relu
}

arch net {
  input(16, 32, 32)
  stage(unit, 32, n=2, stride=2)
}
""",
        """
block unit(out, stride=1) {
  add {
    conv(out, 3, stride=stride) -> bn
    if stride != 1 or channels != out {
      downsample = conv(out, 1, stride=stride) -> bn
    } else {
      identity
    }
  }
  relu
}

arch net {
  input(16, 32, 32)
  stage(unit, 32, n=2, stride=2)
}
""",
    ),
    Code(
        "A204",
        "not the input that is declared",
        """
`input(...)` says what a network takes. An arch that is called inside another one takes
any height and width, but no other channels and no other number of axes. From outside
(`archgen.load(path, input=(3, 192, 192))`) the sizes may be others, the number of axes and of
inputs may not.
""",
        """
arch encoder {
  input(3, 32, 32)
  conv(16, 3, stride=2) -> bn -> relu
}

arch net {
  input(1, 64, 64)
  encoder
}
""",
        """
arch encoder {
  input(3, 32, 32)
  conv(16, 3, stride=2) -> bn -> relu
}

arch net {
  input(1, 64, 64)
  conv(3, 1)
  encoder
}
""",
    ),
    Code(
        "A205",
        "a window that does not fit",
        """
The kernel, with its dilation, is larger than the input with its padding; or the padding is one that
PyTorch refuses. By itself (`padding=auto`) an odd kernel keeps the size that the stride leaves; an
even kernel larger than the stride has no symmetric padding, so that you have to say which. An image
that became too small has gone through more strides than the input allows.
""",
        """
arch net {
  input(3, 8, 8)
  conv(16, 3, stride=2) -> bn -> relu
  avgpool(7)
}
""",
        """
arch net {
  input(3, 16, 16)
  conv(16, 3, stride=2) -> bn -> relu
  avgpool(7)
}
""",
    ),
)
