"""Two networks compared by meaning.

    networks -> units (`units`) with meanings (`meaning`)
             -> laid side by side (`alignment`, `matching`)
             -> changes (`changes`), told apart by their text (`texts`) -> edits (`edits`)
             -> what becomes of each key (`keys`)

Comments, layout, the order of keyword arguments, defaults written out, the names of blocks and
the files that they stand in are no part of it.
"""

from __future__ import annotations

from archgen.analysis.difference.edits import edits
from archgen.analysis.difference.keys import counts
from archgen.analysis.difference.matching import Matcher
from archgen.analysis.difference.model import (
    Argument,
    Difference,
    Edit,
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


def difference(old: Network, new: Network) -> Difference:
    """Compare two networks. Takes time for their distinct bodies only, not for their repeats."""
    with deep_recursion():
        match = Matcher().match(old.body, new.body)
        found, follows = edits(old, new, match)
    before, after = figures(old), figures(new)
    changes = (Figure(name, getattr(before, name), getattr(after, name)) for name in _FIGURES)
    return Difference(old, new, found, follows, tuple(changes), counts(match), match)
