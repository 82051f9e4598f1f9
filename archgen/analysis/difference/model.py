"""What a `Difference` consists of: edits, figures and keys, as frozen values. Knows no format.

A repeat of 10^9 blocks is a run here: values are as many as the distinct bodies, and what is said
of each repeat (keys, paths) comes from iterators or is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archgen.analysis.weights import Entry
from archgen.text import Span

Kind = Literal["added", "removed", "moved", "renamed", "changed"]
# What an edit is about: a layer or block and its arguments, where its input comes from, how its
# weights start, the network's inputs, outputs, training heads, its own parameters, names
# of its values.
Aspect = Literal["layer", "wiring", "init", "input", "output", "head", "parameter", "value"]

MOST_PATHS = 1000  # that are written out for one edit; `count` is exact


@dataclass(frozen=True, slots=True)
class Place:
    """One side of an edit. path: of the first node, its repeats as a range (`layer3.1-22.conv1`);
    "" for the network itself. span: its text. what: as one would write it, `conv(64, 3)`.
    count: how many nodes the edit concerns on this side, all paths and repeats together.
    """

    path: str
    span: Span
    what: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Argument:
    """A value that changed, as one would write it in a spec; None on the side that has none.

    name: of the argument, or what else it is: "n" (of a stage), "layer" (`relu` became `gelu`),
    "from" (what a node reads), "reuse", "init weight", "name", "axis", "output", "inputs".
    varies: not every place of the edit has this change: at others the values are different ones, or
    stay as they were. paths: then, the places with this change, as those of the edit.
    """

    name: str
    before: str | None
    after: str | None
    varies: bool = False
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of the text, at all places where it shows.

    old: None if added. new: None if removed. arguments: of changed, moved and renamed. paths: of
    the new network (of the old one if removed), at most `MOST_PATHS`, repeats as ranges.
    """

    kind: Kind
    aspect: Aspect
    old: Place | None
    new: Place | None
    arguments: tuple[Argument, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """The new side, or the old one of what is gone."""
        place = self.new or self.old
        assert place is not None
        return place

    @property
    def what(self) -> str:
        return self.place.what

    @property
    def count(self) -> int:
        """At how many nodes it shows."""
        return self.place.count


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of both networks: "params", "macs", "activations", "depth", "buffers"."""

    name: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


Fate = Literal["kept", "renamed", "reshaped", "gone", "new"]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """What becomes of one entry of the `state_dict`.

    kept, renamed: the same layer with the same shape, under the same key or another. reshaped: the
    same layer with another shape. gone, new: without a counterpart; where a layer was replaced by
    one of another kind, a key can be gone and new at once.
    """

    old: Entry | None
    new: Entry | None

    @property
    def fate(self) -> Fate:
        if self.old is None or self.new is None:
            return "new" if self.old is None else "gone"
        if self.old.sizes != self.new.sizes:
            return "reshaped"
        return "kept" if self.old.key == self.new.key else "renamed"


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """How many entries of the `state_dict` have which fate. Exact, however many they are."""

    kept: int = 0
    renamed: int = 0
    reshaped: int = 0
    gone: int = 0
    new: int = 0

    def __add__(self, other: KeyCounts) -> KeyCounts:
        return KeyCounts(
            self.kept + other.kept,
            self.renamed + other.renamed,
            self.reshaped + other.reshaped,
            self.gone + other.gone,
            self.new + other.new,
        )

    def __mul__(self, times: int) -> KeyCounts:
        return KeyCounts(
            self.kept * times,
            self.renamed * times,
            self.reshaped * times,
            self.gone * times,
            self.new * times,
        )

    @property
    def changed(self) -> int:
        return self.renamed + self.reshaped + self.gone + self.new
