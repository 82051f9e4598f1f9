"""Whether weights fit a network: which keys are missing, unexpected, or of another shape or kind.

They fit when torch's `load_state_dict(strict=True)` takes them, and no number becomes one of
another kind: torch loads complex numbers and integers into a parameter too, and what it makes of
them is not what they were. Knows no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from archgen import resources
from archgen.analysis.paths import find
from archgen.analysis.weights import Entry, state
from archgen.checkpoint.contents import Contents, Held
from archgen.checkpoint.grouping import Groups, by_layer, layer_of, whole
from archgen.diagnostics import ArchError, error
from archgen.limits import check_buildable
from archgen.network import Network
from archgen.text import Span

Kind = Literal["missing", "unexpected", "reshaped", "retyped"]
KINDS: Final[tuple[Kind, ...]] = ("missing", "unexpected", "reshaped", "retyped")
Sizes = tuple[int, ...]

COUNT = "num_batches_tracked"
_MOST_NOTES = 10
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


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """How weights fit a network."""

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

    def __repr__(self) -> str:
        if self.fits:
            return f"<Fit of {self.network.name}: it fits>"
        counts = ", ".join(f"{len(self.of(kind)):,} {kind}" for kind in KINDS if self.of(kind))
        return f"<Fit of {self.network.name}: {counts}>"

    def __str__(self) -> str:
        from archgen.checkpoint.report import render_text

        return render_text(self, "the checkpoint")

    def of(self, kind: Kind) -> list[Difference]:
        """The differences of one kind, in the order of the network or of the checkpoint."""
        return [each for each in self.differences if each.kind == kind]


def fit(network: Network, contents: Contents) -> Fit:
    """Compare what a checkpoint holds with what a network's `state_dict` has to hold.

    Raises `ArchError` if the network has more modules than a live model may have.
    """
    check_buildable(network, 0, meta=True)
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
    return Fit(network, contents, (*missing, *unexpected, *unlike))


def may_be_missing(entry: Entry, contents: Contents) -> bool:
    """Torch fills in the count of batches in weights that are older than it, or do not say."""
    path, _, name = entry.key.rpartition(".")
    return name == COUNT and contents.versions.get(path, 0) < _COUNTED_SINCE


def _can_be(entry: Entry, held: Held) -> bool:
    """A parameter and the statistics of a norm are floating-point; a count is any number."""
    of_its_kind = held.is_number if entry.key.endswith(COUNT) else held.is_float
    return of_its_kind and _loads(entry.sizes, held.shape)


def _loads(wanted: Sizes, held: Sizes | None) -> bool:
    """Torch takes a vector of one where it wants a number: so it wrote them before 0.4."""
    return held == wanted or (wanted == () and held == (1,))


def check_fits(
    network: Network, contents: Contents, path: str | None, code: Literal["A522", "A524"]
) -> None:
    """Raise `ArchError` unless weights fit.

    path: of their file; None for a `state_dict`.
    code: A522 of the old network's weights, A524 of those that a model is to have.
    """
    found = fit(network, contents)
    if found.fits:
        return
    from archgen.checkpoint.report import rows

    role = ", of which it is to be" if code == "A522" else ""
    refused = error(
        code,
        f"{path or 'the state_dict'} does not fit {network.name}{role}",
        network.span,
        notes=[row.strip() for row in rows(found, _MOST_NOTES)],
        help=f"archgen weights {path} {_spec(network)} says more" if path else None,
    )
    raise ArchError([refused])


def _spec(network: Network) -> str:
    """The network as commands take it: by name, if archgen ships it."""
    path = network.span.source.path
    is_shipped = os.path.dirname(path) == str(resources.root("specs"))
    return network.name if is_shipped else f"{network.spec}:{network.name}"


# --- by layer -----------------------------------------------------------------------------


def _parts(fit: Fit) -> Iterator[Part]:
    found = {kind: {each.key: each for each in fit.of(kind)} for kind in KINDS}
    missing, held = found["missing"], fit.contents.held
    asked = (entry.key for entry in state(fit.network))
    groups: dict[Kind, Groups] = {
        "missing": whole(missing, (key for key in asked if key in missing or key in held)),
        "unexpected": whole(found["unexpected"], held),
        "reshaped": by_layer(found["reshaped"]),
        "retyped": by_layer(found["retyped"]),
    }
    for kind in KINDS:
        for path, keys in groups[kind].items():
            place = None if kind == "unexpected" else place_of(fit.network, path)
            yield Part(kind, path, tuple(found[kind][key] for key in keys), place)


def place_of(network: Network, path: str) -> Span | None:
    """Where the spec has what a path names: a layer, a block, or the layer that holds a weight."""
    node = find(network, path) or find(network, layer_of(path))
    return node.span if node else None
