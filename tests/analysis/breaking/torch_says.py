"""What PyTorch itself says of a change: do the weights load, is the function the same."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

import archgen

torch.set_num_threads(1)
Results = dict[str, Tensor]


def judge(old: archgen.Network, new: archgen.Network) -> str | None:
    """ "weights" if they do not load strictly, else "numerics" if evaluation differs, else
    "training" if training does, else nothing."""
    before, after = _model(old), _model(new)
    inputs = list(_inputs(old, new))
    enliven(before, inputs[0])
    try:
        after.load_state_dict(before.state_dict(), strict=True)
    except RuntimeError:
        return "weights"
    if any(_differ(before.eval(), after.eval(), each) for each in inputs):
        return "numerics"
    if any(_differ(before.train(), after.train(), each) for each in inputs):
        return "training"
    return None if _same_state(before, after) else "training"


def judge_carried(old: archgen.Network, new: archgen.Network) -> bool | None:
    """Whether evaluation differs with the weights that `transfer` carries; None if it does not
    carry all of them, from one to the other."""
    before, after = _model(old), _model(new)
    inputs = list(_inputs(old, new))
    enliven(before, inputs[0])
    made = archgen.transfer(old, new, before.state_dict(), allow_new=True, seed=0)
    if made.added or made.reshaped or made.dropped:
        return None
    after.load_state_dict(made.state, strict=True)
    return any(_differ(before.eval(), after.eval(), each) for each in inputs)


def _model(network: archgen.Network) -> nn.Module:
    return archgen.build(network, dtype="float64", seed=0)


def enliven(model: nn.Module, inputs: dict[str, Tensor]) -> None:
    """Numbers that show whether they are used: every weight, and the statistics of norms. Each
    layer gives values of a spread of 1 for `inputs`: where they are large, GELU is ReLU."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.normal_(0, 1, generator=generator)
                if "running_var" in name:
                    value.abs_().add_(0.1)
    layers = [each for each in model.modules() if isinstance(each, _LINEAR_IN_WEIGHTS)]
    handles = [each.register_forward_hook(_scale_once()) for each in layers]
    _results(model.eval(), inputs)
    for handle in handles:
        handle.remove()


_LINEAR_IN_WEIGHTS = (nn.modules.conv._ConvNd, nn.Linear, nn.BatchNorm2d, nn.BatchNorm1d)


def _scale_once() -> Callable[[nn.Module, object, Tensor], Tensor | None]:
    """A hook that divides a layer's weights by the spread of what it first gives."""
    seen = False

    def scale(layer: nn.Module, _: object, given: Tensor) -> Tensor | None:
        nonlocal seen
        spread = float(given.std())
        if seen or not 0 < spread < math.inf or layer.weight is None:
            return None
        seen = True
        for parameter in layer.parameters(recurse=False):
            parameter.div_(spread)
        return given / spread

    return scale


def _inputs(*networks: archgen.Network) -> Iterator[dict[str, Tensor]]:
    """Values for the inputs by name, of the sizes of either network and of larger ones; small
    ones, where GELU is not ReLU, and large ones, where ReLU6 is not."""
    generator = torch.Generator().manual_seed(1)
    for network in networks:
        body = network.body
        shapes = [body.values[ref].sizes for ref in body.inputs]
        for more, spread in ((0, 1), (0, 50), (5, 3)):
            larger = [(sizes[0], *(size + more for size in sizes[1:])) for sizes in shapes]
            made = (spread * torch.randn(8, *each, generator=generator).double() for each in larger)
            yield dict(zip(body.input_names, made, strict=True))


def _differ(old: nn.Module, new: nn.Module, inputs: dict[str, Tensor]) -> bool:
    before, after = _results(old, inputs), _results(new, inputs)
    if before is None or after is None:
        return False  # of a size that a model does not take
    return any(
        name in after and not torch.equal(value, after[name]) for name, value in before.items()
    )


def _results(model: nn.Module, inputs: dict[str, Tensor]) -> Results | None:
    """The results by name, those of a list by place; None if the model refuses the input."""
    taken = list(inspect.signature(model.forward).parameters)
    known = taken if {*taken} == {*inputs} else list(inputs)
    torch.manual_seed(2)
    try:
        with torch.no_grad():
            result = model(*(inputs[name].clone() for name in known))
    except (RuntimeError, ValueError, IndexError):
        return None
    return _by_name(result)


def _by_name(result: object) -> Results:
    if isinstance(result, Tensor):
        return {"": result}
    if isinstance(result, list):
        return {str(place): each for place, each in enumerate(result)}
    assert isinstance(result, tuple)
    named = zip(result._fields, result, strict=True)  # type: ignore[attr-defined]
    return {name: value for name, value in named if value is not None}


def _same_state(old: nn.Module, new: nn.Module) -> bool:
    """Whether training left the same statistics behind."""
    before, after = old.state_dict(), new.state_dict()
    return all(torch.equal(before[key], after[key]) for key in before)
