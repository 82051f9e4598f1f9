"""Texts and programs -> networks as users hold them. Knows no file, no revision and no module."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from archgen import arguments
from archgen import network as resolved
from archgen.diagnostics import ArchError, Diagnostic, Fault, Sink
from archgen.loaded import Network
from archgen.resolve.program import Program

if TYPE_CHECKING:
    from archgen.overrides import Arguments, Features, Inputs

PathLike = str | os.PathLike[str]


def loads(
    text: str,
    name: str | None = None,
    *,
    input: Inputs = None,
    features: Features = (),
    **parameters: object,
) -> Network:
    """The same for the text of a spec, whose `use`s start at the current folder."""
    arguments.check(text=(text, arguments.TEXT), name=(name, arguments.TEXT | arguments.NONE))
    program = Program.of(arguments.text(text))
    if program.sink.failed:
        raise ArchError(list(program.sink))
    name = arguments.plain(name)
    return network_in(program, name, parameters, input, features, promises=True)


def network_in(
    program: Program,
    name: str | None,
    parameters: Mapping[str, object],
    input: Inputs = None,
    features: Features = (),
    *,
    promises: bool = False,
) -> Network:
    """The network of that name in a program that was read without a fault. Raises `ArchError`."""
    from archgen import overrides

    given = overrides.values(parameters, program.module.scope)
    inputs = overrides.input_sizes(input)
    sizes = {which: each for which, (each, _) in inputs.items()}
    network = program.network(name, given.values, sizes, given.places)
    if network is None or program.sink.failed:
        faults = overrides.noted(list(program.sink), given, inputs)
        raise ArchError(_with_advice(faults, program, name, given, sizes) if sizes else faults)
    if promises and network.defaults:
        from archgen.analysis.promises import verify

        if broken := verify(network):
            raise ArchError(broken)
    return backbone(Network.of(network), features)


def _with_advice(
    faults: Sequence[Diagnostic],
    program: Program,
    name: str | None,
    given: Arguments,
    asked: Mapping[str | int, tuple[int, ...]],
) -> list[Diagnostic]:
    """Faults of a network at sizes that were asked for: the last says which sizes it takes, if it
    can be made at its own."""
    from archgen.analysis.sizes.advice import advice

    def resolve(sizes: Mapping[str | int, tuple[int, ...]]) -> resolved.Network | None:
        tried = Program(program.module, Sink())
        network = tried.network(name, given.values, sizes)
        return None if tried.sink.failed else network

    text = advice(resolve, asked)
    last = faults[-1]
    return [*faults[:-1], replace(last, notes=(*last.notes, text)) if text else last]


def backbone(network: Network, features: Features) -> Network:
    """The network that returns these values; the same network, if there are none."""
    from archgen.overrides import feature_names
    from archgen.passes.features import features as cut

    names = feature_names(features)
    try:
        return Network.of(cut(network, names)) if names else network
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None
