"""What autograd keeps of a layer from the forward pass until the backward pass has used it."""

from __future__ import annotations

from archgen.frozen import dataclass

__all__ = ["INPUT", "NOTHING", "OUTPUT", "REGROUPED", "VIEW", "Keeps"]


@dataclass(frozen=True, slots=True)
class Keeps:
    """What one application of a layer keeps, on the CPU, in eager PyTorch.

    input, output: the memory of that value. numbers: so many more numbers of the type of the
    values (masks, statistics), and indices: integers of 64 bits, for each sample. fixed: more
    numbers of the type of the values, whatever the batch. view: the output is no memory of its
    own; it lies in that of the input. regroups: that is so where the numbers of the input lie in
    the order of its axes; else it is a copy. Parameters and buffers are not counted: they are there
    anyhow.
    """

    input: bool = False
    output: bool = False
    numbers: int = 0
    indices: int = 0
    fixed: int = 0
    view: bool = False
    regroups: bool = False


NOTHING = Keeps()
INPUT = Keeps(input=True)
OUTPUT = Keeps(output=True)
VIEW = Keeps(view=True)
REGROUPED = Keeps(view=True, regroups=True)
