"""Which of the shipped networks a checkpoint is of. Looks at them all, with their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archgen import resources
from archgen.analysis.weights import state
from archgen.checkpoint.contents import Contents
from archgen.checkpoint.fit import Fit, fit, may_be_missing
from archgen.network import Network
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program


@dataclass(frozen=True, slots=True)
class Match:
    """A shipped network with exactly the checkpoint's keys; `fit` says whether the shapes agree."""

    name: str
    file: str
    fit: Fit


def identify(contents: Contents) -> list[Match]:
    """The shipped networks that have the keys of a checkpoint; first those whose shapes agree."""
    found = []
    for file, network in _shipped():
        if all(
            entry.key in contents.held or may_be_missing(entry, contents)
            for entry in state(network)
        ):
            found.append(Match(network.name, file, fit(network, contents)))
    alike = (each for each in found if not each.fit.of("unexpected"))
    return sorted(alike, key=lambda each: (len(each.fit.differences), each.name))


def _shipped() -> Iterator[tuple[str, Network]]:
    """Every shipped network with the name of its file; what files have in common is read once."""
    loader = Loader()
    for path in sorted(resources.root("specs").glob("*.arch")):
        program = Program.read(path, loader)
        assert program is not None
        for name, definition in program.archs.items():
            if all(parameter.default is not None for parameter in definition.parameters):
                network = program.network(name)
                assert network is not None
                yield path.name, network
