"""The numbers of two modules that have the same keys: outputs and gradients, as `prove` compares
them, but each measured, and the first module inside whose output is another.

One of the modules that import torch.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from archgen.importers import prove
from archgen.importers.compared import Comparison, Measured, Sizes, reason_of
from archgen.importers.described import tensors_in

INFINITE = float("inf")


def compare(
    models: tuple[nn.Module, nn.Module],
    names: tuple[str, str],
    shapes: Sequence[Sizes],
    told: Callable[[str], None] = lambda step: None,
) -> Comparison:
    """Compare two modules, which are left as they are.

    shapes: of the inputs, without the batch. told: is given each step as it begins, in words.
    """
    wanted, held = (
        {key: tuple(value.shape) for key, value in model.state_dict().items()} for model in models
    )
    if reason := reason_of(wanted, held):
        return Comparison(*names, wanted, held, reason=reason)
    one, other = map(_in_float64, models)
    inputs = prove.loud_inputs(other, shapes)
    one.load_state_dict(other.state_dict(), strict=True)
    told("comparing outputs")
    measured = [_evaluation(one, other, inputs)]
    told("comparing gradients")
    measured += _training(one, other, inputs)
    return Comparison(*names, wanted, held, tuple(measured))


def _in_float64(model: nn.Module) -> nn.Module:
    """A copy that learns, no weight of it frozen."""
    return copy.deepcopy(model).double().requires_grad_(True)


def _evaluation(old: nn.Module, new: nn.Module, inputs: list[Tensor]) -> Measured:
    with torch.no_grad():
        seen, expected = _watched(old.eval(), inputs)
        other, found = _watched(new.eval(), inputs)
    measured = _outputs("outputs in evaluation", expected, found)
    calls = (call for call in other if call in seen)
    first = next((call for call in calls if not _largest(seen[call], other[call])[2]), None)
    if measured.equal or first is None:
        return measured
    path, number = first
    what = type(new.get_submodule(path)).__name__ + (f", call {number}" if number > 1 else "")
    where = f"{measured.where}; `{path}` ({what}) is the first with another output"
    return Measured(measured.what, measured.difference, where, equal=False)


Calls = dict[tuple[str, int], Tensor]  # by the path of a module, and the number of its call


def _watched(model: nn.Module, inputs: list[Tensor]) -> tuple[Calls, list[Tensor]]:
    """The outputs of modules without modules inside, in the order of the run; and of the whole."""
    seen: Calls = {}
    counts: Counter[str] = Counter()

    def keep(path: str, module: nn.Module, inputs: Any, output: Any) -> None:
        counts[path] += 1
        for tensor in tensors_in(output):
            seen.setdefault((path, counts[path]), tensor.clone())

    with ExitStack() as watching:
        for path, module in model.named_modules():
            if path and not list(module.children()):
                watching.callback(module.register_forward_hook(partial(keep, path)).remove)
        return seen, prove.run(model, inputs)


def _training(old: nn.Module, new: nn.Module, inputs: list[Tensor]) -> Iterator[Measured]:
    inputs = [each / 2 + 1 for each in inputs]  # other statistics than they have already
    with prove.without_chance(old, new):
        expected, found = prove.run(old, inputs), prove.run(new, inputs)
    outputs = _outputs("outputs in training", expected, found)
    yield outputs
    if outputs.difference == INFINITE:
        return
    for results in (expected, found):
        prove.backward(results)
    yield from _named("gradients", *(_gradients(model) for model in (old, new)))
    yield from _named("buffers after training", *(dict(m.named_buffers()) for m in (old, new)))


def _gradients(model: nn.Module) -> dict[str, Tensor]:
    return {name: _gradient(weight) for name, weight in model.named_parameters()}


def _named(what: str, old: dict[str, Tensor], new: dict[str, Tensor]) -> Iterator[Measured]:
    """What both have under one name; nothing where there is none."""
    names = [name for name in old if name in new]
    differences = [(name, *_largest(old[name], new[name])) for name in names]
    if differences:
        name, difference, place, _ = max(differences, key=lambda each: each[1])
        unequal = sum(not equal for *_, equal in differences)
        where = f"in `{name}`{place}; {unequal:,} of {len(differences):,} differ"
        yield Measured(what, difference, where, equal=not unequal)


def _gradient(weight: nn.Parameter) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def _outputs(what: str, expected: list[Tensor], found: list[Tensor]) -> Measured:
    if len(expected) != len(found):
        return Measured(what, INFINITE, f"{len(expected)} and {len(found)} tensors", equal=False)
    results = [(at, *_largest(*pair)) for at, pair in enumerate(zip(expected, found, strict=True))]
    at, difference, place, _ = max(results, key=lambda each: each[1])
    if difference == INFINITE:
        return Measured(what, difference, place, equal=False)
    which = f"output {at}" if len(results) > 1 else "the output"
    return Measured(what, difference, f"in {which}{place}", all(each[3] for each in results))


def _largest(expected: Tensor, found: Tensor) -> tuple[float, str, bool]:
    """The largest difference, relative to the largest number; where; whether it is none."""
    if expected.shape != found.shape:
        shapes = (" x ".join(map(str, each.shape)) for each in (expected, found))
        return INFINITE, "shapes {} and {}".format(*shapes), False
    if not expected.numel():
        return 0.0, "", True
    expected, found = expected.detach().double(), found.detach().double()
    apart = (expected - found).abs() / max(float(expected.abs().max()), 1e-30)
    at = int(apart.argmax())
    difference = float(apart.flatten()[at])
    index = ", ".join(str(int(each)) for each in torch.unravel_index(torch.tensor(at), apart.shape))
    if difference != difference:
        return INFINITE, f"not a number at [{index}]", False
    return difference, f" at [{index}]" if index else "", difference <= prove.TOLERANCE
