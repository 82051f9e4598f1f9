"""The proof of an import: the spec's model has the module's keys, outputs and gradients.

Weights are the module's, loaded strictly; numbers are float64, batch norms are calibrated on the
input, since fresh weights make wrong networks look equal. One of the modules that import torch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from archgen.importers.described import tensors_in

BATCH = 2
LOUD = 4.0  # deviations of the input: what saturates has to
TOLERANCE = 1e-9  # of the largest number; float64 has 1e-16, sums in another order lose some


class Unequal(Exception):
    """The two models are not the same network; the message says where they differ."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared: the number of keys, and whether they have one order, which counts for an
    optimizer's state; the largest differences, relative."""

    keys: int
    same_order: bool
    outputs: float
    gradients: float

    def __str__(self) -> str:
        order = "in the same order" if self.same_order else "in another order"
        largest = max(self.outputs, self.gradients)
        same = "equal to the bit" if largest == 0 else f"equal within {largest:.0e}"
        return f"{self.keys} keys {order}; outputs and gradients {same}"


def prove(
    model: nn.Module,
    made: nn.Module,
    shapes: Sequence[tuple[int, ...]],
    heads: Sequence[int] = (),
) -> Proof:
    """Compare a module with the model of its spec, in evaluation and in training.

    model: is left as it is. made: gets the weights of a copy of it, and may be on "meta". shapes:
    of the inputs, without the batch. heads: which head of the module each head of the spec is.
    Raises `Unequal`.
    """
    same_order = compare_keys(model.state_dict(), made.state_dict())
    theirs = doubled(model)
    inputs = loud_inputs(theirs, shapes)
    made.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    with torch.no_grad():
        outputs = _largest(
            "the output in evaluation", run(theirs.eval(), inputs), run(made.eval(), inputs)
        )
    gradients = _compare_training(theirs, made, inputs, heads)
    return Proof(len(model.state_dict()), same_order, outputs, gradients)


def doubled(model: nn.Module) -> nn.Module:
    """A copy of a module in float64, no weight of it frozen."""
    known: dict[int, Any] = {}
    for weight in model.parameters():
        known[id(weight)] = nn.Parameter(weight.detach().double())
    for buffer in model.buffers():
        known[id(buffer)] = buffer.double() if buffer.is_floating_point() else buffer.clone()
    return copy.deepcopy(model, known).double()


def loud_inputs(model: nn.Module, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Inputs of which every layer is to be seen, for a module in float64 that is made so that it
    is: with scales and shifts as training could leave them, and batch norms calibrated."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = [LOUD * torch.randn(BATCH, *sizes, dtype=torch.float64) for sizes in shapes]
        _awaken(model)
        _calibrate(model, inputs)
    return inputs


def compare_keys(theirs: dict[str, Tensor], ours: dict[str, Tensor]) -> bool:
    """Raise `Unequal` unless names and shapes are equal; whether the order is."""
    for key in (*theirs, *ours):
        if key not in ours:
            raise Unequal(f"the key `{key}` is missing")
        if key not in theirs:
            raise Unequal(f"the key `{key}` is too many")
        if theirs[key].shape != ours[key].shape:
            shapes = (tuple(each[key].shape) for each in (ours, theirs))
            raise Unequal("`{}` is {} and should be {}".format(key, *shapes))
    return list(theirs) == list(ours)


def _compare_training(
    theirs: nn.Module, ours: nn.Module, inputs: list[Tensor], heads: Sequence[int]
) -> float:
    """Outputs and gradients in training mode, without what is random."""
    with without_chance(theirs, ours):
        first, second = run(theirs, inputs), run(ours, inputs)
    if heads:
        main = len(first) - len(heads)
        first = [*first[:main], *(first[main + number] for number in heads)]
    largest = _largest("the output in training", first, second)
    backward(first)
    expected = {name: weight.grad for name, weight in theirs.named_parameters()}
    differences: dict[str, float] = {}

    def compare(name: str, weight: Tensor) -> None:
        """The gradient of ours, as soon as it is there: all of them would be as large again."""
        pair = [each if each is not None else zero for each in (expected[name], weight.grad)]
        differences[name] = _largest(f"the gradient of `{name}`", pair[:1], pair[1:])
        weight.grad = None

    zero = torch.zeros(())
    weights = dict(ours.named_parameters())
    for name, weight in weights.items():
        hook = partial(compare, name)
        weight.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]
    backward(second)
    for name in weights.keys() - differences:
        compare(name, weights[name])
    return max(largest, *differences.values(), 0.0)


@contextmanager
def without_chance(*models: nn.Module) -> Iterator[None]:
    """Put modules into training mode, but for what is random in it."""
    for model in models:
        model.train()
        for module in model.modules():
            if _is_random(module):
                module.eval()
    with _Undropped():
        yield


def backward(results: Sequence[Tensor]) -> None:
    """Compute the gradients of a sum with random weights, the same ones for equal shapes."""
    generator = torch.Generator().manual_seed(0)
    factors = [torch.randn(each.shape, generator=generator, dtype=each.dtype) for each in results]
    total = sum((a * b).sum() for a, b in zip(results, factors, strict=True))
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()  # type: ignore[no-untyped-call]


def _awaken(model: nn.Module) -> None:
    """Scales and shifts of norms as training could make them: with ones and zeros `relu6` is
    `relu`, and a norm left out is not seen."""
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.dim() == 1:
            with torch.no_grad():
                weight.uniform_(0.5, LOUD)
                bias = getattr(module, "bias", None)
                if isinstance(bias, nn.Parameter):
                    bias.uniform_(-1.0, 1.0)


class _Undropped(TorchFunctionMode):
    """Functions that drop numbers give back what they get."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "dropout" in getattr(func, "__name__", ""):
            return args[0]
        return func(*args, **(kwargs or {}))


def _calibrate(model: nn.Module, inputs: list[Tensor]) -> None:
    """Give batch norms the statistics of the input, so that no layer dampens the signal."""
    norms = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        model(*inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _is_random(module: nn.Module) -> bool:
    dropout = isinstance(module, nn.modules.dropout._DropoutNd)
    return dropout or type(module).__name__ in {"StochasticDepth", "DropPath"}


def run(model: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """The tensors of a module's result, in order, with gradients in training; its inputs are
    copied."""
    with torch.set_grad_enabled(model.training):
        return list(tensors_in(model(*(each.clone() for each in inputs))))


def _largest(what: str, theirs: Sequence[Tensor], ours: Sequence[Tensor]) -> float:
    """The largest difference, relative to the largest number. Raises `Unequal`."""
    if len(theirs) != len(ours):
        raise Unequal(f"{what}: {len(ours)} tensors instead of {len(theirs)}")
    largest = 0.0
    for expected, found in zip(theirs, ours, strict=True):
        if expected.shape != found.shape:
            raise Unequal(f"{what} is {tuple(found.shape)} and should be {tuple(expected.shape)}")
        scale = max(float(expected.detach().abs().max()), 1e-30)
        difference = float((expected - found).detach().abs().max()) / scale
        if not difference <= TOLERANCE:
            raise Unequal(f"{what} differs by {difference:.1e} of its largest number")
        largest = max(largest, difference)
    return largest
