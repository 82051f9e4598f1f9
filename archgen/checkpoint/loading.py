"""Weights for a model that is to be made: those of a file or a `state_dict`, if they fit."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from archgen.analysis.weights import state as entries
from archgen.checkpoint.contents import State, contents
from archgen.checkpoint.fit import check_fits, fit
from archgen.checkpoint.hints import without
from archgen.checkpoint.read import read
from archgen.diagnostics import ArchError, error
from archgen.network import Network

Weights = State | str | os.PathLike[str]


def fitting(
    weights: Weights,
    network: Network,
    whole: Network,
    *,
    under: Sequence[str] = (),
    prefix: str = "",
) -> State:
    """A `state_dict` that a strict load into a model of `network` takes.

    weights: that, a file, or `torchvision:NAME`. whole: the network before it was cut to its
    features; weights of this one are taken too, those that `network` does not have left out.
    under, prefix: where in a file they are, and what to take off their keys.
    Raises `ArchError` if they cannot be read or fit neither, before a number is read, `ValueError`
    if two keys are one without the prefix, `ModuleNotFoundError` without torch or torchvision.
    """
    if isinstance(weights, Mapping):
        path, state = None, weights
        held = without(contents(weights), prefix)
    else:
        path = os.fspath(weights)
        held = without(contents(read(path, under).state), prefix)
    is_whole = whole is not network and not fit(network, held).fits
    check_fits(whole if is_whole else network, held, path, "A524")
    if path is not None:
        state = read(path, under, numbers=True).state
    _check_numbers(state, network, path)
    if prefix:
        state = {key.removeprefix(prefix): tensor for key, tensor in state.items()}
    return _cut(state, network) if is_whole else state


def _check_numbers(state: State, network: Network, path: str | None) -> None:
    """Tensors on the device meta have shapes, and nothing that a load could copy."""
    empty = next((key for key, each in state.items() if getattr(each, "is_meta", False)), None)
    if empty is not None:
        message = f"{path or 'the state_dict'} has no numbers: `{empty}` is on the device meta"
        raise ArchError([error("A524", message, network.span)])


def _cut(weights: State, network: Network) -> State:
    """The weights that a network has, with the versions of their formats."""
    keys = (entry.key for entry in entries(network))
    cut = OrderedDict((key, weights[key]) for key in keys if key in weights)
    if isinstance(versions := getattr(weights, "_metadata", None), Mapping):
        vars(cut)["_metadata"] = versions
    return cut
