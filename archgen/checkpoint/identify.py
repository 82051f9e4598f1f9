"""Which of the shipped networks a checkpoint is of. Looks at them all, with their defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate, takewhile

from archgen import resources
from archgen.analysis.weights import state
from archgen.checkpoint.contents import Contents
from archgen.checkpoint.fit import Fit, fit
from archgen.checkpoint.hints import without
from archgen.network import Network
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program

_LONGEST = 4  # names in a prefix


@dataclass(frozen=True, slots=True)
class Match:
    """A shipped network and a checkpoint, a prefix of all its keys taken off.

    fit: says whether the shapes agree.
    """

    name: str
    file: str
    prefix: str
    fit: Fit

    @property
    def fits(self) -> bool:
        """As the checkpoint is."""
        return self.fit.fits and not self.prefix

    @property
    def has_keys(self) -> bool:
        """Whether no key is missing, and none unexpected."""
        return not (self.fit.of("missing") or self.fit.of("unexpected"))


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found among the shipped networks.

    matches: those with the keys of a checkpoint, first those whose shapes agree. nearest: of the
    others the one with the fewest keys that differ, if it has half of them at least.
    """

    matches: list[Match]
    nearest: Match | None


def survey(contents: Contents) -> Survey:
    """Compare a checkpoint with all shipped networks."""
    found = sorted(_compared(contents), key=lambda each: (len(each.fit.differences), each.name))
    matches = [each for each in found if each.has_keys]
    return Survey(matches, next((each for each in found if not each.has_keys), None))


def _compared(contents: Contents) -> Iterator[Match]:
    tried = {prefix: without(contents, prefix) for prefix in ("", *_shared(contents.held))}
    for file, network in _shipped():
        keys = {entry.key for entry in state(network)}
        for prefix, held in tried.items():
            if 2 * len(keys & held.held.keys()) >= max(len(keys), len(held.held)):
                yield Match(network.name, file, prefix, fit(network, held))


def _shared(keys: Collection[str]) -> list[str]:
    """What stands before all keys: `module.`, `module.model.`."""
    levels = zip(*(key.split(".", _LONGEST)[:-1] for key in keys), strict=False)
    same = takewhile(lambda names: len(set(names)) == 1, levels)
    return list(accumulate(f"{names[0]}." for names in same))


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
