"""A3xx: promises."""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = (
    Code(
        "A301",
        "a promise that is not kept",
        """
`expect` in an arch promises something about the network, and it is not so; the message shows what
was promised and what is. `params`, `macs`, `flops` (two a multiply-add), `depth`, `output` and the
others speak of the network in evaluation, for one sample. If the figure comes from a paper, the
network differs from the paper's; if it was meant as a budget, write `<=`. Under parameters that are
not the defaults, a broken promise is a note and no error.
""",
        """
arch net {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
  expect params == 432
}
""",
        """
arch net {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
  expect params == 464  # 3 * 16 * 9, and 2 * 16 of the norm
}
""",
    ),
    Code(
        "A302",
        "a block that is used as it must not be",
        """
`expect` in a block is a condition that its author set for parameters and input. This call does not
meet it; the label shows what the names in it are worth, and the trail which call it was. Change the
call. If the block could do it after all, change the condition.
""",
        """
block shuffle_unit(groups) {
  expect channels % groups == 0
  channel_shuffle(groups) -> conv(channels, 3, groups=groups)
}

arch net {
  input(16, 32, 32)
  shuffle_unit(3)
}
""",
        """
block shuffle_unit(groups) {
  expect channels % groups == 0
  channel_shuffle(groups) -> conv(channels, 3, groups=groups)
}

arch net {
  input(16, 32, 32)
  shuffle_unit(4)
}
""",
    ),
    Code(
        "A303",
        "a promise about sizes that is not kept",
        """
`sizes` in an arch names the sizes of its input that may change, in order, and promises something
of them: `accepts CONDITION` that the built model takes every size at which the condition holds,
`only CONDITION` that it takes no other, and a condition alone that it holds at every size that is
taken; `output` is there the shape of the result. Conditions are made of sums, multiples, `//`
and `%` of sizes. What cannot be decided is not taken for granted: it is told as such. `archgen
summary` prints which sizes a network takes.
""",
        """
arch net {
  input(3, 64, 64)
  conv(8, 3, stride=2) -> maxpool(2)
  sizes h, w { accepts h >= 1 and w >= 1 }
}
""",
        """
arch net {
  input(3, 64, 64)
  conv(8, 3, stride=2) -> maxpool(2)
  sizes h, w {
    accepts h >= 3 and w >= 3
    only h >= 3 and w >= 3
    output == [8, ceil(h / 2) // 2, ceil(w / 2) // 2]
  }
}
""",
    ),
)
