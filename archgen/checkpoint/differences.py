"""How a checkpoint differs from a network, key by key and layer by layer, as values.

Weights fit when torch's `load_state_dict(strict=True)` takes them, and no number becomes one of
another kind: torch loads complex numbers and integers into a parameter too, and what it makes of
them is not what they were. Knows no file and no text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from archgen.analysis.paths import find
from archgen.analysis.weights import Entry, state
from archgen.checkpoint.contents import INTEGERS, Contents, Held
from archgen.checkpoint.grouping import Groups, by_layer, layer_of, whole
from archgen.network import Network
from archgen.text import Span

Kind = Literal["missing", "unexpected", "reshaped", "retyped"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "unexpected", "reshaped", "retyped")
Sizes = tuple[int, ...]

COUNT = "num_batches_tracked"
_COUNTED_SINCE = 2  # the version of batch norm's format that has the count


@dataclass(frozen=True, slots=True)
class Difference:
    """One key: what the network wants there, and what the checkpoint holds."""

    key: str
    wanted: Entry | None
    held: Held | None

    @property
    def kind(self) -> Kind:
        if self.held is None:
            return "missing"
        if self.wanted is None:
            return "unexpected"
        return "retyped" if _loads(self.wanted.sizes, self.held.shape) else "reshaped"


@dataclass(frozen=True, slots=True)
class Part:
    """Differences of one kind below one path: a weight, a layer, or a block that is all of them.

    place: in the spec, of what it has there.
    """

    kind: Kind
    path: str
    differences: tuple[Difference, ...]
    place: Span | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a network wants and what a checkpoint holds, key by key."""

    network: Network = field(repr=False)
    contents: Contents = field(repr=False)
    differences: tuple[Difference, ...]

    @property
    def fits(self) -> bool:
        """Whether a strict load succeeds."""
        return not self.differences

    @property
    def parts(self) -> list[Part]:
        """The differences by layer, or by the largest block that is missing or unexpected whole."""
        return list(_parts(self))

    def of(self, kind: Kind) -> list[Difference]:
        """The differences of one kind, in the order of the network or of the checkpoint."""
        return [each for each in self.differences if each.kind == kind]


def differences(network: Network, contents: Contents) -> tuple[Difference, ...]:
    """Every key that differs: missing ones first, then unexpected, then those of another kind."""
    wanted = {entry.key: entry for entry in state(network)}
    held = contents.held
    missing = (
        Difference(key, entry, None)
        for key, entry in wanted.items()
        if key not in held and not may_be_missing(entry, contents)
    )
    unexpected = (Difference(key, None, each) for key, each in held.items() if key not in wanted)
    unlike = (
        Difference(key, entry, held[key])
        for key, entry in wanted.items()
        if key in held and not _can_be(entry, held[key])
    )
    return (*missing, *unexpected, *unlike)


def may_be_missing(entry: Entry, contents: Contents) -> bool:
    """Torch fills in the count of batches in weights that are older than it, or do not say."""
    path, _, name = entry.key.rpartition(".")
    return name == COUNT and contents.versions.get(path, 0) < _COUNTED_SINCE


def _can_be(entry: Entry, held: Held) -> bool:
    """A parameter and the statistics of a norm are floating-point; a count is any number, and an
    index or a mask is what it is."""
    if entry.numbers != "float":
        of_its_kind = held.dtype in (INTEGERS if entry.numbers == "index" else {"bool"})
    else:
        of_its_kind = held.is_number if entry.key.endswith(COUNT) else held.is_float
    return of_its_kind and _loads(entry.sizes, held.shape)


def _loads(wanted: Sizes, held: Sizes | None) -> bool:
    """Torch takes a vector of one where it wants a number: so it wrote them before 0.4."""
    return held == wanted or (wanted == () and held == (1,))


# --- by layer -----------------------------------------------------------------------------


def _parts(found: Comparison) -> Iterator[Part]:
    by_key = {kind: {each.key: each for each in found.of(kind)} for kind in KINDS}
    missing, held = by_key["missing"], found.contents.held
    asked = (entry.key for entry in state(found.network))
    groups: dict[Kind, Groups] = {
        "missing": whole(missing, (key for key in asked if key in missing or key in held)),
        "unexpected": whole(by_key["unexpected"], held),
        "reshaped": by_layer(by_key["reshaped"]),
        "retyped": by_layer(by_key["retyped"]),
    }
    for kind in KINDS:
        for path, keys in groups[kind].items():
            place = None if kind == "unexpected" else place_of(found.network, path)
            yield Part(kind, path, tuple(by_key[kind][key] for key in keys), place)


def place_of(network: Network, path: str) -> Span | None:
    """Where the spec has what a path names: a layer, a block, or the layer that holds a weight."""
    node = find(network, path) or find(network, layer_of(path))
    return node.span if node else None
