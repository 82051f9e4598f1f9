"""What stands for a network wherever one is taken: a loaded one, a SPEC, a module of PyTorch.

A module of Python is never imported by name here: that is the command line's alone (`py:`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archgen import arguments, versions
from archgen.arguments import is_module
from archgen.loaded import Network
from archgen.loading import PathLike, backbone

if TYPE_CHECKING:
    from torch import nn

    from archgen.overrides import Features, Inputs

    Operand = Network | PathLike | nn.Module

NO_PARAMETERS: Mapping[str, object] = {}


def taken(
    name: str,
    value: Operand,
    input: Inputs = None,
    features: Features = (),
    parameters: Mapping[str, object] = NO_PARAMETERS,
) -> Network:
    """The network that the parameter `name` of a function stands for.

    input, parameters: what a SPEC is loaded with; a module of PyTorch needs the first and has none
    of the second, a loaded network neither.
    Raises `ArchError`, and `TypeError` for what can be no network.
    """
    if isinstance(value, Network):
        if parameters or input:
            raise TypeError("a network that is loaded has its parameters: give them to `load`")
        return backbone(value, features)
    if is_module(value):
        return backbone(_imported(name, value, input, parameters), features)
    return versions.load(arguments.path(name, value), parameters, input, features, promises=True)


def pair(old: Operand, new: Operand, input: Inputs = None) -> tuple[Network, Network]:
    """The networks of two operands that are compared.

    input: of those that are no networks yet; without it a module of PyTorch is run on the sizes
    that the other one has. Raises `ArchError`, and `TypeError` for what can be no network.
    """
    operands = {"old": old, "new": new}
    found: dict[str, Network] = {}
    for name in sorted(operands, key=lambda name: is_module(operands[name])):
        value = operands[name]
        if isinstance(value, Network):
            found[name] = value
        elif is_module(value):
            other = next(iter(found.values()), None)
            given = input if input is not None or other is None else input_sizes(other)
            found[name] = _imported(name, value, given, NO_PARAMETERS)
        else:
            found[name] = versions.load(arguments.path(name, value), input=input)
    return found["old"], found["new"]


def input_sizes(network: Network) -> list[tuple[int, ...]]:
    """The shapes of a network's inputs, without the batch."""
    body = network.body
    return [body.values[ref].sizes for ref in body.inputs]


def shapes(name: str, input: Inputs) -> list[tuple[int, ...]]:
    """The shapes of the inputs of a module. Raises `TypeError` where there are none."""
    from archgen.importers.api import SIZES, shapes_of

    if input is None:
        raise TypeError(f"{name} is a module of PyTorch: give the shape of its `input` too")
    arguments.check(input=(input, SIZES))
    return shapes_of(input)  # type: ignore[arg-type]


def _imported(
    name: str, model: nn.Module, input: Inputs, parameters: Mapping[str, object]
) -> Network:
    from archgen.importers.api import imported

    if parameters:
        raise TypeError("a module of PyTorch is made already: it takes no parameters")
    return imported(model, shapes(name, input)).network
