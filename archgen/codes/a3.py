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
)
