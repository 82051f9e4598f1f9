"""Memory as data: amounts that depend on the batch and the type, and what is known of a network."""

from __future__ import annotations

from archgen.frozen import dataclass

__all__ = ["DTYPES", "KEPT", "OPTIMIZERS", "Advice", "Amount", "Memory", "Moment", "Training"]

DTYPES = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}  # bytes of a number
# For each optimizer of torch.optim: numbers for each parameter, and whether each tensor of
# parameters has a counter of its steps (four bytes).
OPTIMIZERS = {"sgd": (1, False), "adam": (2, True), "adamw": (2, True)}
INDEX = 8  # bytes of an integer of 64 bits
KEPT = (
    "Kept is what autograd holds between forward and backward: the storages that "
    "saved_tensors_hooks sees, each once, without parameters, in eager PyTorch on the CPU. A row "
    "has those of the values that it makes. The workspaces of kernels and what the allocator "
    "rounds up are not counted; mixed precision and fused kernels keep other tensors."
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Memory as a function of the batch and of the type of numbers.

    numbers, indices: for each sample, of the type of the values and integers of 64 bits. fixed:
    numbers whatever the batch.
    """

    numbers: int = 0
    indices: int = 0
    fixed: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.numbers + other.numbers, self.indices + other.indices, self.fixed + other.fixed
        )

    def __mul__(self, count: int) -> Amount:
        return Amount(self.numbers * count, self.indices * count, self.fixed * count)

    def bytes(self, batch: int = 1, dtype: str = "float32") -> int:
        """How many bytes, of `batch` samples."""
        width = DTYPES[dtype]
        return (batch * self.numbers + self.fixed) * width + batch * self.indices * INDEX


@dataclass(frozen=True, slots=True)
class Moment:
    """Values that an evaluation holds at once, and the row in which that is."""

    numbers: int  # for each sample
    path: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What checkpointing a row would save: what is kept inside of it, less its inputs where
    nothing else keeps them; and the work that is then done twice, for each sample."""

    path: str
    saved: Amount
    macs: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a network's memory. Numbers are for one sample, types are open.

    kept: what autograd keeps from the forward to the backward pass, in training mode; None where
    a layer does not say (`unknown` names it). rows: the same by path of the summary's rows. kept in
    evaluation mode is `evaluated`. peak: the largest moment of an evaluation without gradients:
    the input, all values that are still read, and the one that is made.
    """

    kept: Amount | None
    evaluated: Amount | None
    rows: dict[str, Amount]
    unknown: str
    peak: Moment
    params: int
    tensors: int  # of parameters

    def optimizer(self, name: str, dtype: str = "float32") -> int:
        """Bytes of an optimizer's state: SGD has one number for a parameter (its momentum)."""
        numbers, counted = OPTIMIZERS[name]
        return self.params * numbers * DTYPES[dtype] + (4 * self.tensors if counted else 0)


@dataclass(frozen=True, slots=True)
class Training:
    """How a training step is done: so many samples, of this type, with this optimizer."""

    batch: int = 1
    dtype: str = "float32"
    optimizer: str = "sgd"
