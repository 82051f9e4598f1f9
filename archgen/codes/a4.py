"""A4xx: limits, and live models.

Of the files in the examples, `deform.arch` has an `extern` of torchvision's deformable convolution
as it is, `biased.arch` the same without its bias.
"""

from __future__ import annotations

from archgen.codes.entry import Code

ENTRIES: tuple[Code, ...] = (
    Code(
        "A401",
        "nested too deeply",
        """
Brackets, parts of an expression, or calls of blocks stand inside one another deeper than archgen
follows. For brackets and expressions, give a name to a part: with `let`, or as a block. A block
that calls itself must stop: put the call into an `if` on a parameter that gets smaller. An arch
that is another name of itself never comes to an end either.
""",
        """
block tree(depth) {
  conv(channels, 3) -> bn -> relu
  tree(depth - 1)
}

arch net {
  input(8, 16, 16)
  trunk = tree(3)
}
""",
        """
block tree(depth) {
  conv(channels, 3) -> bn -> relu
  if depth > 1 {
    tree(depth - 1)
  }
}

arch net {
  input(8, 16, 16)
  trunk = tree(3)
}
""",
    ),
    Code(
        "A402",
        "too long",
        """
A list, a string or a file is longer than archgen reads or makes. Nothing that people write comes
near; what counts to a million is most often a repeat, and `stage` repeats a block any number of
times without a list.
""",
        """
block unit(out) {
  conv(out, 3) -> bn -> relu
}

arch net {
  input(8, 16, 16)
  units = seq { for i in range(1M) { unit(8) } }
}
""",
        """
block unit(out) {
  conv(out, 3) -> bn -> relu
}

arch net {
  input(8, 16, 16)
  units = stage(unit, 8, n=1M)
}
""",
    ),
    Code(
        "A403",
        "too large a number",
        """
A number does not fit into 64 bits, or a value of the network holds more numbers than any machine.
Powers and products of products grow faster than they look; print a part of the expression by
promising something false about it: `expect width == 0`.
""",
        """
arch net {
  input(8)
  fc = linear(9 ** 9 ** 9)
}
""",
        """
arch net {
  input(8)
  fc = linear(9 ** 3)
}
""",
    ),
    Code(
        "A404",
        "too much work",
        """
Reading a spec takes a bounded number of steps, and this one asks for more: loops in loops, or
blocks that differ in every call. A loop is read pass by pass; `stage` repeats without further
work as soon as its calls are equal. A sum over a loop is often a formula. Generating the source of
a network has a limit too, which only loops nested five deep come near: make a block of the inner
loops.
""",
        """
arch net {
  input(8)
  fc = linear(sum([sum([i * j for j in range(5K)]) for i in range(5K)]) % 10 + 1)
}
""",
        """
arch net {
  input(8)
  fc = linear(sum(range(5K)) ** 2 % 10 + 1)
}
""",
    ),
    Code(
        "A405",
        "no live model",
        """
A network of any size can be checked, counted, drawn and written as source. A live model takes
memory and time for each of its modules and weights, so `archgen build` and `archgen.build` make
none that this machine could not hold. Lower a repeat or a width (`--set`), or ask for a model
without memory for its weights (`--device meta`), if it is them and not the modules that are too
many.

What PyTorch itself refuses while a model is made or run once (memory that is not there, a number
that its dtype cannot hold, an operation that a device lacks) is told at the layer where it does.
A model whose weights or results are not those that were predicted is a bug of archgen's: please
report it. The source of a model that failed is not written.
""",
        """
block unit(out) {
  conv(out, 3) -> bn -> relu
}

arch net {
  input(8, 16, 16)
  units = stage(unit, 8, n=1G)
}
""",
        """
block unit(out) {
  conv(out, 3) -> bn -> relu
}

arch net {
  input(8, 16, 16)
  units = stage(unit, 8, n=10)
}
""",
    ),
    Code(
        "A406",
        "a module that is not allowed to run",
        """
Building a network with an `extern` imports a module of another package and runs its code. That is
done only for what the person who runs archgen allows: `--allow-extern package.module:Class`,
`archgen.build(..., allow_extern=[...])`, or the variable `ARCHGEN_ALLOW_EXTERN`, where several are
told apart by commas; `package.module` allows all of its classes. Nothing in a spec or in a
project's configuration can allow it, since these come from others. Checking, counting, drawing and
writing the source run nothing.
""",
        "archgen build deform.arch",
        "archgen build deform.arch --allow-extern torchvision.ops:DeformConv2d",
    ),
    Code(
        "A407",
        "a module that is not as declared",
        """
Before a network with an `extern` is built, the module is made and run by itself, and compared with
its declaration: the keys of its `state_dict`, their order and sizes, which of them are parameters,
the sizes of its results, and the multiply-adds that PyTorch counts. What differs is told with what
to write instead. A class that is not there, that is no `nn.Module`, or whose constructor or
`forward` fails, is told with its reason.
""",
        "archgen build biased.arch --allow-extern torchvision.ops:DeformConv2d",
        "archgen build deform.arch --allow-extern torchvision.ops:DeformConv2d",
    ),
)
