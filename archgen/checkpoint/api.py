"""What archgen does with checkpoints, as functions of Python.

fit = archgen.check_weights(torch.load("model.pt", weights_only=True), "resnet50")
assert fit.fits, fit
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from archgen.api import Network, PathLike, load
from archgen.checkpoint.contents import State, contents
from archgen.checkpoint.fit import Fit, fit
from archgen.checkpoint.hints import without
from archgen.checkpoint.read import read


def check_weights(
    weights: State | PathLike,
    network: Network | PathLike,
    /,
    *,
    under: Sequence[str] = (),
    prefix: str = "",
) -> Fit:
    """Whether a checkpoint fits a network: whether a strict `load_state_dict` would take it.

    weights: a `state_dict`, or a file of safetensors or of `torch.save`; of a file `under` names
    the dictionaries in which its weights lie. prefix: what to take off its keys, as `module.`.
    network: loaded, or a path or name.
    Numbers are not looked at, and torch is needed for files of `torch.save` alone.

    Raises `ArchError` for a bad spec or file, `ValueError` if two keys are one without the prefix.
    """
    if not isinstance(network, Network):
        network = load(network)
    return fit(network, without(contents(_state(weights, under)), prefix))


def _state(weights: State | PathLike, under: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(weights, Mapping):
        return read(os.fspath(weights), under).state
    if under:
        raise TypeError("`under` is for a file: give the inner dictionary")
    return weights
