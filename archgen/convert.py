"""Carry weights between equivalent forms of a unit: ResNeXt's three (Xie et al. 2016, figure 3).

Knows the keys of `specs/blocks/resnext.arch` and what they hold; knows no network. Tensors are
moved by their own methods, so that torch is not imported here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from archgen import arguments

Form: TypeAlias = Literal["a", "b", "c"]
Tensor: TypeAlias = Any  # torch.Tensor, which this module must not import
State: TypeAlias = Mapping[str, Tensor]

# What a form keeps apart for each path; form (c) holds the paths of each in one tensor.
PARTS_OF_PATH: Mapping[Form, tuple[str, ...]] = {
    "a": ("conv1", "bn1", "conv2", "bn2", "conv3"),
    "b": ("conv1", "bn1", "conv2", "bn2"),
    "c": (),
}
IN_A_PATH = re.compile(r"(?P<unit>(?:.*\.)?)paths\.(?P<path>\d+)\.(?P<rest>\w+\.\w+)")


def convert_resnext(state: State, form: Form) -> dict[str, Tensor]:
    """Convert a `state_dict` of ResNeXt units, of a whole network or of one, to another form.

    The form it has is read from its keys; what belongs to no unit is passed on as it is. In
    evaluation and in training the network computes the same with the converted weights, up to the
    order of its sums, and the number of parameters is the same. For output channels O, C paths of
    width d, and input channels I:

    | form (c)     | shape            | form (b), path i   | form (a), path i   |
    | ---          | ---              | ---                | ---                |
    | conv1.weight | C d x I x 1 x 1  | rows i d .. i d + d | as (b)            |
    | conv2.weight | C d x d x 3 x 3  | rows i d .. i d + d | as (b)            |
    | bn1, bn2     | C d              | i d .. i d + d      | as (b)            |
    | conv3.weight | O x C d x 1 x 1  | as (c), not split   | columns i d .. i d + d |
    | bn3          | O                | as (c), not split   | as (c), not split |

    Raises `ValueError` if `state` holds no such unit.
    """
    arguments.check(state=(state, arguments.STATE), form=(form, arguments.TEXT))
    form = arguments.plain(form)
    if form not in PARTS_OF_PATH:
        raise ValueError(f'form is {form!r}: it can be "a", "b" or "c"')
    grouped = _joined(state)
    cardinalities = _cardinalities(grouped)
    if not cardinalities:
        raise ValueError("no ResNeXt unit in these weights: none has conv1, conv2 and conv3")
    return _split(grouped, cardinalities, PARTS_OF_PATH[form])


def _joined(state: State) -> dict[str, Tensor]:
    """Any form to form (c)."""
    paths: dict[str, dict[int, Tensor]] = {}
    result: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if match := IN_A_PATH.fullmatch(key):
            whole = match["unit"] + match["rest"]
            result.setdefault(whole)  # keeps the place among the keys
            paths.setdefault(whole, {})[int(match["path"])] = tensor
        else:
            result[key] = tensor
    for key, pieces in paths.items():
        result[key] = _join([pieces[i] for i in sorted(pieces)], _axis(key))
    return result


def _cardinalities(state: State) -> dict[str, int]:
    """The prefix of each unit of form (c), and its number of paths."""
    found = {}
    for key, tensor in state.items():
        unit, part, _ = _parts(key)
        if part == "conv3" and f"{unit}conv2.weight" in state:
            found[unit] = tensor.shape[1] // state[f"{unit}conv2.weight"].shape[1]
    return found


def _split(
    state: State, cardinalities: Mapping[str, int], parts: Sequence[str]
) -> dict[str, Tensor]:
    """Form (c) to one that keeps these parts apart for each path."""
    result = {}
    for key, tensor in state.items():
        unit, part, name = _parts(key)
        if unit not in cardinalities or part not in parts:
            result[key] = tensor
            continue
        for i in range(cardinalities[unit]):
            piece = _piece(tensor, i, cardinalities[unit], _axis(key))
            result[f"{unit}paths.{i}.{part}.{name}"] = piece
    return result


def _parts(key: str) -> tuple[str, str, str]:
    """`layer1.0.conv1.weight` as ("layer1.0.", "conv1", "weight")."""
    module, _, name = key.rpartition(".")
    outer, dot, part = module.rpartition(".")
    return outer + dot, part, name


def _axis(key: str) -> int | None:
    """The axis on which the paths lie side by side; None for the count of seen batches."""
    if key.endswith("num_batches_tracked"):
        return None
    return 1 if key.endswith("conv3.weight") else 0


def _join(pieces: Sequence[Tensor], axis: int | None) -> Tensor:
    first = pieces[0]
    if axis is None:
        return first.clone()  # all paths have seen the same batches
    size = first.shape[axis]
    sizes = list(first.shape)
    sizes[axis] = size * len(pieces)
    whole = first.new_empty(sizes)
    for i, piece in enumerate(pieces):
        whole.narrow(axis, i * size, size).copy_(piece)
    return whole


def _piece(whole: Tensor, i: int, count: int, axis: int | None) -> Tensor:
    if axis is None:
        return whole.clone()
    size = whole.shape[axis] // count
    return whole.narrow(axis, i * size, size).clone()
