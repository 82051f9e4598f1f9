"""Two networks compared by meaning.

    networks -> units (`units`) with meanings (`meaning`)
             -> laid side by side (`alignment`, `matching`)
             -> changes (`changes`), told apart by their text (`texts`) -> edits (`edits`)
             -> what becomes of each key (`keys`)

Comments, layout, the order of keyword arguments, defaults written out, the names of blocks and
the files that they stand in are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archgen.analysis.difference.edits import edits
from archgen.analysis.difference.keys import FATES, counts, pairs
from archgen.analysis.difference.matching import BodyMatch, Matcher
from archgen.analysis.difference.model import (
    Argument,
    Edit,
    Fate,
    Figure,
    KeyCounts,
    KeyPair,
    Place,
)
from archgen.analysis.figures import figures
from archgen.network import Network
from archgen.resolve.recursion import deep_recursion

__all__ = [
    "Argument",
    "Difference",
    "Edit",
    "Figure",
    "KeyCounts",
    "KeyPair",
    "Place",
    "difference",
]

_FIGURES = ("params", "buffers", "macs", "activations", "depth")


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What it takes to make one network of another.

    edits: those of the text, in the order of the new network. follows: what shows elsewhere
    because of them (the layers inside a block that got another argument, names that are numbered
    anew). Both are empty if and only if the networks are the same; which names blocks and files
    have is not part of a network. match: the networks laid side by side, body by body.
    """

    old: Network
    new: Network
    edits: tuple[Edit, ...]
    follows: tuple[Edit, ...]
    figures: tuple[Figure, ...]
    keys: KeyCounts
    match: BodyMatch = field(repr=False)

    @property
    def same(self) -> bool:
        """Whether nothing that the network is or does has changed."""
        return not self.edits

    def state(self, *fates: Fate, changed: bool = False) -> Iterator[KeyPair]:
        """The fate of every entry: the new ones in the order of the new `state_dict`, each with
        the old one that it comes from, then those that are gone. Lazy: there may be 10^9.

        fates: only those that have one of these, without walking through others. changed: short
        for all but "kept".
        """
        return pairs(self.match, fates or FATES[int(changed) :])

    def renames(self) -> Iterator[tuple[str, str]]:
        """Old key and new key of every entry that only has another name."""
        for pair in self.state("renamed"):
            if pair.old and pair.new:
                yield pair.old.key, pair.new.key


def difference(old: Network, new: Network) -> Difference:
    """Compare two networks. Takes time for their distinct bodies only, not for their repeats."""
    with deep_recursion():
        match = Matcher().match(old.body, new.body)
        found, follows = edits(old, new, match)
    before, after = figures(old), figures(new)
    changes = (Figure(name, getattr(before, name), getattr(after, name)) for name in _FIGURES)
    return Difference(old, new, found, follows, tuple(changes), counts(match), match)
